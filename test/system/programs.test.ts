/** Commands of rules, as they are run. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Programs } from '../../src/keeper/programs';
import { within } from '../support/deadline';
import { skip } from '../support/skip';

const deadline = 20_000;

describe('commands of rules', function () {
  this.timeout(60_000);
  let folder: string;
  const run = (...words: readonly string[]): ReturnType<Programs['run']> =>
    within(deadline, 'the end of a command', new Programs().run(words, folder));

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-programs-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('get their words as they are, in their folder, without what the editor sets for itself', async () => {
    const script = join(folder, 'say');
    writeFileSync(script, `#!/bin/sh\n{ pwd; printf '[%s]' "$@"; echo; env; } >said\n`, { mode: 0o755 });
    process.env['VSCODE_HOLDFAST_TEST'] = 'x';
    process.env['HOLDFAST_TEST_KEPT'] = 'x';
    try {
      assert.equal(await run('./say', '', 'a b', '$(touch owned)', '`touch owned`', "';touch owned;'", '*'), undefined);
    } finally {
      delete process.env['VSCODE_HOLDFAST_TEST'];
      delete process.env['HOLDFAST_TEST_KEPT'];
    }
    const [at, words, ...env] = readFileSync(join(folder, 'said'), 'utf8').split('\n');
    assert.deepEqual([at, words], [folder, "[][a b][$(touch owned)][`touch owned`][';touch owned;'][*]"]);
    assert.equal(existsSync(join(folder, 'owned')), false);
    assert.ok(env.includes('HOLDFAST_TEST_KEPT=x'));
    assert.deepEqual(
      env.filter((line) => line.startsWith('VSCODE_')),
      [],
    );
  });

  it('fail for a reason: its status, its signal, what it said last, or that there is none', async () => {
    const failed = await run('sh', '-c', 'echo first >&2; echo the reason >&2; exit 3');
    assert.deepEqual([failed?.errno, failed?.detail, failed?.path], ['EXIT3', 'first\nthe reason', 'sh']);
    const long = await run('sh', '-c', 'yes | head -c 1000000 >&2; echo the end >&2; exit 1');
    assert.match(long?.detail ?? '', /\ny\nthe end$/);
    assert.ok((long?.detail.length ?? Infinity) <= 4096);
    assert.equal((await run('sh', '-c', 'kill -9 $$'))?.errno, 'SIGKILL');
    assert.equal((await run('no-such-program-here'))?.errno, 'ENOENT');
    assert.equal((await run(folder))?.errno, 'EACCES');
    assert.equal(await run('true'), undefined);
  });

  it('fail for a reason also where they cannot be started at all', async () => {
    writeFileSync(join(folder, 'file'), '');
    assert.equal((await run(join(folder, 'file', 'program')))?.errno, 'ENOTDIR');
    assert.equal((await run(`/${'x'.repeat(9_000)}`))?.errno, 'ENAMETOOLONG');
    const long = await run('true', 'x'.repeat(1 << 18));
    assert.deepEqual([long?.operation, long?.path, long?.errno], ['run', 'true', 'E2BIG']);
    const none = await within(deadline, 'no end', new Programs().run(['true'], join(folder, 'none')));
    assert.equal(none?.errno, 'ENOENT');
  });

  it('fail for a reason where we have no descriptor left for them', async function () {
    if (process.platform !== 'linux') skip(this, 'programs.descriptors', 'only Linux');
    const limit = (soft: string): void => {
      execFileSync('prlimit', [`--pid=${String(process.pid)}`, `--nofile=${soft}:`]);
    };
    const [, soft = ''] = /^Max open files +(\S+)/m.exec(readFileSync('/proc/self/limits', 'latin1')) ?? [];
    const taken: number[] = [];
    limit(String(Math.max(...readdirSync('/proc/self/fd').map(Number)) + 20));
    try {
      try {
        for (;;) taken.push(openSync('/dev/null', 'r'));
      } catch (thrown) {
        assert.equal((thrown as NodeJS.ErrnoException).code, 'EMFILE');
      }
      const failed = await run('true');
      assert.equal(failed?.errno, 'EMFILE');
    } finally {
      for (const fd of taken) closeSync(fd);
      limit(soft);
    }
    assert.equal(await run('true'), undefined);
  });

  it('leave nothing behind that does not want to end, when they themselves end at once', async () => {
    const child = "trap '' TERM; echo $$ >pid; while :; do sleep 1; done";
    const script = `sh -c "$1" >/dev/null 2>&1 & while :; do sleep 0.1; done`;
    const failed = await within(deadline, 'its end', new Programs(500).run(['sh', '-c', script, 'sh', child], folder));
    assert.equal(failed?.errno, 'ETIMEDOUT');
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    const ends = performance.now() + deadline;
    while (runs(pid) && performance.now() < ends) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(runs(pid), false, 'what it has started is no more');
  });

  it('are stopped when they take too long, with all that they have started, also what does not want to', async () => {
    const began = performance.now();
    const script = "trap '' TERM; sh -c 'trap \"\" TERM; echo $$ >pid; while :; do sleep 1; done'";
    const failed = await within(deadline, 'its end', new Programs(300).run(['sh', '-c', script], folder));
    assert.equal(failed?.errno, 'ETIMEDOUT');
    assert.ok(performance.now() - began >= 300);
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    const ends = performance.now() + deadline;
    while (runs(pid) && performance.now() < ends) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(runs(pid), false, 'what it has started is no more');
  });

  it('are over when they have ended, whatever they have started', async () => {
    const began = performance.now();
    assert.equal(await run('sh', '-c', 'sleep 600 & echo $! >pid'), undefined);
    assert.ok(performance.now() - began < deadline);
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    assert.ok(existsSync(`/proc/${String(pid)}`), 'a daemon lives on');
    process.kill(pid, 'SIGKILL');
  });
});

function runs(pid: number): boolean {
  try {
    return !/\) [ZX]/.test(readFileSync(`/proc/${String(pid)}/stat`, 'latin1'));
  } catch {
    return false;
  }
}
