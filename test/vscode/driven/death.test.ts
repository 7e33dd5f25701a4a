/** The real extension host and the real server, killed in the middle of a save. `npm run prove -- death` has each step of it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { randomFrom } from '../../support/random';
import { dieReally, RealDeathBench, realDeathLine } from '../../support/realDeath';

/** Of each victim, of a file that is held and of one that is not. */
const deaths = 2;

describe('a real save in the middle of which', function () {
  this.timeout(300_000);
  let folder: string;
  let bench: RealDeathBench;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-death-'));
    bench = await RealDeathBench.start(folder);
  });
  after(async () => {
    await bench.stop();
    rmSync(folder, { recursive: true });
  });

  for (const victim of ['extension host', 'server'] as const) {
    for (const held of [false, true]) {
      it(`the ${victim} is killed: the old or the new version, complete, and nothing is left (${held ? 'held' : 'free'})`, async () => {
        const seed = Math.floor(Math.random() * 2 ** 31);
        const random = randomFrom(seed);
        // One of each part of equal length, and none of the last, in which it may have passed.
        const spread = (steps: number): readonly number[] =>
          Array.from({ length: deaths }, (_, part) => 1 + Math.floor(((part + random()) * steps * 0.9) / deaths));
        const found = await dieReally(bench, victim, held, spread);
        console.log(`      seed ${String(seed)}, ${realDeathLine(found)}`);
        assert.deepEqual(found.failures, []);
        assert.ok(found.killed > 0, 'it dies');
      });
    }
  }
});
