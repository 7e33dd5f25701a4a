/** Programs that rules name, on the real kernel. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { SystemError } from '../../src/core/errors';
import type { Candidate, Named } from '../../src/core/holders/named';
import type { HolderFinder, UseWaiter } from '../../src/core/holders/ports';
import { openLookout } from '../../src/platform/select';
import { compiled } from '../support/compiled';
import { within } from '../support/deadline';
import { LineProgram } from '../support/lineProgram';
import { openDescriptors } from '../support/platform';
import { skip } from '../support/skip';

const deadline = 20_000;

describe('programs that rules name', function () {
  this.timeout(60_000);
  let finder: HolderFinder;
  let waiter: UseWaiter;
  let folder: string;
  let program: string;
  let descriptors: string[];
  const running: LineProgram[] = [];

  before(function () {
    if (process.platform !== 'linux') skip(this, 'named', 'only Linux');
  });
  beforeEach(async () => {
    const catcher = await compiled('catcher');
    descriptors = openDescriptors();
    ({ finder, waiter } = openLookout());
    folder = mkdtempSync(join(tmpdir(), 'holdfast-named-'));
    chmodSync(folder, 0o755);
    program = join(folder, 'catcher');
    copyFileSync(catcher, program);
  });
  afterEach(async () => {
    for (const one of running.splice(0)) await one.kill();
    waiter.close();
    assert.deepEqual(openDescriptors(), descriptors, 'descriptors leaked');
    rmSync(folder, { recursive: true });
  });

  async function start(path: string, ...args: readonly string[]): Promise<LineProgram> {
    const started = await LineProgram.start(path, ...args);
    running.push(started);
    return started;
  }
  const pids = (named: Named): readonly number[] => finder.named(named).map(({ process: { pid } }) => pid);
  const errnoOf = (named: Named): string | undefined => {
    try {
      finder.named(named);
      return undefined;
    } catch (thrown) {
      assert.ok(thrown instanceof SystemError);
      return thrown.errno;
    }
  };

  it('are found by the exact path of their executable, without their workers, and are sent what they catch', async () => {
    assert.deepEqual(pids({ executable: program }), []);
    const one = await start(program, join(folder, 'pid'), '3');
    const twin = join(folder, 'twin');
    copyFileSync(program, twin);
    const other = await start(twin);
    const [found] = finder.named({ executable: program });
    assert.ok(found);
    assert.deepEqual([pids({ executable: program }), found.program], [[one.pid], 'catcher']);
    assert.ok(found.caught.includes('SIGHUP'));
    assert.ok(Math.abs(found.since - Date.now()) < deadline);
    finder.signal(found.process, 'SIGHUP');
    assert.equal(await one.next(), 'hup');
    symlinkSync('twin', join(folder, 'link'));
    assert.deepEqual(pids({ executable: join(folder, 'link') }), [other.pid], 'through a link');
    const second = await start(program);
    assert.deepEqual([...pids({ executable: program })].sort(), [one.pid, second.pid].sort());
    for (const path of ['catcher', folder, `${program}2`, `${folder}/../catcher`, '/']) {
      assert.deepEqual(pids({ executable: path }), [], path);
    }
    // Another version is installed while it runs.
    renameSync(twin, program);
    assert.deepEqual([...pids({ executable: program })].sort(), [one.pid, second.pid, other.pid].sort());
  });

  it('are our own user’s only, and see the file system as we do', async function () {
    if (process.getuid?.() !== 0) skip(this, 'named.others', 'needs root to be another user');
    const other = await start('setpriv', '--reuid=65534', '--clear-groups', program);
    assert.deepEqual(pids({ executable: program }), []);
    const pidFile = join(folder, 'pid');
    writeFileSync(pidFile, String(other.pid));
    assert.equal(errnoOf({ pidFile }), 'EPERM');
    const contained = await start('unshare', '--mount', program);
    assert.deepEqual(pids({ executable: program }), [], 'in a container the path is another program’s');
    assert.equal(contained.lines.length, 1);
  });

  it('are found by a pid file, if nobody else can have written it', async () => {
    const pidFile = join(folder, 'run.pid');
    const one = await start(program, pidFile);
    assert.deepEqual(pids({ pidFile }), [one.pid]);
    assert.deepEqual(pids({ pidFile, executable: program }), [one.pid]);
    assert.equal(errnoOf({ pidFile, executable: '/usr/sbin/nginx' }), 'ESTALE');
    const link = join(folder, 'link.pid');
    symlinkSync(pidFile, link);
    assert.equal(errnoOf({ pidFile: link }), 'ELOOP');
    chmodSync(pidFile, 0o666);
    assert.equal(errnoOf({ pidFile }), 'EPERM');
    chmodSync(pidFile, 0o644);
    if (process.getuid?.() === 0) {
      chownSync(pidFile, 65534, 65534);
      assert.equal(errnoOf({ pidFile }), 'EPERM');
      chownSync(pidFile, 0, 0);
    }
    const pipe = join(folder, 'pipe.pid');
    execFileSync('mkfifo', [pipe]);
    assert.equal(errnoOf({ pidFile: pipe }), 'EINVAL');
    mkdirSync(join(folder, 'folder.pid'));
    assert.equal(errnoOf({ pidFile: join(folder, 'folder.pid') }), 'EINVAL');
    if (process.getuid?.() === 0) {
      chownSync(pidFile, 0, 65534);
      chmodSync(pidFile, 0o664);
      assert.equal(errnoOf({ pidFile }), 'EPERM', 'a group that is not ours may write it');
      chownSync(pidFile, 0, 0);
      assert.deepEqual(pids({ pidFile }), [one.pid]);
      chmodSync(pidFile, 0o644);
    }
    for (const text of ['', 'x', '-1', '0', '1', `-${String(one.pid)}`, `$(echo ${String(one.pid)})`]) {
      writeFileSync(pidFile, text);
      assert.equal(errnoOf({ pidFile }), 'EBADMSG', JSON.stringify(text));
    }
    writeFileSync(pidFile, String(one.pid));
    assert.deepEqual(pids({ pidFile }), [one.pid]);
    await one.kill();
    assert.deepEqual(pids({ pidFile }), [], 'it has ended');
    rmSync(pidFile);
    assert.deepEqual(pids({ pidFile }), [], 'there is none');
  });

  it('are the first process only where its executable is named, too', function () {
    if (process.pid !== 1) {
      // Its own first process, as in a container.
      const words = [
        process.execPath,
        require.resolve('mocha/bin/mocha.js'),
        __filename,
        '--fgrep',
        'are the first process',
      ];
      const inside = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', ...words], { encoding: 'utf8' });
      if (inside.stderr.startsWith('unshare:')) skip(this, 'named.first', inside.stderr.trim());
      assert.match(inside.stdout, /\b1 passing\b/, inside.stdout + inside.stderr);
      return;
    }
    const pidFile = join(folder, 'first.pid');
    writeFileSync(pidFile, '1\n');
    assert.equal(errnoOf({ pidFile }), 'EBADMSG');
    assert.equal(errnoOf({ pidFile, executable: program }), 'ESTALE');
    assert.deepEqual(pids({ pidFile, executable: process.execPath }), [1]);
    assert.deepEqual(pids({ executable: process.execPath }), [1]);
  });

  it('are not those that were given the number in a pid file since it was written', async () => {
    const pidFile = join(folder, 'run.pid');
    const one = await start(program, pidFile);
    // As if another one had written it, and had left it behind.
    const before = (finder.named({ pidFile })[0]?.since ?? 0) / 1000 - 60;
    utimesSync(pidFile, before, before);
    for (const named of [{ pidFile }, { pidFile, executable: program }]) assert.equal(errnoOf(named), 'ESTALE');
    assert.deepEqual(one.lines, ['READY']);
  });

  it('are not a stranger that has the very pid of one that has ended', async function () {
    if (process.getuid?.() !== 0) skip(this, 'named.reused', 'only root can choose the next pid');
    const pidFile = join(folder, 'run.pid');
    const one = await start(program, pidFile);
    const [found] = finder.named({ pidFile });
    assert.ok(found);
    const gone = within(deadline, 'its end', one.kill());
    await gone;
    for (let tries = 0; tries < 500; tries++) {
      try {
        writeFileSync('/proc/sys/kernel/ns_last_pid', String(one.pid - 1));
      } catch (thrown) {
        skip(this, 'named.reused', `the next pid cannot be chosen: ${String(thrown)}`);
      }
      const stranger = spawn(program, { stdio: ['ignore', 'pipe', 'ignore'] });
      const over = new Promise((resolve) => stranger.once('exit', resolve));
      try {
        const ready = new Promise((resolve) => stranger.stdout.once('data', resolve));
        await within(deadline, 'it is ready', ready);
        if (stranger.pid !== one.pid || beganAt(finder.named({ executable: program })) < found.since + 500) continue;
        assert.equal(errnoOf({ pidFile }), 'ESTALE');
        assert.equal(errnoOf({ pidFile, executable: program }), 'ESTALE', 'though it is the same program');
        assert.throws(
          () => {
            finder.signal(found.process, 'SIGHUP');
          },
          (thrown) => SystemError.is(thrown, 'ESRCH'),
        );
        assert.deepEqual([stranger.exitCode, stranger.signalCode], [null, null]);
        return;
      } finally {
        stranger.kill('SIGKILL');
        await within(deadline, 'the end of the stranger', over);
      }
    }
    skip(this, 'named.reused', 'others took the pid each time');
  });
});

/** When the one that was found began. */
function beganAt([found]: readonly Candidate[]): number {
  return found?.since ?? 0;
}
