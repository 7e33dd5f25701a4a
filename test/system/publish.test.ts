import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemError } from '../../src/core/errors';
import type { Published, Staged, Target } from '../../src/core/ports';
import { RENAME_EXCHANGE } from '../../src/platform/linux/layouts';
import type { Libc } from '../../src/platform/linux/libc';
import { openHost } from '../../src/platform/linux/linux';
import type { Host } from '../../src/platform/linux/linux';
import { mustOpen, openDescriptors } from '../support/platform';
import { skip } from '../support/skip';

const never = new AbortController().signal;

/** A host on which something happens before the Nth call of a function, or instead of it. */
function intercept<K extends keyof Libc>(host: Host, name: K, replacement: (original: Libc[K]) => Libc[K]): Host {
  return { ...host, libc: { ...host.libc, [name]: replacement(host.libc[name]) } };
}

/** As on NFS: no exchange. */
function withoutExchange(host: Host): Host {
  return intercept(host, 'rename', (rename) => (directory, from, to, flags, path) => {
    if (flags === RENAME_EXCHANGE) {
      throw new SystemError('renameat2', path, 'EINVAL');
    }
    rename(directory, from, to, flags, path);
  });
}

for (const way of ['exchange', 'rename'] as const) {
  describe(`publishing by ${way}`, () => {
    let host: Host;
    let workshop: string;
    let directory: string;
    let path: string;
    let descriptors: string[];
    let open: { target: Target; staged: Staged }[];

    before(function () {
      if (process.platform !== 'linux') {
        skip(this, `publish.${way}`, 'only Linux');
      }
      workshop = mkdtempSync(join(tmpdir(), 'holdfast-workshop-'));
      host = way === 'exchange' ? openHost(workshop) : withoutExchange(openHost());
    });
    after(() => {
      const made = (host as Host | undefined)?.workshop;
      if (made) closeSync(made.directory);
      rmSync(workshop, { recursive: true, force: true });
    });
    beforeEach(() => {
      directory = mkdtempSync(join(tmpdir(), 'holdfast-publish-'));
      path = join(directory, 'target');
      writeFileSync(path, 'old bytes\n');
      descriptors = openDescriptors();
      open = [];
    });
    afterEach(() => {
      for (const { staged, target } of open) {
        staged.close();
        target.close();
      }
      assert.deepEqual(openDescriptors(), descriptors, 'descriptors leaked');
      assert.deepEqual(
        readdirSync(directory).filter((name) => name.startsWith('.holdfast')),
        [],
        'names left over',
      );
      rmSync(directory, { recursive: true });
    });

    async function stage(on: Host = host): Promise<Staged> {
      const target = mustOpen(on, path);
      const staged = await target.stage(never);
      open.push({ target, staged });
      return staged;
    }

    async function publishAfter(change: () => void): Promise<Published> {
      const staged = await stage();
      change();
      return staged.publish();
    }

    it('leaves the displaced inode to its holders', async () => {
      const holder = openSync(path, 'r');
      try {
        const staged = await stage();
        assert.equal(staged.publish(), 'published');
        assert.equal(statSync(path, { bigint: true }).ino, staged.identity.inode);
        writeFileSync(path, 'new');
        assert.equal(readFileSync(`/proc/self/fd/${holder}`, 'utf8'), 'old bytes\n');
        assert.throws(
          () => staged.publish(),
          (thrown: unknown) => SystemError.is(thrown, 'EINVAL'),
        );
      } finally {
        closeSync(holder);
      }
      assert.deepEqual(readdirSync(directory), ['target']);
    });

    it('is synced to the end even if it is closed meanwhile', async () => {
      const staged = await stage();
      const syncing = staged.sync();
      assert.equal(staged.publish(), 'published');
      staged.close();
      await syncing;
      await assert.rejects(staged.sync(), (thrown: unknown) => SystemError.is(thrown, 'EBADF'));
    });

    it('outlives the target it was staged from', async () => {
      const staged = await stage();
      open[0]?.target.close();
      assert.equal(staged.publish(), 'published');
      staged.close();
      assert.throws(
        () => staged.publish(),
        (thrown: unknown) => SystemError.is(thrown, 'EBADF'),
      );
    });

    it('finds the path changed: rewritten, replaced, removed, made a link or a directory, moved, chmodded', async () => {
      const { mtime } = statSync(path);
      const cases: Record<string, { change: () => void; check: () => void }> = {
        rewritten: {
          change: () => {
            writeFileSync(path, 'rewritten\n');
          },
          check: () => {
            assert.equal(readFileSync(path, 'utf8'), 'rewritten\n');
          },
        },
        'rewritten, the times set back': {
          change: () => {
            writeFileSync(path, 'OLD BYTES\n');
            utimesSync(path, mtime, mtime);
          },
          check: () => {
            assert.equal(readFileSync(path, 'utf8'), 'OLD BYTES\n');
          },
        },
        replaced: {
          change: () => {
            writeFileSync(`${path}.new`, 'replaced\n');
            renameSync(`${path}.new`, path);
          },
          check: () => {
            assert.equal(readFileSync(path, 'utf8'), 'replaced\n');
          },
        },
        removed: {
          change: () => {
            rmSync(path);
          },
          check: () => {
            assert.deepEqual(readdirSync(directory), []);
          },
        },
        'made a link': {
          change: () => {
            renameSync(path, `${path}.moved`);
            symlinkSync('target.moved', path);
          },
          check: () => {
            assert.equal(readlinkSync(path), 'target.moved');
          },
        },
        'made a directory': {
          change: () => {
            rmSync(path);
            mkdirSync(path);
          },
          check: () => {
            assert.ok(lstatSync(path).isDirectory());
          },
        },
        linked: {
          change: () => {
            linkSync(path, `${path}.second`);
          },
          check: () => {
            assert.equal(statSync(path).nlink, 2);
          },
        },
        chmodded: {
          change: () => {
            chmodSync(path, 0o600);
          },
          check: () => {
            assert.equal(statSync(path).mode & 0o777, 0o600);
          },
        },
      };
      for (const [label, { change, check }] of Object.entries(cases)) {
        assert.equal(await publishAfter(change), 'changed', label);
        check();
        rmSync(directory, { recursive: true });
        mkdirSync(directory);
        writeFileSync(path, 'old bytes\n');
      }
    });

    it('publishes into a directory that was moved meanwhile', async () => {
      mkdirSync(join(directory, 'sub'));
      const inner = join(directory, 'sub', 'inner');
      writeFileSync(inner, 'inner');
      const target = mustOpen(host, inner);
      const staged = await target.stage(never);
      open.push({ target, staged });
      renameSync(join(directory, 'sub'), join(directory, 'moved'));
      assert.equal(staged.publish(), 'published');
      assert.deepEqual(readdirSync(join(directory, 'moved')), ['inner']);
    });

    /** `happen` runs in the last instant: after the check, before the rename. */
    function inTheLastInstant(happen: () => void): Host {
      let first = true;
      return intercept(host, 'rename', (rename) => (fd, from, to, flags, name) => {
        if (first && (way === 'exchange' || flags === 0)) {
          first = false;
          happen();
        }
        rename(fd, from, to, flags, name);
      });
    }

    it('takes back when the file was rewritten in the last instant', async () => {
      const writer = openSync(path, 'r+');
      try {
        const inode = statSync(path).ino;
        const staged = await stage(
          inTheLastInstant(() => {
            writeSync(writer, 'LAST');
          }),
        );
        assert.equal(staged.publish(), 'changed');
        assert.equal(readFileSync(path, 'utf8'), 'LASTbytes\n');
        assert.equal(statSync(path).ino, inode);
      } finally {
        closeSync(writer);
      }
    });

    // A plain rename cannot see what it replaces: the known gap of that way.
    if (way === 'exchange')
      it('takes back when another file was renamed there in the last instant', async () => {
        const staged = await stage(
          inTheLastInstant(() => {
            writeFileSync(`${path}.new`, 'theirs\n');
            renameSync(`${path}.new`, path);
          }),
        );
        assert.equal(staged.publish(), 'changed');
        assert.equal(readFileSync(path, 'utf8'), 'theirs\n');
      });

    if (way === 'exchange')
      it('lets the newest of several foreign files win', async () => {
        for (const rounds of [2, 3, 5]) {
          let round = 0;
          const racing = intercept(host, 'rename', (rename) => (fd, from, to, flags, name) => {
            if (round < rounds) {
              round += 1;
              writeFileSync(`${path}.new`, `theirs ${round}\n`);
              renameSync(`${path}.new`, path);
            }
            rename(fd, from, to, flags, name);
          });
          const staged = await stage(racing);
          assert.equal(staged.publish(), 'changed');
          assert.equal(readFileSync(path, 'utf8'), `theirs ${rounds}\n`);
          assert.deepEqual(readdirSync(directory), ['target']);
        }
      });

    it('leaves everything as it was when the rename fails', async () => {
      for (const errno of ['EBUSY', 'EPERM', 'EIO']) {
        const failing = intercept(host, 'rename', () => (_directory, _from, _to, _flags, name) => {
          throw new SystemError('renameat2', name, errno);
        });
        const staged = await stage(failing);
        assert.throws(
          () => staged.publish(),
          (thrown: unknown) => SystemError.is(thrown, errno),
        );
        assert.deepEqual(readdirSync(directory), ['target']);
        assert.equal(readFileSync(path, 'utf8'), 'old bytes\n');
      }
    });

    it('tries the next name when a temporary name is taken', async () => {
      const names = ['.holdfast-taken~', '.holdfast-taken~', '.holdfast-free~', '.holdfast-free-2~'];
      writeFileSync(join(directory, '.holdfast-taken~'), 'theirs');
      const staged = await stage({ ...host, temporaryName: () => Buffer.from(names.shift() ?? 'none') });
      assert.equal(staged.publish(), 'published');
      assert.equal(readFileSync(join(directory, '.holdfast-taken~'), 'utf8'), 'theirs');
      rmSync(join(directory, '.holdfast-taken~'));
    });

    if (way === 'exchange')
      it('makes the next clone beside the target when one from the workshop cannot be linked', async () => {
        const refusing = intercept(
          { ...host, unreachable: new Set() },
          'link',
          () => (_from, _name, _directory, _to, _flags, label) => {
            throw new SystemError('linkat', label, 'EXDEV');
          },
        );
        const outcomes: string[] = [];
        for (let round = 0; round < 2; round++) {
          const target = mustOpen(refusing, path);
          const staged = await target.stage(never);
          outcomes.push(staged.publish());
          staged.close();
          target.close();
        }
        assert.deepEqual(outcomes, ['unreachable', 'published']);
        assert.deepEqual(readdirSync(directory), ['target']);
      });

    it('fails the Nth system call without leaving anything, until a run passes untouched', async () => {
      for (let failAt = 1; ; failAt++) {
        let calls = 0;
        const libc = Object.fromEntries(
          Object.entries(host.libc).map(([name, original]: [string, unknown]) => [
            name,
            (...values: unknown[]): unknown => {
              calls += 1;
              if (calls === failAt) {
                throw new SystemError(name, path, 'EIO');
              }
              return (original as (...values: unknown[]) => unknown)(...values);
            },
          ]),
        ) as unknown as Libc;
        let target: Target | undefined;
        let staged: Staged | undefined;
        let outcome: unknown;
        try {
          target = mustOpen({ ...host, libc }, path);
          staged = await target.stage(never);
          outcome = staged.publish();
        } catch (thrown) {
          outcome = thrown;
        } finally {
          staged?.close();
          target?.close();
        }
        assert.ok(outcome === 'published' || SystemError.is(outcome, 'EIO'), `${failAt}: ${String(outcome)}`);
        assert.equal(readFileSync(path, 'utf8'), 'old bytes\n');
        const left = readdirSync(directory).filter((name) => name !== 'target');
        // A failing unlink, or a look before it, may leave a name; nothing else may.
        assert.ok(left.length <= 1, `${failAt}: ${left.join(' ')}`);
        for (const name of left) {
          assert.equal(readFileSync(join(directory, name), 'utf8'), 'old bytes\n');
          rmSync(join(directory, name));
        }
        if (calls < failAt) {
          assert.equal(outcome, 'published');
          assert.deepEqual(left, []);
          return;
        }
      }
    });

    it('publishes many side by side', async () => {
      const paths = Array.from({ length: 100 }, (_, index) => join(directory, `many${index}`));
      for (const each of paths) {
        writeFileSync(each, each);
      }
      appendFileSync(paths[0] ?? '', 'x'.repeat(3_000_000));
      await Promise.all(
        paths.map(async (each) => {
          const target = mustOpen(host, each);
          const staged = await target.stage(never);
          await staged.sync();
          assert.equal(staged.publish(), 'published');
          staged.close();
          target.close();
        }),
      );
      assert.equal(readdirSync(directory).length, 101);
    });
  });
}
