/** The lookout's thread on the real kernel, with real holders. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import type { FileInUse } from '../../src/core/holders/inUse';
import { lookout } from '../../src/core/holders/limits';
import type { LookoutEvent } from '../../src/core/holders/service';
import { parseStartTime } from '../../src/core/linux/proc';
import { LookoutClient } from '../../src/keeper/lookoutClient';
import { compiled } from '../support/compiled';
import { within } from '../support/deadline';
import { projectFolder } from '../support/editor/installations';
import { mountFileSystem } from '../support/filesystems';
import { LineProgram } from '../support/lineProgram';
import { openDescriptors } from '../support/platform';
import { skip } from '../support/skip';

const deadline = 20_000;

describe('the lookout', function () {
  this.timeout(60_000);
  let folder: string;
  let client: LookoutClient;
  let events: LookoutEvent[];
  let descriptors: string[];
  let threads: readonly string[];

  before(function () {
    if (process.platform !== 'linux') skip(this, 'lookout', 'only Linux');
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-lookout-'));
    events = [];
    descriptors = openDescriptors();
    threads = readdirSync('/proc/self/task');
    client = new LookoutClient(join(projectFolder(), 'out/src/keeper/lookout.cjs'), 1, (event) => events.push(event));
  });

  afterEach(async () => {
    await client.stop();
    rmSync(folder, { recursive: true });
    assert.deepEqual(
      events.filter(({ kind }) => kind !== 'lookoutReady'),
      [],
    );
    // Its eventfd stays for the life of the process.
    const left = openDescriptors().filter((one) => !descriptors.includes(one) && !one.includes('eventfd'));
    assert.deepEqual(left, []);
  });

  function file(name: string, text = 'content\n'): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  }

  function watched(path: string, what: string, as: (known: FileInUse) => boolean): Promise<FileInUse> {
    const seen = new Promise<FileInUse>((resolve) => {
      const look = (): void => {
        const known = client.of(path);
        if (known && as(known)) resolve(known);
      };
      client.onDidChange(look);
      look();
    });
    return within(deadline, what, seen);
  }

  it('tells who opens a watched file, and when that ends', async () => {
    const path = file('data');
    assert.equal(client.looking, false, 'nothing is to be watched');
    client.watch([path]);
    assert.equal(client.looking, true);
    await watched(path, 'the first look', ({ current }) => current?.holders.length === 0);
    assert.equal(client.looking, false);
    const opener = await LineProgram.start(await compiled('opener'));
    await opener.ask(`open r ${path}`);
    const known = await watched(path, 'the holder', ({ current }) => current?.holders.length === 1);
    const [holder] = known.current?.holders ?? [];
    assert.deepEqual([holder?.process.pid, holder?.harm], [opener.pid, 'open']);
    assert.ok(Math.abs((holder?.since ?? 0) - Date.now()) < deadline, 'it has just begun');
    await opener.ask('close');
    await watched(path, 'the end', ({ current }) => current?.holders.length === 0);
    await opener.end();
  });

  it('tells of a mapping, whose descriptor is closed, and when it is given back', async () => {
    const path = file('library');
    client.watch([path]);
    const mapper = await LineProgram.start(await compiled('mapper'), 'private', path);
    const known = await watched(path, 'the holder', ({ current }) => current?.holders.length === 1);
    assert.equal(known.current?.holders[0]?.harm, 'mapped');
    await mapper.end();
    await watched(path, 'the end', ({ current }) => current?.holders.length === 0);
  });

  it('follows a running script: its line, the version that it keeps, and its end', async () => {
    // Each step runs a program, which waits for a line.
    const steps = Array.from({ length: 20 }, (_, index) => `sh -c 'read x'; echo ${String(index + 2)}`);
    const text = ['#!/usr/bin/env bash', 'echo READY', ...steps, ''].join('\n');
    const path = file('job.sh', text);
    client.watch([path]);
    const script = await LineProgram.start('bash', path);
    const line = ({ current, older }: FileInUse): number =>
      [...(current ? [current] : []), ...older].flatMap(({ holders }) => holders)[0]?.line ?? 0;
    const before = await watched(path, 'the first step', (known) => line(known) === 3);
    assert.equal(before.current?.holders[0]?.harm, 'readsAsItRuns');
    for (const number of [2, 3, 4]) assert.equal(await script.ask(), String(number));
    await watched(path, 'the fourth step', (known) => line(known) === 6);
    writeFileSync(`${path}.new`, `# Another one.\n${text}`);
    renameSync(`${path}.new`, path);
    const after = await watched(path, 'the new version', ({ older }) => older.length === 1);
    assert.deepEqual(after.current?.holders, []);
    assert.ok(Math.abs(after.current.since - Date.now()) < deadline);
    for (const number of [5, 6, 7]) assert.equal(await script.ask(), String(number));
    await watched(path, 'the seventh step, in its own version', (known) => line(known) === 9);
    await script.kill();
    await watched(path, 'its end', ({ older }) => older.length === 0);
  });

  it('finds the file again after it was gone', async () => {
    const path = file('data');
    client.watch([path]);
    await watched(path, 'the first look', ({ current }) => current !== undefined);
    rmSync(path);
    await watched(
      path,
      'that it is gone',
      ({ current, problem }) => current === undefined && problem?.errno === 'ENOENT',
    );
    file('data', 'again\n');
    await watched(path, 'that it is there', ({ current, problem }) => current?.size === 6 && problem === undefined);
  });

  for (const name of ['ext4', 'xfs', 'btrfs', 'tmpfs', 'overlay', 'bindfs'] as const) {
    it(`lets ${name} be unmounted while nobody has the file, and finds it when it is mounted again`, async function () {
      const mounted = mountFileSystem(name);
      if (typeof mounted === 'string') skip(this, `lookout.${name}`, mounted);
      try {
        const path = join(mounted.directory, 'data');
        const [replaced, missing] = [join(mounted.directory, 'replaced'), join(mounted.directory, 'missing')];
        for (const one of [path, replaced]) writeFileSync(one, 'content\n');
        client.watch([path, replaced, missing]);
        for (const one of [path, replaced])
          await watched(one, 'the first look', ({ current }) => current !== undefined);
        await watched(missing, 'the first look', ({ problem }) => problem?.errno === 'ENOENT');
        const openers = [
          await LineProgram.start(await compiled('opener')),
          await LineProgram.start(await compiled('opener')),
        ];
        for (const [index, one] of [path, replaced].entries()) {
          await openers[index]?.ask(`open r ${one}`);
          await watched(one, 'the holder', ({ current }) => current?.holders.length === 1);
        }
        writeFileSync(`${replaced}.new`, 'another\n');
        renameSync(`${replaced}.new`, replaced);
        await watched(replaced, 'who has the older version', ({ older }) => older.length === 1);
        assert.throws(() => {
          mounted.unmount();
        }, 'it is in use');
        for (const opener of openers) await opener.ask('close');
        await watched(path, 'the end', ({ current }) => current?.holders.length === 0);
        await watched(replaced, 'the end', ({ older }) => older.length === 0);
        mounted.unmount();
        await watched(path, 'that it is gone', ({ current, problem }) => !current && problem?.errno === 'ENOENT');
        mounted.mountAgain();
        if (name !== 'tmpfs') {
          const known = await watched(path, 'that it is there', ({ current }) => current !== undefined);
          assert.deepEqual([known.current?.size, known.problem], [8, undefined]);
          await openers[0]?.ask(`open r ${path}`);
          await watched(path, 'the holder', ({ current }) => current?.holders.length === 1);
        }
        for (const opener of openers) await opener.end();
        await watched(path, 'its end', ({ current }) => (current?.holders.length ?? 0) === 0);
      } finally {
        mounted.release();
      }
    });
  }

  it('sees another file system that is mounted over a file’s folder, and the file again below it', async function () {
    if (process.getuid?.() !== 0) skip(this, 'lookout.mountedOver', 'needs root to mount');
    const path = file('data');
    client.watch([path]);
    await watched(path, 'the first look', ({ current }) => current?.size === 8);
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', folder]);
    try {
      await watched(path, 'that it is covered', ({ problem }) => problem?.errno === 'ENOENT');
      file('data', 'above\n');
      await watched(path, 'the file above', ({ current }) => current?.size === 6);
    } finally {
      execFileSync('umount', [folder]);
    }
    await watched(path, 'the file below', ({ current }) => current?.size === 8);
  });

  it('follows symbolic links that are made to lead elsewhere, also where they lead to a folder', async () => {
    for (const version of ['one', 'other']) {
      mkdirSync(join(folder, version));
      file(join(version, 'data'), version);
    }
    const [current, link] = [join(folder, 'current'), join(folder, 'link')];
    symlinkSync('one', current);
    symlinkSync('current/data', link);
    const paths = [join(current, 'data'), link];
    client.watch(paths);
    for (const path of paths) await watched(path, 'the first look', (known) => known.current?.size === 3);
    symlinkSync('other', `${current}.new`);
    renameSync(`${current}.new`, current);
    for (const path of paths) await watched(path, 'the other folder', (known) => known.current?.size === 5);
    rmSync(link);
    symlinkSync('one/data', link);
    await watched(link, 'the other file', (known) => known.current?.size === 3);
    renameSync(current, `${current}.old`);
    await watched(paths[0] ?? '', 'that it leads nowhere', ({ problem }) => problem?.errno === 'ENOENT');
  });

  it('keeps to itself: at rest nothing wakes it, and looking wakes it only once', async () => {
    const paths = Array.from({ length: 1_000 }, (_, index) => file(`file-${String(index)}`));
    client.watch(paths);
    await watched(paths.at(-1) ?? '', 'the first look', ({ current }) => current !== undefined);
    const own = readdirSync('/proc/self/task').filter((task) => !threads.includes(task));
    // Each look opens the file to ask who has it, which the watch sees.
    for (const path of paths.slice(0, 20)) client.look(path);
    const counts: number[] = [];
    for (let seconds = 0; seconds < 10 && counts.at(-1) !== 0; seconds++) {
      const before = switches(own);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      counts.push(switches(own) - before);
    }
    assert.equal(counts.at(-1), 0, `context switches in each second: ${counts.join(', ')}`);
  });

  it('asks the very process to end, and no other that has its pid', async () => {
    const path = file('data');
    client.watch([path]);
    await watched(path, 'the first look', ({ current }) => current !== undefined);
    const sleeper = spawn('sleep', ['600'], { stdio: 'ignore' });
    try {
      const ended = new Promise((resolve) => sleeper.once('exit', (_code, signal) => resolve(signal)));
      const pid = sleeper.pid ?? 0;
      const stat = readFileSync(`/proc/${String(pid)}/stat`, 'latin1');
      const started = Number(stat.slice(stat.lastIndexOf(')')).split(' ')[20]);
      const other = await client.signal({ pid, started: started + 1 }, 'SIGTERM');
      assert.equal(other?.errno, 'ESRCH');
      assert.equal(sleeper.exitCode, null);
      assert.equal(await client.signal({ pid, started }, 'SIGTERM'), undefined);
      assert.equal(await within(deadline, 'its end', ended), 'SIGTERM');
      const gone = await client.signal({ pid, started }, 'SIGTERM');
      assert.equal(gone?.errno, 'ESRCH');
    } finally {
      sleeper.kill('SIGKILL');
    }
  });

  /** As a holder's process is known. */
  function keyOf(pid: number): { readonly pid: number; readonly started: number } {
    return { pid, started: Number(parseStartTime(readFileSync(`/proc/${String(pid)}/stat`, 'latin1')).value) };
  }

  it('sends a signal to who catches it, and to no other', async () => {
    const path = file('data');
    client.watch([path]);
    await watched(path, 'the first look', ({ current }) => current !== undefined);
    const program = [
      'import signal, sys',
      "signal.signal(signal.SIGHUP, lambda *_: print('hup', flush=True))",
      'signal.signal(signal.SIGUSR1, signal.SIG_IGN)',
      "print('ready', flush=True)",
      'while True: signal.pause()',
    ].join('\n');
    const child = spawn('python3', ['-c', program], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const said = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const next = async (): Promise<unknown> => (await within(deadline, 'its next line', said.next())).value;
      assert.equal(await next(), 'ready');
      const key = keyOf(child.pid ?? 0);
      const inspected = await client.inspect(key);
      assert.ok(!('errno' in inspected));
      assert.deepEqual(
        inspected.caught.filter((name) => ['SIGHUP', 'SIGUSR1', 'SIGUSR2'].includes(name)),
        ['SIGHUP'],
      );
      assert.equal(inspected.executable, readlinkSync(`/proc/${String(key.pid)}/exe`));
      for (const signal of ['SIGUSR1', 'SIGUSR2'] as const) {
        assert.equal((await client.signal(key, signal))?.errno, 'ENOTSUP', signal);
      }
      const another = { ...key, started: key.started + 1 };
      assert.equal((await client.signal(another, 'SIGHUP'))?.errno, 'ESRCH');
      assert.deepEqual('errno' in (await client.inspect(another)), true);
      assert.equal(await client.signal(key, 'SIGHUP'), undefined);
      assert.equal(await next(), 'hup');
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('sends nothing to a process that was given the pid of one that has ended', async function () {
    if (process.getuid?.() !== 0) skip(this, 'lookout.reused', 'only root can choose the next pid');
    const path = file('data');
    client.watch([path]);
    await watched(path, 'the first look', ({ current }) => current !== undefined);
    const catching = ['-c', "trap 'exit 7' HUP; while :; do sleep 0.05; done"];
    const first = spawn('dash', catching, { stdio: 'ignore' });
    const key = keyOf(first.pid ?? 0);
    const ended = new Promise((resolve) => first.once('exit', resolve));
    first.kill('SIGKILL');
    await within(deadline, 'the end of the first', ended);
    for (let tries = 0; tries < 200; tries++) {
      try {
        writeFileSync('/proc/sys/kernel/ns_last_pid', String(key.pid - 1));
      } catch (thrown) {
        skip(this, 'lookout.reused', `the next pid cannot be chosen: ${String(thrown)}`);
      }
      const second = spawn('dash', catching, { stdio: 'ignore' });
      try {
        // A hundredth of a second is one moment to the kernel: nobody clicks so fast.
        if (second.pid !== key.pid || keyOf(key.pid).started === key.started) continue;
        for (const signal of ['SIGHUP', 'SIGTERM'] as const) {
          assert.equal((await client.signal(key, signal))?.errno, 'ESRCH', signal);
        }
        assert.equal('errno' in (await client.inspect(key)), true);
        assert.deepEqual([second.exitCode, second.signalCode], [null, null]);
        return;
      } finally {
        const over = new Promise((resolve) => second.once('exit', resolve));
        second.kill('SIGKILL');
        await within(deadline, 'the end of the second', over);
      }
    }
    skip(this, 'lookout.reused', 'others took the pid each time');
  });

  it('reads the bytes that a program runs, as long as somebody has them, and not more than so many', async () => {
    const steps = "sh -c 'read x'\n".repeat(3);
    const text = `#!/usr/bin/env bash\necho READY\n${steps}# \u00e9 \0\n`;
    const path = file('job.sh', text);
    client.watch([path]);
    const script = await LineProgram.start('bash', path);
    const holds = ({ current }: FileInUse): boolean => current?.holders.length === 1;
    const holder = (await watched(path, 'the script', holds)).current?.holders[0];
    assert.ok(holder);
    writeFileSync(`${path}.new`, 'another\n');
    renameSync(`${path}.new`, path);
    const known = await watched(path, 'the new version', ({ older }) => older.length === 1);
    assert.equal(known.older[0]?.gone, undefined);
    const bytes = await client.read(path, holder.process);
    assert.ok(!('errno' in bytes), JSON.stringify(bytes));
    assert.equal(Buffer.from(bytes).toString(), text);
    assert.equal('errno' in (await client.read(join(folder, 'other'), holder.process)), true, 'it has no other file');
    const another = await client.read(path, { ...holder.process, started: holder.process.started + 1 });
    assert.equal('errno' in another && another.errno, 'ESRCH');
    await script.kill();
    await watched(path, 'its end', ({ older }) => older.length === 0);
    const gone = await client.read(path, holder.process);
    assert.equal('errno' in gone && gone.errno, 'ESRCH');
    const large = file('large', '');
    truncateSync(large, lookout.compared + 1);
    client.watch([path, large]);
    const opener = await LineProgram.start(await compiled('opener'));
    await opener.ask(`open r ${large}`);
    const opened = (await watched(large, 'its holder', holds)).current?.holders[0];
    const refused = await client.read(large, opened?.process ?? holder.process);
    assert.equal('errno' in refused && refused.errno, 'EFBIG');
    await opener.end();
  });

  it('says that somebody has it who may not be looked into', async function () {
    if (process.getuid?.() !== 0) skip(this, 'lookout.unnamed', 'only root can be somebody else');
    chmodSync(folder, 0o755);
    const path = file('data');
    const opener = await LineProgram.start(await compiled('opener'));
    await opener.ask(`open r ${path}`);
    const asNobody = await LineProgram.start(
      process.execPath,
      join(projectFolder(), 'out/test/support/strangerLookout.entry.cjs'),
      path,
    );
    assert.equal(await asNobody.next(), 'unnamed');
    await opener.ask('close');
    assert.equal(await asNobody.next(), 'free');
    await asNobody.end();
    await opener.end();
  });
});

/** Voluntary and involuntary context switches of these threads. */
function switches(tasks: readonly string[]): number {
  return tasks
    .map((task) => readFileSync(`/proc/self/task/${task}/status`, 'latin1'))
    .flatMap((status) => [...status.matchAll(/ctxt_switches:\s+(\d+)/g)])
    .reduce((sum, [, count]) => sum + Number(count), 0);
}
