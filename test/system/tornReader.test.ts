/** The programs that count torn reads, against saves whose outcome is known. */
import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { plainVersion, scriptVersion, wholeText } from '../support/scenarios/versions';
import { TornReader, type Load } from '../support/tornReader';

const saves = 40;
const rounds: readonly (readonly [string, number, Load])[] = [
  ['one reader, 4 KB', 4_096, { kind: 'read', readers: 1 }],
  ['one reader, 2 MB', 2_000_000, { kind: 'read', readers: 1 }],
  ['four readers', 200_000, { kind: 'read', readers: 4 }],
  ['two that map it and keep it', 200_000, { kind: 'map', readers: 2, keepMs: 10 }],
  ['a bash script every 5 ms', 25_000, { kind: 'bash', everyMs: 5 }],
];

describe('counting torn reads', function () {
  this.timeout(60_000);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-torn-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  for (const [name, bytes, load] of rounds) {
    it(`${name}: none are seen if a file is renamed into place, many if it is written in place`, async () => {
      const path = join(folder, 'file');
      const text = (version: number): string =>
        wholeText(load.kind === 'bash' ? scriptVersion(version, bytes) : plainVersion(version, bytes));
      writeFileSync(path, text(1));
      const reader = await TornReader.start(load, path);
      try {
        let seen = 0;
        for (let save = 1; save <= saves; save++) {
          await reader.begin('stock');
          const whole = text(2 * save);
          // As editors do: truncate, and write in pieces.
          writeFileSync(path, whole.slice(0, bytes / 2));
          writeFileSync(path, whole.slice(bytes / 2), { flag: 'a' });
          seen = await reader.end();
          await reader.begin('guarded');
          writeFileSync(`${path}~`, text(2 * save + 1));
          renameSync(`${path}~`, path);
          await reader.end();
        }
        const { stock, guarded } = await reader.stop();
        for (const looks of [guarded.during, guarded.after, stock.after]) {
          const { all, ...bad } = looks;
          assert.deepEqual(bad, { empty: 0, torn: 0, failed: 0, backwards: 0, example: '' }, `of ${String(all)}`);
        }
        assert.ok(guarded.during.all > 0);
        assert.ok(seen > 0, JSON.stringify(stock));
        // A look that began in that save may have ended after it was asked.
        assert.ok(stock.during.empty + stock.during.torn >= seen, JSON.stringify(stock));
      } finally {
        await reader.dispose();
      }
    });
  }

  it('a file that is missing and one that is older than before are counted', async () => {
    const path = join(folder, 'file');
    writeFileSync(path, wholeText(plainVersion(2, 4_096)));
    const reader = await TornReader.start({ kind: 'read', readers: 1 }, path);
    try {
      // Resolves when the reader has had the file.
      await reader.begin('stock');
      await reader.end();
      // Each time `begin` resolves when there was a look.
      rmSync(path);
      await reader.begin('guarded');
      await reader.end();
      writeFileSync(`${path}~`, wholeText(plainVersion(1, 4_096)));
      renameSync(`${path}~`, path);
      await reader.begin('guarded');
      await reader.end();
      const { guarded } = await reader.stop();
      // What was begun in one turn may end after it.
      const { during, after } = guarded;
      assert.ok(during.failed + after.failed > 0, JSON.stringify(guarded));
      assert.ok(during.backwards + after.backwards > 0, JSON.stringify(guarded));
    } finally {
      await reader.dispose();
    }
  });
});
