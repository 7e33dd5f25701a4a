import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  linkSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as immediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { SystemError } from '../../src/core/errors';
import type { Wake } from '../../src/core/gate/ports';
import { decodeNotices, GATE_MEANINGS } from '../../src/platform/linux/gate/events';
import { gateable } from '../../src/platform/linux/gate/gateable';
import { O_PATH } from '../../src/platform/linux/layouts';
import { compiled } from '../support/compiled';
import { within } from '../support/deadline';
import { projectFolder } from '../support/editor/installations';
import { FILE_SYSTEMS, mountFileSystem } from '../support/filesystems';
import { GateBench } from '../support/gate';
import { LineProgram } from '../support/lineProgram';
import { skip } from '../support/skip';
import { withSystemSetting } from '../support/systemSetting';

const ORDER = Buffer.from(new BigUint64Array([1n]).buffer);
const NOTHING: Wake = { orders: false, leases: false, events: [], overflow: false };

describe('the system of the gate', function () {
  this.timeout(60_000);
  let directory: string;
  let path: string;
  let bench: GateBench;
  let opener: LineProgram;

  before(async function () {
    if (process.platform !== 'linux') {
      skip(this, 'gate-system', 'only Linux');
    }
    await compiled('opener');
  });
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-gate-'));
    path = join(directory, 'target');
    writeFileSync(path, 'old bytes\n');
    bench = new GateBench();
    opener = await LineProgram.start(await compiled('opener'));
  });
  afterEach(async () => {
    bench.close();
    await opener.end();
    assert.deepEqual(bench.problems, []);
    rmSync(directory, { recursive: true });
  });

  function lease(): { site: ReturnType<GateBench['site']>; watch: number } {
    const site = bench.site(path);
    const watch = site.take(1, bench.handed(path));
    site.lease(1);
    return { site, watch };
  }

  describe('sleeping', () => {
    it('ends with an order, once for all that were given', () => {
      assert.deepEqual(bench.wait(0), NOTHING);
      writeSync(bench.orders, ORDER);
      writeSync(bench.orders, ORDER);
      assert.deepEqual(bench.wait(undefined), { ...NOTHING, orders: true });
      assert.deepEqual(bench.wait(0), NOTHING);
    });

    it('ends when its time is over, and not before', () => {
      const began = performance.now();
      assert.deepEqual(bench.wait(30), NOTHING);
      assert.ok(performance.now() - began >= 30);
    });

    it('goes on when a signal of somebody else interrupts it', async () => {
      const heard = once(process, 'SIGUSR2');
      const began = performance.now();
      const killer = spawn('kill', ['-USR2', String(process.pid)]);
      assert.deepEqual(bench.wait(300), NOTHING);
      assert.ok(performance.now() - began >= 300);
      await within(10_000, 'the signal', heard);
      await within(10_000, 'the end of kill', killer.exitCode === null ? once(killer, 'exit') : Promise.resolve([]));
    });

    it('ends with each kind of event once, by the number of the inode', async () => {
      const site = bench.site(path);
      const watch = site.take(1, bench.handed(path));
      linkSync(path, `${path}.second`);
      for (const letters of ['r', 'w']) {
        for (const name of [path, `${path}.second`]) {
          await opener.ask(`open ${letters} ${name}`);
          await opener.ask('write x');
          await opener.ask('close');
        }
      }
      assert.deepEqual(bench.wait(0), {
        ...NOTHING,
        events: [
          { watch, what: 'moved' },
          { watch, what: 'opened' },
          { watch, what: 'closedAfterWriting' },
        ],
      });
      site.drop(1);
      assert.equal(await opener.ask(`open r ${path}`), 'OPEN');
      assert.deepEqual(bench.wait(0), NOTHING);
    });

    it('tells of no open where that is not wanted, and of everything else', async () => {
      const site = bench.site(path);
      const watch = site.take(1, bench.handed(path));
      site.tellOpens(1, false);
      for (const letters of ['r', 'w']) {
        assert.equal(await opener.ask(`open ${letters} ${path}`), 'OPEN');
        await opener.ask('close');
      }
      assert.deepEqual(bench.wait(0), { ...NOTHING, events: [{ watch, what: 'closedAfterWriting' }] });
      site.tellOpens(1, true);
      assert.equal(await opener.ask(`open r ${path}`), 'OPEN');
      assert.deepEqual(bench.wait(0), { ...NOTHING, events: [{ watch, what: 'opened' }] });
      await opener.ask('close');
    });

    it('loses nothing of a clone over which another file comes just before something else is asked of it', () => {
      const site = bench.site(path);
      site.take(1, bench.handed(path));
      site.take(2, bench.staged(directory, 'clone\n'));
      site.exchange(2);
      bench.wait(0);
      writeFileSync(`${path}.new`, 'theirs\n');
      renameSync(`${path}.new`, path);
      site.tellOpens(2, false);
      assert.equal(bench.wait(0).overflow, true);
      assert.deepEqual(bench.wait(0), NOTHING);
    });

    it('tells when another file takes its place, and when it is moved away', () => {
      const site = bench.site(path);
      const watch = site.take(1, bench.handed(path));
      const moved = { ...NOTHING, events: [{ watch, what: 'moved' }] };
      renameSync(path, `${path}.away`);
      assert.deepEqual(bench.wait(0), moved);
      renameSync(`${path}.away`, path);
      assert.deepEqual(bench.wait(0), moved);
      writeFileSync(`${path}.new`, '');
      assert.deepEqual(bench.wait(0), NOTHING);
      renameSync(`${path}.new`, path);
      assert.deepEqual(bench.wait(0), moved);
    });

    it('tells two who have taken one inode, and the one who is left', async () => {
      const [one, two] = [bench.site(path), bench.site(path)];
      const watches = [one.take(1, bench.handed(path)), two.take(1, bench.handed(path))];
      assert.notEqual(watches[0], watches[1]);
      await opener.ask(`open r ${path}`);
      assert.deepEqual(
        bench.wait(0).events.map(({ watch }) => watch),
        watches,
      );
      one.close();
      await opener.ask('close');
      await opener.ask(`open r ${path}`);
      assert.deepEqual(
        bench.wait(0).events.map(({ watch }) => watch),
        [watches[1]],
      );
    });

    it('says when the kernel has lost events', async function () {
      if (process.getuid?.() !== 0) {
        skip(this, 'gate-system.overflow', 'setting the length of the queue needs root');
      }
      const second = join(directory, 'second');
      writeFileSync(second, '');
      await withSystemSetting('inotify/max_queued_events', '4', () => {
        const short = new GateBench();
        try {
          const site = short.site(path);
          site.take(1, short.handed(path));
          site.take(2, short.handed(second));
          // Taking turns, or they are merged.
          for (let round = 0; round < 8; round++) {
            closeSync(openSync(path, 'r'));
            closeSync(openSync(second, 'r'));
          }
          assert.equal(short.wait(0).overflow, true);
        } finally {
          short.close();
        }
      });
    });
  });

  describe('notices', () => {
    const notice = (watch: number, mask: number, name = ''): Buffer => {
      const padded = Buffer.alloc(16 + Math.ceil(name.length / 16) * 16);
      padded.writeInt32LE(watch, 0);
      padded.writeUInt32LE(mask, 4);
      padded.writeUInt32LE(padded.length - 16, 12);
      padded.write(name, 16);
      return padded;
    };

    it('are decoded one after the other, whatever their length', () => {
      const text = Buffer.concat([notice(1, 0x20), notice(2, 0x28, 'a name'), notice(1, 0x20), notice(1, 0x8000)]);
      assert.deepEqual(decodeNotices(text, GATE_MEANINGS), {
        events: [
          { watch: 1, what: 'opened' },
          { watch: 2, what: 'opened' },
          { watch: 2, what: 'closedAfterWriting' },
          { watch: 1, what: 'ended' },
        ],
        overflow: false,
      });
    });

    it('tell of an overflow, and end where they are cut', () => {
      assert.deepEqual(decodeNotices(Buffer.concat([notice(-1, 0x4000), notice(3, 0x20)]), GATE_MEANINGS), {
        events: [{ watch: 3, what: 'opened' }],
        overflow: true,
      });
      assert.deepEqual(decodeNotices(notice(3, 0x20).subarray(0, 12), GATE_MEANINGS), { events: [], overflow: false });
      assert.deepEqual(decodeNotices(Buffer.alloc(0), GATE_MEANINGS), { events: [], overflow: false });
      const long = notice(3, 0x20);
      long.writeUInt32LE(0xffffffff, 12);
      assert.deepEqual(decodeNotices(long, GATE_MEANINGS).events, [{ watch: 3, what: 'opened' }]);
    });
  });

  it('wakes by SIGIO when no more signals can be queued', async function () {
    try {
      execFileSync('prlimit', ['--version'], { stdio: 'ignore' });
    } catch {
      skip(this, 'gate-system.quota', 'no prlimit here');
    }
    const limit = (value: string): Buffer =>
      execFileSync('prlimit', ['--pid', String(process.pid), `--sigpending=${value}`]);
    const { site } = lease();
    limit('0:');
    try {
      const answer = opener.ask(`open w ${path}`);
      assert.ok(bench.until('a broken lease', ({ leases }) => leases).leases);
      assert.deepEqual(site.waiting(1), [opener.pid]);
      site.letGo(1);
      assert.equal(await answer, 'OPEN');
      await opener.ask('close');
      site.lease(1);
      const again = opener.ask(`open w ${path}`);
      bench.until('a broken lease', ({ leases }) => leases);
      site.letGo(1);
      assert.equal(await again, 'OPEN');
    } finally {
      const hard = execFileSync('prlimit', [
        '--pid',
        String(process.pid),
        '--sigpending',
        '--noheadings',
        '--output=HARD',
      ]);
      limit(`${hard.toString().trim()}:`);
    }
  });

  it('finds a lease gone when the kernel has taken it, and can take it again', async function () {
    if (process.getuid?.() !== 0) {
      skip(this, 'gate-system.time', 'setting lease-break-time needs root');
    }
    const { site } = lease();
    await withSystemSetting('lease-break-time', '1', async () => {
      const answer = opener.ask(`open w ${path}`);
      bench.until('a broken lease', ({ leases }) => leases);
      assert.equal(site.leaseState(1), 'breaking');
      assert.equal(await answer, 'OPEN', 'the kernel does not wait longer');
      assert.equal(site.leaseState(1), 'gone');
      assert.deepEqual(site.waiting(1), []);
      site.letGo(1);
    });
    await opener.ask('close');
    site.lease(1);
    const answer = opener.ask(`open w ${path}`);
    bench.until('a broken lease', ({ leases }) => leases);
    assert.deepEqual(site.waiting(1), [opener.pid]);
    site.letGo(1);
    assert.equal(await answer, 'OPEN');
  });

  describe('a thread', () => {
    const keep = async (
      sleep: boolean,
      atRest = false,
    ): Promise<{ worker: Worker; orders: number; thread: number }> => {
      const script = join(projectFolder(), 'out', 'test', 'support', 'gateWorker.entry.cjs');
      const worker = new Worker(script, { workerData: { path, sleep, atRest } });
      const [{ orders, thread }] = (await within(10_000, 'the lease', once(worker, 'message'))) as [
        { orders: number; thread: number },
      ];
      return { worker, orders, thread };
    };
    const blocked = (thread: number | string): bigint => {
      const status = readFileSync(`/proc/self/task/${thread}/status`, 'latin1');
      return BigInt(`0x${/^SigBlk:\t(.*)$/m.exec(status)?.[1] ?? ''}`);
    };
    const ours = new RegExp(`LEASE +ACTIVE +READ +${String(process.pid)} `);
    const leases = (): number =>
      readFileSync('/proc/locks', 'latin1')
        .split('\n')
        .filter((line) => ours.test(line)).length;

    for (const way of ['exit', 'terminate'] as const) {
      it(`that ends by ${way} gives its leases up`, async () => {
        const before = leases();
        const { worker } = await keep(false);
        assert.equal(leases(), before + 1);
        const ended = once(worker, 'exit');
        if (way === 'exit') worker.postMessage('');
        else await worker.terminate();
        await within(10_000, 'the end of the thread', ended);
        assert.equal(leases(), before);
        assert.equal(await opener.ask(`open w ${path}`), 'OPEN');
      });
    }

    it('sleeps until it gets an order, and does not hear the signals, as others do', async () => {
      const { worker, orders, thread } = await keep(true);
      const signals = (1n << 49n) | (1n << 28n);
      assert.equal(blocked(thread) & signals, signals);
      assert.ok(readdirSync('/proc/self/task').some((other) => (blocked(other) & signals) === 0n));
      const woken = once(worker, 'message');
      writeSync(orders, ORDER);
      assert.deepEqual(await within(10_000, 'the order', woken), [{ ...NOTHING, orders: true }]);
      const ended = once(worker, 'exit');
      worker.postMessage('');
      await within(10_000, 'the end of the thread', ended);
    });

    it('is not given a processor while nothing is watched, whatever signals come to the process', async () => {
      const { worker, orders, thread } = await keep(true, true);
      try {
        const task = `/proc/self/task/${String(thread)}`;
        const switches = (): number =>
          Number(/^voluntary_ctxt_switches:\t(\d+)$/m.exec(readFileSync(`${task}/status`, 'latin1'))?.[1]);
        const asleep = performance.now() + 10_000;
        while (!readFileSync(`${task}/wchan`, 'latin1').includes('poll')) {
          assert.ok(performance.now() < asleep, 'it does not sleep');
          await immediate();
        }
        const before = switches();
        for (let child = 0; child < 5; child++) await once(spawn('true'), 'exit');
        assert.equal(switches(), before);
      } finally {
        // Nothing else ends its sleep.
        const woken = once(worker, 'message');
        writeSync(orders, ORDER);
        assert.deepEqual(await within(10_000, 'the order', woken), [{ ...NOTHING, orders: true }]);
        await worker.terminate();
      }
    });

    it('hears of its own leases and no others, also beside another that sleeps', async () => {
      const { worker, orders } = await keep(true);
      const other = join(directory, 'other');
      writeFileSync(other, '');
      const site = bench.site(other);
      site.take(1, bench.handed(other));
      site.lease(1);
      const woken = once(worker, 'message');
      const answer = opener.ask(`open w ${path}`);
      const [wake] = (await within(10_000, 'the broken lease', woken)) as [Wake];
      assert.ok(wake.leases);
      assert.deepEqual(bench.wait(0), NOTHING);
      assert.equal(site.leaseState(1), 'kept');
      writeSync(orders, ORDER);
      await worker.terminate();
      assert.equal(await answer, 'OPEN');
    });
  });

  describe('gateable', () => {
    for (const name of FILE_SYSTEMS) {
      if (name === 'host') continue;
      it(`knows ${name}`, function () {
        const mounted = mountFileSystem(name);
        if (typeof mounted === 'string') {
          skip(this, name === 'bindfs' ? 'clone.bindfs' : `gateable.${name}`, mounted);
        }
        const fd = openSync(mounted.directory, O_PATH);
        try {
          assert.deepEqual(
            gateable(fd, mounted.directory),
            name === 'bindfs'
              ? { gate: false, why: 'fileSystem', detail: '0x65735546' }
              : { gate: true, probe: name !== 'overlay' },
          );
        } finally {
          closeSync(fd);
          mounted.release();
        }
      });
    }

    it('is nothing where leases are off, or would never end', async function () {
      if (process.getuid?.() !== 0) {
        skip(this, 'gateable.settings', 'switching leases off needs root');
      }
      const fd = openSync(path, O_PATH);
      try {
        for (const name of ['leases-enable', 'lease-break-time']) {
          const found = await withSystemSetting(name, '0', () => gateable(fd, path));
          assert.deepEqual(found, { gate: false, why: 'leasesOff', detail: `${name} is 0` });
        }
      } finally {
        closeSync(fd);
      }
      assert.throws(
        () => gateable(-1, path),
        (thrown: unknown) => SystemError.is(thrown, 'ENOENT'),
      );
    });
  });
});
