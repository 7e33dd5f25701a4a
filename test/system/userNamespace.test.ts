/** Saves by processes in a user namespace, where whoever started it is root, and has no power over what others own outside. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { compiled } from '../support/compiled';
import { projectFolder } from '../support/editor/installations';
import { LineProgram } from '../support/lineProgram';
import { skip } from '../support/skip';

/** Not mapped to anybody inside. */
const stranger = 1234;
const inside = ['--user', '--map-root-user'] as const;

describe('in a user namespace', function () {
  this.timeout(60_000);
  let folder: string;
  let saver: LineProgram;

  before(function () {
    if (process.platform !== 'linux') skip(this, 'userNamespace', 'only Linux');
    try {
      execFileSync('unshare', [...inside, 'true'], { stdio: 'pipe' });
    } catch {
      skip(this, 'userNamespace', 'no user namespace is to be had');
    }
  });
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-user-'));
    const storage = join(folder, 'storage');
    mkdirSync(storage);
    const entry = join(projectFolder(), 'out', 'test', 'support', 'saver.entry.cjs');
    const words = [process.execPath, entry, storage, await compiled('stand-in-editor')];
    saver = await LineProgram.start('unshare', ...inside, ...words);
  });
  afterEach(async () => {
    await saver.end();
    rmSync(folder, { recursive: true });
  });

  function file(owner: number): string {
    const path = join(folder, 'run.sh');
    writeFileSync(path, 'old\n');
    chmodSync(path, 0o666);
    chownSync(path, owner, owner);
    return path;
  }

  it('a file of one’s own is gated, and whoever has it keeps the old version', async () => {
    const path = file(process.getuid?.() ?? 0);
    const fd = openSync(path, 'r');
    try {
      assert.equal(await saver.ask(path), 'SAVED gated gated');
      assert.equal(readFileSync(path, 'utf8'), 'new!');
      const bytes = Buffer.alloc(10);
      assert.equal(bytes.toString('utf8', 0, readSync(fd, bytes)), 'old\n');
    } finally {
      closeSync(fd);
    }
  });

  it('a file of somebody who is nobody there keeps its owner, and is told', async function () {
    if (process.getuid?.() !== 0) skip(this, 'userNamespace.owner', 'needs root to make such a file');
    const path = file(stranger);
    const { ino } = statSync(path);
    assert.equal(await saver.ask(path), 'SAVED direct foreignOwner');
    assert.equal(readFileSync(path, 'utf8'), 'new!');
    const now = statSync(path);
    assert.deepEqual([now.ino, now.uid, now.gid], [ino, stranger, stranger]);
  });
});
