import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import type { ErrorFacts } from '../../src/core/errors';
import { keptDays } from '../../src/core/limits';
import { KeptVersions } from '../../src/platform/kept';

const day = 86_400_000;

describe('kept versions', () => {
  let root: string;
  let folder: string;
  let path: string;
  let kept: KeptVersions;
  const problems: ErrorFacts[] = [];
  const problem = (error: ErrorFacts): unknown => problems.push(error);
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'holdfast-kept-'));
    folder = join(root, 'kept');
    path = join(root, 'run.sh');
    writeFileSync(path, 'theirs\n');
    chmodSync(path, 0o755);
    kept = new KeptVersions(folder);
    problems.length = 0;
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  async function keep(when: number): Promise<string> {
    const descriptor = openSync(path, 'r');
    try {
      return await kept.keep(descriptor, path, 'otherProgram', when);
    } finally {
      closeSync(descriptor);
    }
  }

  it('are listed with what they are, the newest first, and readable by nobody else', async () => {
    assert.deepEqual(await kept.list(problem), []);
    const [first, second] = [await keep(1000), await keep(2000)];
    const common = { path, why: 'otherProgram', mode: 0o755, told: false, size: 7 };
    assert.deepEqual(await kept.list(problem), [
      { ...common, file: second, when: 2000 },
      { ...common, file: first, when: 1000 },
    ]);
    for (const name of readdirSync(folder)) assert.equal(statSync(join(folder, name)).mode & 0o077, 0, name);
    assert.deepEqual([readFileSync(first, 'utf8'), problems], ['theirs\n', []]);
  });

  it('are none of what was written since it was looked at: nothing is left of them', async () => {
    const { size, mtimeNs } = statSync(path, { bigint: true });
    const seen = { size, mtime: mtimeNs };
    const descriptor = openSync(path, 'r');
    try {
      assert.equal(readFileSync(await kept.keep(descriptor, path, 'otherProgram', 0, seen), 'utf8'), 'theirs\n');
      writeFileSync(path, 'half');
      await assert.rejects(kept.keep(descriptor, path, 'otherProgram', 0, seen), { code: 'ESTALE' });
    } finally {
      closeSync(descriptor);
    }
    assert.equal(readdirSync(folder).length, 2);
  });

  it('go when the user knows of them and they are too old, with their records', async () => {
    const [told, untold, recent] = [await keep(0), await keep(0), await keep((keptDays + 2) * day)];
    await kept.tell([told, recent, join(folder, 'gone')]);
    const gone = await kept.prune((keptDays + 3) * day, problem);
    assert.deepEqual([gone.map(({ file }) => file), problems], [[told], []]);
    const files = (await kept.list(problem)).map(({ file }) => file);
    assert.deepEqual([files, readdirSync(folder).length], [[recent, untold], 4]);
  });

  it('are put back where there is nothing, as they were, and never over something', async () => {
    const file = await keep(0);
    await assert.rejects(kept.putBack(file), { code: 'EEXIST' });
    assert.equal(readFileSync(path, 'utf8'), 'theirs\n');
    rmSync(path);
    await kept.putBack(file);
    assert.deepEqual([readFileSync(path, 'utf8'), statSync(path).mode & 0o777], ['theirs\n', 0o755]);
  });

  it('are removed one by one, and nothing outside their folder is', async () => {
    const file = await keep(0);
    await assert.rejects(kept.remove(path), { code: 'ENOENT' });
    await kept.remove(file);
    assert.deepEqual([await kept.list(problem), readdirSync(folder), readdirSync(root).length], [[], [], 2]);
  });

  it('of a process that died while it copied are not listed, and go after a day', async () => {
    const file = await keep(0);
    for (const name of ['0002-half', '.0003-gone.json', `.${basename(file)}.json.new`])
      writeFileSync(join(folder, name), '');
    assert.equal((await kept.list(problem)).length, 1);
    await kept.prune(Date.now(), problem);
    assert.equal(readdirSync(folder).length, 5);
    for (const name of readdirSync(folder)) utimesSync(join(folder, name), 1, 1);
    await kept.prune(Date.now(), problem);
    assert.deepEqual([readdirSync(folder).length, problems], [2, []]);
  });

  it('of another format are told of, and left', async () => {
    const file = await keep(0);
    appendFileSync(join(folder, `.${basename(file)}.json`), 'x');
    assert.deepEqual(await kept.list(problem), []);
    assert.deepEqual(
      problems.map(({ errno }) => errno),
      ['EINVAL'],
    );
    await kept.prune(1000 * day, problem);
    assert.equal(readdirSync(folder).length, 2);
  });
});
