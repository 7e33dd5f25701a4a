/** Where a file is mounted by itself, on the real kernel. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { assess } from '../../src/core/detach';
import { openHost } from '../../src/platform/linux/linux';
import type { Host } from '../../src/platform/linux/linux';
import { knownMountsOfPlace, mountsOfPlace } from '../../src/platform/linux/mounts';
import { Place } from '../../src/platform/linux/place';
import { openTarget } from '../../src/platform/linux/target';
import { mountFileSystem } from '../support/filesystems';
import { LineProgram } from '../support/lineProgram';
import { asNobody, mustOpen, openDescriptors, replaceByClone } from '../support/platform';
import { skip } from '../support/skip';

/** In a mount namespace of its own: mounts a file at a place, and reads it there when it is asked to. */
const CONTAINER = 'mount --bind "$1" "$2" && echo READY && while read -r line; do cat "$2"; done';

describe('where a file is mounted by itself', function () {
  this.timeout(60_000);
  let host: Host;
  let folder: string;
  let path: string;
  let at: string;
  let descriptors: string[];
  let container: LineProgram | undefined;

  before(function () {
    if (process.platform !== 'linux') skip(this, 'mounts', 'only Linux');
    try {
      execFileSync('unshare', ['--mount', 'true'], { stdio: 'pipe' });
    } catch {
      skip(this, 'mounts', 'needs root for a mount namespace');
    }
    host = openHost();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-mounts-'));
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, 'in side'));
    path = join(folder, 'app.conf');
    at = join(folder, 'in side', 'app conf');
    for (const file of [path, at]) writeFileSync(file, file === path ? 'old\n' : 'not mounted\n');
    descriptors = openDescriptors();
  });
  afterEach(async () => {
    await container?.end();
    container = undefined;
    assert.deepEqual(openDescriptors(), descriptors, 'descriptors leaked');
    rmSync(folder, { recursive: true });
  });

  async function contain(source: string): Promise<LineProgram> {
    const inside = ['--mount', '--propagation', 'private', 'sh', '-c', CONTAINER, 'sh', source, at];
    return (container = await LineProgram.start('unshare', ...inside));
  }

  /** Another one remembers nothing of what was mounted some milliseconds ago. */
  const afresh = (): Host => ({ ...host });

  function mounts(of: string, as = afresh()): readonly string[] {
    const target = mustOpen(as, of);
    try {
      return target.mounts();
    } finally {
      target.close();
    }
  }

  function givenUp(of: string): unknown {
    return assess({ open: (opened) => openTarget(afresh(), opened) }, of).givesUp;
  }

  it('nowhere', () => {
    assert.deepEqual(mounts(path), []);
    assert.equal(givenUp(path), undefined);
  });

  it('is not known of a look for which there was no time, and is looked for again by whoever must know', () => {
    const place = Place.open(Buffer.from(path));
    try {
      const as = afresh();
      assert.equal(knownMountsOfPlace(as, place, 0), undefined);
      assert.deepEqual(mountsOfPlace(as, place), [], 'what is known in part does for who only tells it');
      assert.deepEqual(knownMountsOfPlace(as, place), []);
      assert.deepEqual(knownMountsOfPlace(as, place, 0), [], 'it is remembered');
    } finally {
      place.release();
    }
  });

  it('in another mount namespace, which keeps the old version, and is then not told of any more', async () => {
    const inside = await contain(path);
    symlinkSync(path, join(folder, 'link'));
    assert.equal(readFileSync(at, 'utf8'), 'not mounted\n', 'not in this one');
    assert.deepEqual(mounts(path), [at]);
    assert.deepEqual(mounts(join(folder, 'link')), [at]);
    assert.deepEqual(mounts(at), [], 'it is not mounted itself');
    assert.deepEqual(givenUp(path), [{ what: 'mounts', at: [at] }]);
    assert.equal((await replaceByClone(host, path)).published, 'published');
    writeFileSync(path, 'new\n');
    assert.equal(await inside.ask(), 'old');
    assert.deepEqual(mounts(path), [], 'another file by now');
    assert.equal(givenUp(path), undefined);
  });

  it('in a namespace of root’s, for an ordinary user', async function () {
    if (process.getuid?.() !== 0) skip(this, 'mounts', 'needs root to become somebody else');
    await contain(path);
    assert.deepEqual(await asNobody(() => mounts(path, openHost())), [at]);
  });

  it('in our own namespace', () => {
    execFileSync('mount', ['--bind', path, at]);
    try {
      execFileSync('mount', ['--make-private', at]);
      assert.deepEqual(mounts(path), [at]);
      assert.equal(assess({ open: (opened) => openTarget(host, opened) }, at).reason, 'mountPoint');
    } finally {
      execFileSync('umount', [at]);
    }
    assert.deepEqual(mounts(path), []);
  });

  for (const name of ['btrfs', 'overlay'] as const) {
    it(`on ${name}${name === 'btrfs' ? ', of two subvolumes with the same path in them' : ''}`, async function () {
      const mounted = mountFileSystem(name);
      if (typeof mounted === 'string') skip(this, `mounts.${name}`, mounted);
      try {
        const [here, there] = ['one', 'two'].map((part) => {
          const inner = join(mounted.directory, part);
          if (name === 'btrfs') execFileSync('btrfs', ['subvolume', 'create', inner], { stdio: 'pipe' });
          else mkdirSync(inner);
          writeFileSync(join(inner, 'app.conf'), `${part}\n`);
          return join(inner, 'app.conf');
        }) as [string, string];
        await contain(here);
        assert.deepEqual(mounts(here), [at]);
        assert.deepEqual(mounts(there), []);
        await container?.end();
        container = undefined;
        assert.deepEqual(mounts(here), []);
      } finally {
        await container?.end();
        container = undefined;
        mounted.release();
      }
    });
  }
});
