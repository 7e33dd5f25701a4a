import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemError } from '../../src/core/errors';
import type { Loss } from '../../src/core/ports';
import { FS_FLAGS, FS_XFLAG_EXTSIZE } from '../../src/platform/linux/layouts';
import { openHost } from '../../src/platform/linux/linux';
import type { Host } from '../../src/platform/linux/linux';
import { FILE_SYSTEMS, mountFileSystem } from '../support/filesystems';
import type { FileSystem } from '../support/filesystems';
import { asNobody, mustOpen, openDescriptors, replaceByClone, visible } from '../support/platform';
import { skip } from '../support/skip';

const never = new AbortController().signal;
const isRoot = process.getuid?.() === 0;

function withDescriptor<T>(path: string, action: (fd: number) => T): T {
  const fd = openSync(path, 'r');
  try {
    return action(fd);
  } finally {
    closeSync(fd);
  }
}

function attributesOf(host: Host, path: string): Record<string, string> {
  return withDescriptor(path, (fd) =>
    Object.fromEntries(
      host.libc
        .listAttributes(fd, path)
        .sort()
        .map((name) => [name, host.libc.getAttribute(fd, name, path)?.toString('hex') ?? '']),
    ),
  );
}

function flagsOf(host: Host, path: string): number | undefined {
  return withDescriptor(path, (fd) => host.libc.getFlags(fd, path));
}

for (const name of FILE_SYSTEMS)
  for (const where of ['apart', 'beside'] as const) {
    describe(`a clone made ${where} on ${name}`, function () {
      this.timeout(60_000);
      let system: FileSystem;
      let host: Host;
      let directory: string;
      let counter = 0;

      before(function () {
        if (process.platform !== 'linux') {
          skip(this, `clone.${name}`, 'only Linux');
        }
        const mounted = mountFileSystem(name);
        if (typeof mounted === 'string') {
          skip(this, `clone.${name}`, mounted);
        }
        system = mounted;
        host = openHost(where === 'apart' ? join(system.directory, 'workshop') : undefined);
      });
      after(() => {
        const made = (host as Host | undefined)?.workshop;
        if (made) closeSync(made.directory);
        // Fails with EBUSY if a descriptor is still open.
        (system as FileSystem | undefined)?.release();
      });
      let descriptors: string[];
      beforeEach(() => {
        directory = join(system.directory, String(counter++));
        mkdirSync(directory);
        descriptors = openDescriptors();
      });
      afterEach(() => {
        assert.deepEqual(openDescriptors(), descriptors, 'descriptors leaked');
        assert.deepEqual(
          readdirSync(directory).filter((entry) => entry.startsWith('.holdfast')),
          [],
          'names left over',
        );
        rmSync(directory, { recursive: true });
      });

      function file(content: string | Buffer = 'content\n', base = 'target'): string {
        const path = join(directory, base);
        writeFileSync(path, content);
        return path;
      }

      async function assertFaithful(path: string, losses: readonly Loss[] = []): Promise<void> {
        const bytes = readFileSync(path);
        const before = visible(path);
        const inode = statSync(path).ino;
        const attributes = attributesOf(host, path);
        const flags = flagsOf(host, path);
        const holder = openSync(path, 'r');
        try {
          const result = await replaceByClone(host, path);
          assert.deepEqual(result, { published: 'published', losses });
          assert.notEqual(statSync(path).ino, inode);
          assert.deepEqual(visible(path), { ...before, atimeNs: visible(path)['atimeNs'] });
          assert.deepEqual(attributesOf(host, path), attributes);
          assert.equal(flagsOf(host, path), flags);
          assert.ok(readFileSync(path).equals(bytes));
          writeFileSync(path, 'in place');
          assert.equal(statSync(path, { bigint: true }).ino === BigInt(inode), false);
          const held = Buffer.alloc(bytes.length);
          for (let at = 0; at < held.length;) {
            at += readInto(holder, held, at);
          }
          assert.ok(held.equals(bytes), 'the holder sees other bytes');
        } finally {
          closeSync(holder);
        }
      }

      for (const [label, size] of [
        ['nothing', 0],
        ['one byte', 1],
        ['4 KB', 4096],
        ['200 KB', 200_001],
        ['2 MB', 2_000_003],
        ['50 MB', 50_000_017],
      ] as const) {
        it(`has the bytes: ${label}`, async () => {
          await assertFaithful(file(randomBytes(size)));
        });
      }

      it('has the bytes and the holes', async () => {
        const path = join(directory, 'sparse');
        const fd = openSync(path, 'w');
        ftruncateSync(fd, 40_000_000);
        writeSync(fd, randomBytes(70_000), 0, 70_000, 9_000_000);
        writeSync(fd, Buffer.from('x'), 0, 1, 39_999_000);
        closeSync(fd);
        const { blocks } = statSync(path);
        const bytes = readFileSync(path);
        const result = await replaceByClone(host, path);
        assert.equal(result.published, 'published');
        assert.ok(readFileSync(path).equals(bytes));
        // Through FUSE bindfs does not tell where the holes are.
        assert.ok(
          name === 'bindfs' || statSync(path).blocks <= blocks + 64,
          `${statSync(path).blocks} blocks, was ${blocks}`,
        );
        truncateSync(path, 0);
        truncateSync(path, 3_000_000);
        assert.equal((await replaceByClone(host, path)).published, 'published');
        assert.ok(readFileSync(path).equals(Buffer.alloc(3_000_000)));
      });

      it('has times in nanoseconds, before 1970, too', async () => {
        const path = file();
        for (const [atime, mtime] of [
          [1_600_000_000_123_456_789n, 1_500_000_000_999_999_999n],
          [1n, 2n],
          ...(name === 'bindfs'
            ? []
            : ([
                [-1n, -1_000_000_001n],
                [-86_400_000_000_123n, -5n],
              ] as const)),
        ] as const) {
          withDescriptor(path, (fd) => {
            host.libc.setTimes(fd, atime, mtime, path);
          });
          const wanted = withDescriptor(path, (fd) => host.libc.statDescriptor(fd, path));
          const result = await replaceByClone(host, path);
          assert.deepEqual(result, { published: 'published', losses: [] });
          const found = withDescriptor(path, (fd) => host.libc.statDescriptor(fd, path));
          assert.deepEqual([found.atime, found.mtime], [wanted.atime, wanted.mtime]);
          assert.notEqual(found.inode, wanted.inode);
        }
      });

      it('has the mode, with setuid, setgid and sticky', async () => {
        for (const mode of [0o644, 0o600, 0o755, 0o4755, 0o2755, 0o7777, 0o444, 0o1640]) {
          const path = file();
          chmodSync(path, mode);
          const before = visible(path);
          assert.deepEqual(await replaceByClone(host, path), { published: 'published', losses: [] });
          assert.deepEqual(visible(path), { ...before, atimeNs: visible(path)['atimeNs'] });
          assert.equal(statSync(path).mode & 0o7777, mode);
          rmSync(path);
        }
      });

      it('has the owner and the group, with setuid', async function () {
        if (!isRoot) {
          skip(this, `clone.${name}.owner`, 'needs root');
        }
        const path = file();
        chownSync(path, 1234, 4321);
        chmodSync(path, 0o6755);
        await assertFaithful(path);
      });

      it('has the ACL, and not the default ACL of the directory', async function () {
        const path = file();
        try {
          execFileSync('setfacl', ['-m', 'u:1234:rw,g:77:r,m::rw', path], { stdio: 'pipe' });
        } catch {
          skip(this, `clone.${name}.acl`, 'no ACLs on this file system, or no setfacl');
        }
        const plain = file('plain', 'plain');
        execFileSync('setfacl', ['-d', '-m', 'u:99:rwx', directory]);
        await assertFaithful(path);
        await assertFaithful(plain);
        assert.deepEqual(attributesOf(host, plain), {});
      });

      it('has the extended attributes: empty, binary, big and many', async function () {
        const path = file();
        const set = (attribute: string, value: Buffer): void => {
          withDescriptor(path, (fd) => {
            host.libc.setAttribute(fd, attribute, value, path);
          });
        };
        try {
          set('user.empty', Buffer.alloc(0));
        } catch (thrown) {
          assert.ok(SystemError.is(thrown, 'EOPNOTSUPP'));
          skip(this, `clone.${name}.xattr`, 'no user attributes on this file system');
        }
        set('user.binary', Buffer.from([0, 255, 0, 10]));
        set('user.näme\u{1F600}', Buffer.from('x'));
        for (let index = 0; index < 20; index++) {
          set(`user.many${index}`, randomBytes(16));
        }
        set('user.big', randomBytes(name === 'xfs' ? 60_000 : name === 'btrfs' ? 12_000 : 2000));
        assert.equal(attributesOf(host, path)['user.empty'], '');
        await assertFaithful(path);
      });

      it('has the file capabilities', async function () {
        const path = file();
        try {
          execFileSync('setcap', ['cap_net_raw+ep', path], { stdio: 'pipe' });
        } catch {
          skip(this, `clone.${name}.capability`, 'no file capabilities on this file system, or no setcap, or not root');
        }
        chownSync(path, 1234, 1234);
        execFileSync('setcap', ['cap_net_raw+ep', path]);
        const wanted = attributesOf(host, path);
        assert.ok('security.capability' in wanted);
        assert.deepEqual(await replaceByClone(host, path), { published: 'published', losses: [] });
        assert.deepEqual(attributesOf(host, path), wanted);
      });

      if (name !== 'bindfs')
        it('has the inode flags', async function () {
          const set: string[] = [];
          for (const [letter, flag] of Object.entries(FS_FLAGS)) {
            const path = file('', `flag-${letter}`);
            try {
              withDescriptor(path, (fd) => {
                host.libc.setFlags(fd, (host.libc.getFlags(fd, path) ?? 0) | flag, path);
              });
            } catch {
              continue;
            }
            writeFileSync(path, randomBytes(letter === 'C' ? 3_000_000 : 10_000));
            if (((flagsOf(host, path) ?? 0) & flag) === 0) {
              continue;
            }
            set.push(letter);
            await assertFaithful(path);
          }
          if (set.length === 0) {
            skip(this, `clone.${name}.flags`, 'no flags on this file system');
          }
          const expected: Partial<Record<typeof name, readonly string[]>> = {
            ext4: ['S', 'd', 'A'],
            xfs: ['S', 'd', 'A'],
            btrfs: ['c', 'S', 'd', 'A', 'm', 'C'],
            tmpfs: ['d', 'A'],
          };
          for (const letter of expected[name] ?? []) {
            assert.ok(set.includes(letter), `+${letter} could not be set`);
          }
        });

      if (name === 'ext4' || name === 'xfs')
        it('has the quota project', async function () {
          const path = file();
          const project = (): number | undefined =>
            withDescriptor(path, (fd) => host.libc.getExtended(fd, path))?.projid;
          try {
            execFileSync('chattr', ['-p', '42', path], { stdio: 'pipe' });
          } catch {
            skip(this, `clone.${name}.project`, 'this kernel has no quota projects for it, or not root');
          }
          assert.equal(project(), 42);
          await assertFaithful(path);
          assert.equal(project(), 42);
          execFileSync('chattr', ['-p', '7', '+P', directory]);
          const target = mustOpen(host, path);
          const staged = await target.stage(new AbortController().signal);
          assert.deepEqual(
            staged.losses.map((loss) => [loss.what, loss.error?.errno]),
            [['project', 'EXDEV']],
          );
          staged.close();
          target.close();
        });

      if (name === 'xfs')
        it('has the extent size hint', async () => {
          const path = file('');
          withDescriptor(path, (fd) => {
            host.libc.setExtended(fd, { xflags: FS_XFLAG_EXTSIZE, extsize: 65536, projid: 0, cowextsize: 0 }, path);
          });
          writeFileSync(path, randomBytes(100_000));
          await assertFaithful(path);
          assert.equal(withDescriptor(path, (fd) => host.libc.getExtended(fd, path))?.extsize, 65536);
        });

      it('works for the longest and the strangest names', async () => {
        for (const base of [
          'n'.repeat(255),
          'line\nbreak',
          ' ',
          '-rf',
          '\u00e4\u{1F600}',
          '\u202e\u007f',
          'back\\slash',
          '~',
        ]) {
          const path = file('x', base);
          assert.deepEqual(await replaceByClone(host, path), { published: 'published', losses: [] }, base);
          assert.equal(readFileSync(path, 'utf8'), 'x');
        }
        const odd = Buffer.concat([Buffer.from(`${directory}/`), Buffer.from([0x66, 0xff, 0xfe])]);
        writeFileSync(odd, 'bytes');
        const link = join(directory, 'link');
        execFileSync('bash', ['-c', 'ln -s "$(printf "f\\xff\\xfe")" "$1"', 'bash', link]);
        const inode = statSync(odd).ino;
        assert.equal((await replaceByClone(host, link)).published, 'published');
        assert.notEqual(statSync(odd).ino, inode);
      });

      it('leaves nothing when it is not published', async () => {
        const path = file();
        chmodSync(path, 0o4711);
        const target = mustOpen(host, path);
        try {
          const staged = await target.stage(never);
          assert.deepEqual(staged.losses, []);
          await staged.sync();
          staged.close();
          staged.close();
        } finally {
          target.close();
          target.close();
        }
        assert.deepEqual(readdirSync(directory), ['target']);
      });

      it('is given up when it is aborted, and when the target changes', async () => {
        const path = file(randomBytes(30_000_000));
        const target = mustOpen(host, path);
        try {
          const abort = new AbortController();
          const staging = target.stage(abort.signal);
          abort.abort();
          await assert.rejects(staging, (thrown: unknown) => SystemError.is(thrown, 'ECANCELED'));
          const again = target.stage(never);
          rewrite(path, 'other');
          await assert.rejects(again, (thrown: unknown) => SystemError.is(thrown, 'ESTALE'));
        } finally {
          target.close();
        }
      });

      // FUSE lets nobody but the mounting user in.
      if (name !== 'bindfs')
        it('says what an ordinary user cannot keep', async function () {
          if (!isRoot) {
            skip(this, `clone.${name}.nobody`, 'needs root to become somebody else');
          }
          chmodSync(directory, 0o777);
          const path = file();
          chmodSync(path, 0o4644);
          chownSync(path, 1234, 4321);
          chmodSync(path, 0o6644);
          await asNobody(async () => {
            const ordinary = openHost();
            const target = mustOpen(ordinary, path);
            try {
              assert.deepEqual([target.facts.ownerKeepable, target.facts.groupKeepable], [false, false]);
              const staged = await target.stage(never);
              try {
                const losses = staged.losses.map((loss) => `${loss.what} ${loss.name} ${loss.error?.errno ?? ''}`);
                assert.deepEqual(losses, ['owner uid EPERM', 'group gid EPERM']);
              } finally {
                staged.close();
              }
            } finally {
              target.close();
            }
          });
          // A group of ours is kept.
          await asNobody(async () => {
            const target = mustOpen(openHost(), path);
            const staged = await target.stage(never);
            assert.equal(target.facts.groupKeepable, true);
            assert.deepEqual(
              staged.losses.map((loss) => loss.name),
              ['uid'],
            );
            staged.close();
            target.close();
          }, [65534, 4321]);
        });

      if (name === 'overlay') {
        it('replaces a file of the lower layer, on another file system', async () => {
          const lower = join(system.lower ?? '', 'from-below');
          writeFileSync(lower, 'below');
          const path = join(system.directory, 'from-below');
          // Written behind overlayfs's back while it is mounted: looked up anew as the name was not known before.
          assert.ok(existsSync(path));
          const holder = openSync(path, 'r');
          try {
            assert.deepEqual(await replaceByClone(host, path), { published: 'published', losses: [] });
            writeFileSync(path, 'above');
            const held = Buffer.alloc(5);
            readInto(holder, held, 0);
            assert.equal(held.toString(), 'below');
            assert.equal(readFileSync(lower, 'utf8'), 'below');
          } finally {
            closeSync(holder);
          }
        });
      }
    });
  }

function readInto(fd: number, buffer: Buffer, at: number): number {
  const count = readSync(fd, buffer, at, buffer.length - at, at);
  assert.ok(count > 0);
  return count;
}

/** Same size, other bytes: an in-place write that only the times tell of. */
function rewrite(path: string, text: string): void {
  const fd = openSync(path, 'r+');
  writeSync(fd, text);
  closeSync(fd);
}

describe('a clone where the kernel refuses', () => {
  let host: Host;
  let directory: string;
  let path: string;

  before(function () {
    if (process.platform !== 'linux') {
      skip(this, 'clone.refused', 'only Linux');
    }
    host = openHost();
  });
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-refused-'));
    path = join(directory, 'target');
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it('copy_file_range: is read and written', async () => {
    const bytes = randomBytes(5_000_017);
    writeFileSync(path, bytes);
    const libc = {
      ...host.libc,
      copyRange: (): Promise<number> => Promise.reject(new SystemError('copy_file_range', path, 'EXDEV')),
    };
    assert.deepEqual(await replaceByClone({ ...host, libc, withoutReflinks: new Set() }, path), {
      published: 'published',
      losses: [],
    });
    assert.ok(readFileSync(path).equals(bytes));
  });

  it('short counts: are continued', async () => {
    const bytes = randomBytes(2_000_017);
    writeFileSync(path, bytes);
    const libc = {
      ...host.libc,
      cloneRange: (): Promise<void> => Promise.reject(new SystemError('ioctl(FICLONE)', path, 'EINVAL')),
      copyRange: (from: number, to: number, length: number, label: string): Promise<number> =>
        host.libc.copyRange(from, to, Math.min(length, 70_001), label),
    };
    assert.equal((await replaceByClone({ ...host, libc }, path)).published, 'published');
    assert.ok(readFileSync(path).equals(bytes));
  });

  it('one flag: the others are kept, the one is a loss', async function () {
    writeFileSync(path, 'x');
    try {
      withDescriptor(path, (fd) => {
        const flags = host.libc.getFlags(fd, path) ?? 0;
        host.libc.setFlags(fd, flags | FS_FLAGS.d | FS_FLAGS.A, path);
      });
    } catch {
      skip(this, 'clone.flag', 'no flags on this file system');
    }
    const libc = {
      ...host.libc,
      setFlags: (fd: number, flags: number, label: string): void => {
        if ((flags & FS_FLAGS.A) !== 0) {
          throw new SystemError('ioctl(FS_IOC_SETFLAGS)', label, 'EPERM');
        }
        host.libc.setFlags(fd, flags, label);
      },
    };
    const { losses } = await replaceByClone({ ...host, libc }, path);
    assert.deepEqual(
      losses.map((loss) => [loss.what, loss.name, loss.error?.errno]),
      [['flags', 'A', 'EPERM']],
    );
    assert.ok(((flagsOf(host, path) ?? 0) & FS_FLAGS.d) !== 0);
  });

  it('a label that cannot be removed: is a loss', async () => {
    writeFileSync(path, 'x');
    const libc = {
      ...host.libc,
      listAttributes: (fd: number, label: string): string[] => {
        const names = host.libc.listAttributes(fd, label);
        return statSync(`/proc/self/fd/${fd}`).ino === statSync(path).ino ? names : [...names, 'security.label'];
      },
      getAttribute: (fd: number, name: string, label: string): Buffer | undefined =>
        name === 'security.label' ? Buffer.from('x') : host.libc.getAttribute(fd, name, label),
      removeAttribute: (_fd: number, _name: string, label: string): void => {
        throw new SystemError('fremovexattr', label, 'EACCES');
      },
    };
    const { losses } = await replaceByClone({ ...host, libc }, path);
    assert.deepEqual(
      losses.map((loss) => [loss.what, loss.name, loss.error?.errno]),
      [['attribute', 'security.label', 'EACCES']],
    );
  });
});

describe('a clone without room', () => {
  it('leaves nothing behind and says ENOSPC', async function () {
    const mounted = mountFileSystem('tmpfs', { tmpfsSize: '5m' });
    if (typeof mounted === 'string') {
      skip(this, 'clone.enospc', mounted);
    }
    try {
      const host = openHost();
      for (const size of [3_000_000, 900_000]) {
        const path = join(mounted.directory, `target${size}`);
        writeFileSync(path, randomBytes(size));
        const filler = join(mounted.directory, 'filler');
        if (size < 1_000_000) {
          try {
            writeFileSync(filler, Buffer.alloc(5_000_000));
          } catch {
            // Full now, which is what it is for.
          }
        }
        const descriptors = openDescriptors();
        const names: readonly string[] = readdirSync(mounted.directory);
        const target = mustOpen(host, path);
        await assert.rejects(target.stage(never), (thrown: unknown) => SystemError.is(thrown, 'ENOSPC'));
        target.close();
        assert.deepEqual(openDescriptors(), descriptors);
        assert.deepEqual(readdirSync(mounted.directory), names);
      }
    } finally {
      mounted.release();
    }
  });
});
