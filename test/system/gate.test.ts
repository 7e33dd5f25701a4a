import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  linkSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { SystemError } from '../../src/core/errors';
import type { Slot } from '../../src/core/gate/ports';
import { RENAME_EXCHANGE } from '../../src/platform/linux/layouts';
import type { Libc } from '../../src/platform/linux/libc';
import { openHost } from '../../src/platform/linux/linux';
import { openTarget } from '../../src/platform/linux/target';
import type { Host } from '../../src/platform/linux/linux';
import { compiled } from '../support/compiled';
import { mountFileSystem } from '../support/filesystems';
import type { FileSystem } from '../support/filesystems';
import { GateBench, identityOf } from '../support/gate';
import { LineProgram } from '../support/lineProgram';
import { openDescriptors } from '../support/platform';
import { skip } from '../support/skip';

const OLD: Slot = 1;
const NEW: Slot = 2;

let opener: string;
let mapper: string;
let standIn: string;
let bench: GateBench;
let directory: string;
let path: string;
let programs: LineProgram[];

async function start(program = opener, ...args: readonly string[]): Promise<LineProgram> {
  const started = await LineProgram.start(program, ...args);
  programs.push(started);
  return started;
}

/** A test's folder, its file, and nothing left of either. */
function prepare(base: string): void {
  directory = mkdtempSync(join(base, 'gate-'));
  chmodSync(directory, 0o777);
  path = join(directory, 'target');
  writeFileSync(path, 'old bytes\n');
  programs = [];
}

async function cleanUp(): Promise<void> {
  bench.closeSites();
  await Promise.all(programs.splice(0).map((program) => program.end()));
  assert.deepEqual(
    readdirSync(directory).filter((name) => name.startsWith('.holdfast')),
    [],
    'names left over',
  );
  assert.deepEqual(
    openDescriptors().filter((open) => open.includes(directory)),
    [],
    'descriptors leaked',
  );
  rmSync(directory, { recursive: true });
  bench.wait(0);
}

const broken = (): void => {
  bench.until('a broken lease', ({ leases }) => leases);
};

for (const name of ['host', 'ext4', 'xfs', 'btrfs', 'tmpfs', 'overlay'] as const) {
  describe(`the gate on ${name}`, function () {
    this.timeout(60_000);
    let fileSystem: FileSystem;
    const believed = name !== 'overlay';

    before(async function () {
      if (process.platform !== 'linux') {
        skip(this, `gate.${name}`, 'only Linux');
      }
      const mounted = mountFileSystem(name);
      if (typeof mounted === 'string') {
        skip(this, `gate.${name}`, mounted);
      }
      fileSystem = mounted;
      opener = await compiled('opener');
      mapper = await compiled('mapper');
      standIn = await compiled('stand-in-editor');
      bench = new GateBench();
    });
    after(() => {
      bench.close();
      fileSystem.release();
      assert.deepEqual(bench.problems, []);
    });
    beforeEach(() => prepare(fileSystem.directory));
    afterEach(cleanUp);

    if (believed) {
      it('tells whether anybody is on the inode', async () => {
        const site = bench.site(path);
        site.take(OLD, bench.handed(path));
        assert.equal(site.probe(OLD), 'free');
        const program = await start();
        for (const letters of ['r', 'w', 'rw'] as const) {
          site.letGo(OLD);
          assert.equal(await program.ask(`open ${letters} ${path}`), 'OPEN');
          assert.equal(site.probe(OLD), 'held', letters);
          assert.equal(site.leaseState(OLD), 'gone', 'nothing was taken');
          await program.ask('close');
          assert.equal(site.probe(OLD), 'free', letters);
        }
        linkSync(path, `${path}.second`);
        assert.equal(await program.ask(`open r ${path}.second`), 'OPEN');
        assert.equal(site.probe(OLD), 'held', 'through another name');
        assert.equal(site.leaseState(OLD), 'kept', 'the read lease is ours all the same');
        assert.equal(await program.ask('send'), 'SENT');
        assert.equal(site.probe(OLD), 'held', 'a descriptor in flight');
        await program.end();
        assert.equal(site.probe(OLD), 'free');
        const pinning = await start();
        assert.equal(await pinning.ask(`open p ${path}`), 'OPEN');
        assert.equal(site.probe(OLD), 'free', 'O_PATH is nobody');
      });

      it('sees mappings and running programs', async () => {
        const program = join(directory, 'program');
        copyFileSync(opener, program);
        const site = bench.site(program);
        site.take(OLD, bench.handed(program));
        for (const [label, run] of [
          ['mapped', () => start(mapper, 'private', program)],
          ['running', () => start(program)],
        ] as const) {
          const holder = await run();
          assert.equal(site.probe(OLD), 'held', label);
          assert.deepEqual(site.search(OLD, []), [holder.pid], label);
          await holder.end();
          assert.equal(site.probe(OLD), 'free', label);
        }
      });
    } else {
      it('does not believe the probe', () => {
        const site = bench.site(path);
        site.take(OLD, bench.handed(path));
        assert.equal(site.probe(OLD), 'unknown');
        assert.equal(site.leaseState(OLD), 'gone');
      });
    }

    /** The old version leased, a complete new one ready. */
    function arm(): ReturnType<GateBench['site']> {
      const site = bench.site(path);
      site.take(OLD, bench.handed(path));
      site.take(NEW, bench.staged(directory, 'complete new bytes\n'));
      site.lease(NEW);
      site.lease(OLD);
      assert.equal(site.leaseState(OLD), 'kept');
      assert.deepEqual(site.waiting(OLD), []);
      return site;
    }

    it('does not take for the target what was written there after it was looked at', () => {
      const target = openTarget(bench.host, path);
      assert.ok(target);
      try {
        const site = bench.site(path);
        appendFileSync(path, 'of another program\n');
        site.take(OLD, target.handed);
        site.lease(OLD);
        assert.equal(site.isAtPath(OLD), false);
      } finally {
        target.close();
      }
    });

    it('holds a writer before it truncates, and lets it write what no path leads to', async () => {
      const site = arm();
      const editor = await start();
      const answer = editor.ask(`open wt ${path}`);
      broken();
      assert.equal(site.leaseState(OLD), 'breaking');
      assert.equal(site.leaseState(NEW), 'kept');
      assert.deepEqual(site.waiting(OLD), [editor.pid]);
      assert.equal(readFileSync(path, 'utf8'), 'old bytes\n');
      assert.ok(site.isAtPath(OLD));

      assert.deepEqual(site.exchange(NEW), { slot: OLD, touched: false });
      assert.equal(readFileSync(path, 'utf8'), 'complete new bytes\n');
      assert.ok(site.isAtPath(NEW));
      assert.ok(!site.isAtPath(OLD));
      assert.deepEqual(site.search(OLD, [editor.pid]), []);
      site.letGo(OLD);
      assert.equal(await answer, 'OPEN');
      assert.equal(site.leaseState(OLD), 'gone');
      assert.equal(await editor.ask('write complete'), 'WROTE');
      assert.equal(site.compare(OLD, Buffer.from('complete')), 'equal');
      assert.deepEqual(site.search(OLD, []), [editor.pid]);
      await editor.ask('close');
      bench.until('the end of the writing', ({ events }) => events.some(({ what }) => what === 'closedAfterWriting'));
      assert.equal(readFileSync(path, 'utf8'), 'complete new bytes\n');
      site.close();
      assert.deepEqual(readdirSync(directory), ['target']);
    });

    it('names all who wait, also for each other, and lets a stranger in', async () => {
      const site = arm();
      const first = await start();
      const second = await start();
      const answers = [first.ask(`open wt ${path}`)];
      broken();
      answers.push(second.ask(`open w ${path}`));
      // Only the first who comes is reported.
      const until = performance.now() + 10_000;
      while (site.waiting(OLD).length < 2 && performance.now() < until) bench.wait(0);
      assert.deepEqual([...site.waiting(OLD)].sort(), [first.pid, second.pid].sort());
      site.letGo(OLD);
      assert.deepEqual(await Promise.all(answers), ['OPEN', 'OPEN']);
      assert.throws(
        () => site.lease(OLD),
        (thrown: unknown) => SystemError.is(thrown, 'EAGAIN'),
      );
      assert.ok(!site.isAtPath(OLD), 'truncated');
      site.acknowledge(OLD);
      assert.ok(site.isAtPath(OLD));
    });

    it('turns away who does not wait, and takes the lease again', async () => {
      const site = arm();
      const program = await start();
      assert.equal(await program.ask(`open wn ${path}`), 'EAGAIN');
      broken();
      assert.equal(site.leaseState(OLD), 'breaking');
      assert.deepEqual(site.waiting(OLD), []);
      site.lease(OLD);
      assert.equal(site.leaseState(OLD), 'kept');
      const answer = program.ask(`open w ${path}`);
      broken();
      assert.deepEqual(site.waiting(OLD), [program.pid]);
      // A lease for which somebody waits is not taken again: that would let go.
      assert.throws(
        () => site.lease(OLD),
        (thrown: unknown) => SystemError.is(thrown, 'EAGAIN'),
      );
      assert.equal(site.probe(OLD), believed ? 'held' : 'unknown');
      assert.deepEqual(site.waiting(OLD), [program.pid]);
      site.letGo(OLD);
      assert.equal(await answer, 'OPEN');
    });

    it('finds an open that was started again at the published inode', async () => {
      const site = arm();
      const editor = await start();
      const answer = editor.ask(`open wt ${path}`);
      broken();
      process.kill(editor.pid, 'SIGSTOP');
      const stopped = performance.now() + 10_000;
      while (!/^State:\tT/m.test(readFileSync(`/proc/${editor.pid}/status`, 'latin1'))) {
        assert.ok(performance.now() < stopped, 'not stopped');
      }
      assert.deepEqual(site.waiting(OLD), [], 'a stopped process does not wait');
      site.exchange(NEW);
      process.kill(editor.pid, 'SIGCONT');
      broken();
      assert.equal(site.leaseState(NEW), 'breaking');
      assert.deepEqual(site.waiting(NEW), [editor.pid]);
      assert.equal(readFileSync(path, 'utf8'), 'complete new bytes\n');
      site.letGo(NEW);
      assert.equal(await answer, 'OPEN');
    });

    it('makes an open begin again, and nobody else’s', async () => {
      const site = arm();
      const editor = await start(standIn);
      const other = await start();
      const saving = editor.ask(`save ${path} 4 m 4`);
      const opening = other.ask(`open w ${path}`);
      const both = performance.now() + 10_000;
      while (site.waiting(OLD).length < 2) assert.ok(performance.now() < both, 'they do not wait');
      site.exchange(NEW);
      // That one does not handle the signal: it would not be woken by it.
      assert.equal(bench.interrupt(other.pid), 0);
      assert.equal(bench.interrupt(editor.pid), 1);
      const moved = performance.now() + 10_000;
      while (!site.waiting(NEW).includes(editor.pid)) assert.ok(performance.now() < moved, 'it does not begin again');
      // Woken when the one before it has gone, it waits anew.
      const again = performance.now() + 10_000;
      while (site.waiting(OLD).length < 1) assert.ok(performance.now() < again, 'the other one does not wait');
      assert.deepEqual(site.waiting(OLD), [other.pid]);
      assert.equal(bench.interrupt(process.pid), 0, 'a process that waits for nothing');
      site.letGo(OLD);
      site.letGo(NEW);
      assert.deepEqual([await saving, await opening], ['SAVED', 'OPEN']);
      assert.equal(readFileSync(path, 'utf8'), 'mmmm');
    });

    it('finds holders among all processes', async () => {
      const site = arm();
      linkSync(path, `${path}.second`);
      copyFileSync(path, `${path}.copy`);
      const cases: Record<string, () => Promise<LineProgram>> = {
        reader: async () => {
          const program = await start();
          assert.equal(await program.ask(`open r ${path}`), 'OPEN');
          return program;
        },
        'reader of another name': async () => {
          const program = await start();
          assert.equal(await program.ask(`open r ${path}.second`), 'OPEN');
          return program;
        },
        'private mapping': () => start(mapper, 'private', path),
        'shared mapping': () => start(mapper, 'shared', `${path}.second`),
      };
      for (const [label, hold] of Object.entries(cases)) {
        const holder = await hold();
        assert.deepEqual(site.search(OLD, []), [holder.pid], label);
        assert.deepEqual(site.search(OLD, [holder.pid]), [], label);
        assert.deepEqual(site.search(NEW, []), [], label);
        site.letGo(OLD);
        assert.deepEqual(site.search(OLD, []), [holder.pid], `${label}, without a lease`);
        site.lease(OLD);
        site.exchange(NEW);
        unlinkSync(`${path}.second`);
        assert.deepEqual(site.search(OLD, []), [holder.pid], `${label}, displaced`);
        site.takeBack(NEW);
        linkSync(path, `${path}.second`);
        await holder.end();
        assert.deepEqual(site.search(OLD, []), [], label);
      }
      const others = await start();
      assert.equal(await others.ask(`open p ${path}`), 'OPEN');
      await start(mapper, 'private', `${path}.copy`);
      assert.deepEqual(site.search(OLD, []), [], 'O_PATH and another file');
    });

    it('takes an exchange back', () => {
      const site = arm();
      site.exchange(NEW);
      assert.ok(site.takeBack(NEW));
      assert.ok(site.isAtPath(OLD));
      assert.equal(readFileSync(path, 'utf8'), 'old bytes\n');
      assert.ok(!site.takeBack(NEW), 'once');
      assert.deepEqual(site.exchange(NEW), { slot: OLD, touched: false });
      assert.deepEqual(site.exchange(OLD), { slot: NEW, touched: false });
      assert.ok(!site.takeBack(NEW), 'not at the path');
      assert.ok(site.isAtPath(OLD));
      site.drop(NEW);
      assert.throws(
        () => site.takeBack(OLD),
        (thrown: unknown) => SystemError.is(thrown, 'ENOENT'),
        'what it had displaced was dropped',
      );
    });

    it('brings a foreign file out, and puts it back', () => {
      const site = arm();
      writeFileSync(`${path}.theirs`, 'theirs\n');
      renameSync(`${path}.theirs`, path);
      assert.ok(!site.isAtPath(OLD));
      assert.equal(site.exchange(NEW).slot, 'foreign');
      assert.equal(readFileSync(`/proc/self/fd/${site.descriptor('foreign')}`, 'utf8'), 'theirs\n');
      assert.ok(site.takeBack(NEW));
      assert.equal(readFileSync(path, 'utf8'), 'theirs\n');
      assert.equal(site.exchange(NEW).slot, 'foreign');
      site.drop('foreign');
      assert.throws(
        () => site.descriptor('foreign'),
        (thrown: unknown) => SystemError.is(thrown, 'EBADF'),
      );
      assert.deepEqual(readdirSync(directory), ['target']);
      assert.ok(site.isAtPath(NEW));
    });

    it('goes on hearing of an inode whose last name is gone', async () => {
      const site = bench.site(path);
      const staged = bench.staged(directory, 'nameless at first\n');
      const watch = site.take(NEW, staged);
      site.exchange(NEW);
      site.drop('foreign');
      const writer = await start();
      assert.equal(await writer.ask(`open w ${path}`), 'OPEN');
      writeFileSync(`${path}.theirs`, 'theirs\n');
      renameSync(`${path}.theirs`, path);
      bench.wait(0);
      assert.equal(await writer.ask('close'), 'CLOSED');
      bench.until('the end of the writing', ({ events }) =>
        events.some((event) => event.watch === watch && event.what === 'closedAfterWriting'),
      );
    });

    if (name === 'btrfs')
      it('does not take a mapping in another subvolume for one of its own', async () => {
        const files = ['one', 'two'].map((subvolume) => {
          execFileSync('btrfs', ['subvolume', 'create', join(directory, subvolume)], { stdio: 'pipe' });
          const file = join(directory, subvolume, 'target');
          writeFileSync(file, 'bytes\n');
          return file;
        });
        const [one = '', two = ''] = files;
        assert.equal(statSync(one).ino, statSync(two).ino);
        const holder = await start(mapper, 'private', two);
        const sites = files.map((file) => {
          const site = bench.site(file);
          site.take(OLD, bench.handed(file));
          return site;
        });
        assert.deepEqual(
          sites.map((site) => site.search(OLD, [])),
          [[], [holder.pid]],
        );
      });

    if (name === 'overlay')
      it('knows a file of a lower layer that an exchange copies up', async () => {
        const lower = join(fileSystem.lower ?? '', 'from-below');
        writeFileSync(lower, 'lower bytes\n');
        path = join(fileSystem.directory, 'from-below');
        const site = arm();
        const reader = await start();
        assert.equal(await reader.ask(`open r ${path}`), 'OPEN');
        const editor = await start();
        const answer = editor.ask(`open wt ${path}`);
        broken();
        assert.deepEqual(site.waiting(OLD), [editor.pid]);
        assert.deepEqual(site.exchange(NEW), { slot: OLD, touched: false });
        assert.deepEqual(site.search(OLD, [editor.pid]), [reader.pid]);
        assert.ok(site.takeBack(NEW));
        assert.ok(site.isAtPath(OLD));
        site.exchange(NEW);
        site.letGo(OLD);
        assert.equal(await answer, 'OPEN');
        assert.equal(readFileSync(path, 'utf8'), 'complete new bytes\n');
        assert.equal(site.compare(OLD, Buffer.from('x')), 'beginning');
        site.close();
        unlinkSync(path);
      });

    it('compares, aligns times and tells what was touched', () => {
      const site = arm();
      const cases = [
        ['old bytes\n', 'equal'],
        ['old bytes\n and more', 'beginning'],
        ['old byteS\n', 'other'],
        ['old', 'other'],
        ['', 'other'],
      ] as const;
      for (const [content, expected] of cases) {
        const untouched = expected === 'equal' ? 'equal' : 'untouched';
        assert.equal(site.compare(OLD, Buffer.from(content)), untouched, content);
      }
      utimesSync(path, 1, 1.25);
      for (const [content, expected] of cases) {
        assert.equal(site.compare(OLD, Buffer.from(content)), expected, content);
      }
      assert.ok(!site.isAtPath(OLD));
      site.acknowledge(OLD);
      site.alignTime(NEW, OLD);
      site.exchange(NEW);
      assert.equal(statSync(path, { bigint: true }).mtimeNs, 1_250_000_000n);
      assert.ok(site.isAtPath(NEW), 'our own change');
      site.letGo(NEW);
      truncateSync(path, 0);
      assert.ok(!site.isAtPath(NEW));
      assert.equal(site.compare(NEW, Buffer.from('x')), 'beginning');
      assert.equal(site.compare(NEW, Buffer.alloc(0)), 'equal');
      site.alignTime(NEW, OLD);
      assert.ok(!site.isAtPath(NEW), 'their change is not hidden by ours');
    });
  });
}

describe('the gate', function () {
  this.timeout(60_000);
  let base: string;

  before(async function () {
    if (process.platform !== 'linux') {
      skip(this, 'gate', 'only Linux');
    }
    const mounted = mountFileSystem('host');
    assert.ok(typeof mounted !== 'string');
    base = mounted.directory;
    opener = await compiled('opener');
    bench = new GateBench();
  });
  after(() => {
    bench.close();
    assert.deepEqual(bench.problems, []);
    rmSync(join(base, '..', '..'), { recursive: true });
  });
  beforeEach(() => prepare(base));
  afterEach(cleanUp);

  /** Something happens before the renames of the given numbers. */
  function beforeRename(happen: Readonly<Record<number, () => void>>): Host {
    const host = openHost();
    let renames = 0;
    const rename: Libc['rename'] = (...values) => {
      happen[renames++]?.();
      host.libc.rename(...values);
    };
    return { ...host, libc: { ...host.libc, rename } };
  }

  function theirs(bytes: string): void {
    writeFileSync(`${path}.theirs`, bytes);
    renameSync(`${path}.theirs`, path);
  }

  /** With a system of its own, closed at the end. */
  function on(host: Host, action: (own: GateBench) => void): void {
    const own = new GateBench(host);
    try {
      action(own);
    } finally {
      own.close();
    }
    assert.deepEqual(own.problems, []);
  }

  it('takes nothing back from whoever comes in the last instant', () => {
    const host = beforeRename({ 1: () => theirs('theirs\n') });
    on(host, (own) => {
      const site = own.site(path);
      site.take(OLD, own.handed(path));
      site.take(NEW, own.staged(directory, 'new\n'));
      site.exchange(NEW);
      assert.equal(site.takeBack(NEW), false);
      assert.equal(readFileSync(path, 'utf8'), 'theirs\n');
      assert.equal(site.compare(OLD, Buffer.from('old bytes\n')), 'equal');
    });
    assert.deepEqual(readdirSync(directory), ['target']);
  });

  it('lets the newest win when two come in the last instants', () => {
    const host = beforeRename({ 1: () => theirs('theirs\n'), 2: () => theirs('newest\n') });
    on(host, (own) => {
      const site = own.site(path);
      site.take(OLD, own.handed(path));
      site.take(NEW, own.staged(directory, 'new\n'));
      site.exchange(NEW);
      assert.equal(site.takeBack(NEW), false);
      assert.equal(readFileSync(path, 'utf8'), 'newest\n');
    });
    assert.deepEqual(readdirSync(directory), ['target']);
  });

  it('does not displace a second foreign file as long as it has to keep a first', () => {
    const site = bench.site(path);
    site.take(OLD, bench.handed(path));
    site.take(NEW, bench.staged(directory, 'new\n'));
    theirs('first\n');
    assert.equal(site.exchange(NEW).slot, 'foreign');
    theirs('second\n');
    site.take(3, bench.staged(directory, 'newer\n'));
    assert.throws(
      () => site.exchange(3),
      (thrown: unknown) => SystemError.is(thrown, 'EBUSY'),
    );
    assert.equal(readFileSync(path, 'utf8'), 'second\n');
    site.drop('foreign');
    assert.equal(site.exchange(3).slot, 'foreign');
    assert.ok(site.takeBack(3));
    assert.equal(readFileSync(path, 'utf8'), 'second\n');
    assert.equal(site.exchange(3).slot, 'foreign', 'the same one again');
  });

  it('brings out whatever is there: a link, a directory', () => {
    const site = bench.site(path);
    site.take(NEW, bench.staged(directory, 'new\n'));
    renameSync(path, `${path}.moved`);
    symlinkSync('target.moved', path);
    assert.equal(site.exchange(NEW).slot, 'foreign');
    assert.ok(site.takeBack(NEW));
    assert.equal(readlinkSync(path), 'target.moved');
    site.drop(NEW);
    unlinkSync(path);
    assert.throws(
      () => {
        site.take(NEW, bench.staged(directory, 'new\n'));
        site.exchange(NEW);
      },
      (thrown: unknown) => SystemError.is(thrown, 'ENOENT'),
    );
    assert.deepEqual(
      readdirSync(directory).filter((name) => !name.startsWith('.')),
      ['target.moved'],
    );
  });

  it('refuses what is not what was handed over', () => {
    const handed = bench.handed(path);
    const site = bench.site(path);
    const stale = (thrown: unknown): boolean => SystemError.is(thrown, 'ESTALE');
    assert.throws(() => site.take(OLD, { ...handed, identity: identityOf(directory) }), stale);
    site.take(OLD, handed);
    assert.throws(
      () => site.take(OLD, handed),
      (thrown: unknown) => SystemError.is(thrown, 'EEXIST'),
    );
    assert.throws(
      () => site.probe(NEW),
      (thrown: unknown) => SystemError.is(thrown, 'EBADF'),
    );
    site.letGo(NEW);
    site.drop(NEW);
    site.close();
    site.close();
    assert.throws(
      () => site.take(OLD, handed),
      (thrown: unknown) => SystemError.is(thrown, 'EBADF'),
    );
  });

  it('fails the Nth system call and loses neither version, until a run passes untouched', () => {
    const host = openHost();
    for (let failAt = 1; ; failAt++) {
      let calls = 0;
      const failing =
        (name: string, original: (...values: unknown[]) => unknown) =>
        (...values: unknown[]): unknown => {
          calls += 1;
          if (calls === failAt) {
            throw new SystemError(name, path, 'EIO');
          }
          return original(...values);
        };
      const libc = Object.fromEntries(
        Object.entries(host.libc).map(([name, original]: [string, (...values: unknown[]) => unknown]) => [
          name,
          failing(name, original),
        ]),
      ) as unknown as Libc;
      const own = new GateBench({ ...host, libc });
      let outcome: unknown;
      try {
        const site = own.site(path);
        site.take(OLD, own.handed(path));
        site.take(NEW, own.staged(directory, 'new bytes\n'));
        site.exchange(NEW);
        assert.equal(readFileSync(path, 'utf8'), 'new bytes\n');
        site.takeBack(NEW);
        outcome = 'done';
      } catch (thrown) {
        outcome = thrown;
      } finally {
        own.close();
      }
      assert.ok(outcome === 'done' || SystemError.is(outcome, 'EIO'), `${failAt}: ${String(outcome)}`);
      assert.match(readFileSync(path, 'utf8'), /^(old|new) bytes\n$/);
      const left = readdirSync(directory).filter((name) => name !== 'target');
      // A failing unlink, or a look before it, may leave a name, and is reported; nothing else may.
      assert.ok(left.length <= own.problems.length || SystemError.is(outcome, 'EIO'), `${failAt}: ${left.join(' ')}`);
      left.forEach((name) => rmSync(join(directory, name)));
      writeFileSync(path, 'old bytes\n');
      if (calls < failAt) {
        assert.equal(outcome, 'done');
        assert.deepEqual([left, own.problems], [[], []]);
        return;
      }
    }
  });

  it('exchanges and does nothing else to names', () => {
    const host = openHost();
    const flags: number[] = [];
    const rename: Libc['rename'] = (fd, from, to, flag, label) => {
      flags.push(flag);
      host.libc.rename(fd, from, to, flag, label);
    };
    on({ ...host, libc: { ...host.libc, rename } }, (own) => {
      const site = own.site(path);
      site.take(OLD, own.handed(path));
      site.take(NEW, own.staged(directory, 'new\n'));
      site.exchange(NEW);
      site.takeBack(NEW);
    });
    assert.deepEqual(flags, [RENAME_EXCHANGE, RENAME_EXCHANGE]);
  });
});
