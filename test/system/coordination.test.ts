import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { SystemError } from '../../src/core/errors';
import type { HandedPlace } from '../../src/core/gate/ports';
import { bindGateCalls } from '../../src/platform/linux/gate/calls';
import { coordinationFolder, PathLocks } from '../../src/platform/linux/gate/coordination';
import { openLibrary } from '../../src/platform/linux/libc';

describe('the windows of one user', () => {
  const calls = bindGateCalls(openLibrary());
  const uid = process.getuid?.() ?? -1;
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'holdfast-coordination-'));
  });
  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  function place(name: string, inode = 7n): HandedPlace {
    return {
      directory: -1,
      directoryIdentity: { device: 1n, inode },
      name: Buffer.from(name),
      path: `/${name}`,
      record: 0,
    };
  }

  it('save a path one at a time, and different paths side by side', () => {
    const folder = join(root, 'holdfast');
    const [one, other] = [new PathLocks(calls, folder, uid), new PathLocks(calls, folder, uid)];
    const release = one.take(place('a'));
    assert.ok(release);
    assert.equal(other.take(place('a')), undefined);
    assert.ok(other.take(place('b')));
    assert.ok(other.take(place('a', 8n)), 'the same name in another directory');
    release();
    assert.ok(other.take(place('a')));
    one.close();
    other.close();
  });

  it('give everything up when they end', () => {
    const folder = join(root, 'holdfast');
    const [one, other] = [new PathLocks(calls, folder, uid), new PathLocks(calls, folder, uid)];
    assert.ok(one.take(place('a')));
    one.close();
    assert.ok(other.take(place('a')));
    other.close();
  });

  it('meet where nobody else can look in, whatever the environment says', () => {
    const runtime = join(root, 'run');
    mkdirSync(runtime, { mode: 0o700 });
    assert.equal(coordinationFolder(uid, root, runtime), join(runtime, 'holdfast'));
    chmodSync(runtime, 0o755);
    assert.equal(coordinationFolder(uid, root, runtime), join(root, `holdfast-${String(uid)}`));
    assert.equal(coordinationFolder(uid, root, join(root, 'missing')), join(root, `holdfast-${String(uid)}`));
    const folder = join(root, 'new');
    new PathLocks(calls, folder, uid).close();
    assert.equal(statSync(folder).mode & 0o777, 0o700);
  });

  it('do not trust a folder that others may write to', () => {
    const folder = join(root, 'open');
    mkdirSync(folder);
    chmodSync(folder, 0o777);
    assert.throws(
      () => new PathLocks(calls, folder, uid),
      (thrown) => SystemError.is(thrown, 'EPERM'),
    );
  });
});
