import assert from 'node:assert/strict';

import {
  fittingActions,
  isIgnored,
  lastingActions,
  offeredActions,
  type HolderFacts,
} from '../../../../src/core/reopen/actions';
import { processStarted } from '../../../../src/core/reopen/debugged';
import { canBeTypedAgain } from '../../../../src/core/reopen/rerun';
import { actionLabel, newsMessage, plainReason } from '../../../../src/core/reopen/sentences';
import { meantSignals } from '../../../../src/core/reopen/signals';
import { looksLikeText } from '../../../../src/core/reopen/text';
import { saysCanReload, systemctlWords } from '../../../../src/core/reopen/units';
import { english } from '../../../../src/core/text';
import { at, bash, generation, holder, minute } from '../../../support/fakes/filesInUse';

const nothing: HolderFacts = { inspected: { caught: [] }, canReload: false, canRerun: false, mayRule: false };
const version = generation([], 31 * minute);

describe('what can be done about a program with an older version', () => {
  const caught = (...names: readonly string[]): HolderFacts => ({ ...nothing, inspected: { caught: names } });

  it('is to compare, as long as its bytes are there, and to ignore it', () => {
    assert.deepEqual(fittingActions(bash(7, 2), version, nothing, 1000), ['compare', 'ignore']);
    assert.deepEqual(fittingActions(holder(7, 'loaded'), { gone: true }, nothing, 1000), ['ignore']);
  });

  it('is to send it what it catches, if it is ours', () => {
    const facts = caught('SIGHUP', 'SIGTERM', 'SIGUSR2');
    const daemon = holder(7, 'mapped');
    assert.deepEqual(fittingActions(daemon, version, facts, 1000), ['SIGHUP', 'SIGUSR2', 'compare', 'ignore']);
    assert.deepEqual(fittingActions(daemon, version, facts, 2000), ['compare', 'ignore']);
    assert.deepEqual(fittingActions(daemon, version, facts, undefined), ['compare', 'ignore']);
  });

  it('has two of them in the notification: what helps, and the comparison', () => {
    const all: HolderFacts = {
      inspected: { caught: ['SIGHUP', 'SIGUSR1'] },
      canReload: true,
      canRerun: true,
      mayRule: false,
    };
    const daemon = holder(7, 'loaded');
    assert.deepEqual(offeredActions(fittingActions(daemon, version, all, 1000), daemon), ['rerun', 'compare']);
    const unit = { ...all, canRerun: false };
    assert.deepEqual(offeredActions(fittingActions(daemon, version, unit, 1000), daemon), ['reloadUnit', 'compare']);
    const loaded = fittingActions(daemon, { gone: true }, caught('SIGHUP'), 1000);
    assert.deepEqual(offeredActions(loaded, daemon), ['SIGHUP', 'ignore']);
    const mapped = holder(7, 'mapped');
    assert.deepEqual(offeredActions(fittingActions(mapped, version, caught('SIGUSR1'), 1000), mapped), ['ignore']);
    assert.deepEqual(offeredActions(fittingActions(bash(7, 2), version, nothing, 1000), bash(7, 2)), [
      'compare',
      'ignore',
    ]);
  });

  it('is to start again what VS Code has started it by', () => {
    for (const restart of ['restartTask', 'restartDebugging'] as const) {
      const fitting = fittingActions(bash(7, 2), version, { ...nothing, restart }, 1000);
      assert.deepEqual(fitting, [restart, 'compare', 'ignore']);
      assert.deepEqual(offeredActions(fitting, bash(7, 2)), [restart, 'compare']);
    }
  });

  it('is to do it always, where a rule can: not for a signal to what runs other scripts as well', () => {
    const inspected = { caught: ['SIGHUP', 'SIGUSR1'], executable: '/opt/program7' };
    const facts: HolderFacts = { inspected, canReload: false, canRerun: false, mayRule: true };
    const daemon = holder(7, 'mapped');
    const fitting = fittingActions(daemon, version, facts, 1000);
    assert.deepEqual(fitting, ['SIGHUP', 'SIGUSR1', 'always', 'compare', 'ignore']);
    assert.deepEqual(offeredActions(fitting, daemon), ['SIGHUP', 'always']);
    assert.deepEqual(lastingActions(daemon, facts, 1000), ['SIGHUP', 'SIGUSR1']);
    assert.deepEqual(lastingActions(daemon, { ...facts, canReload: true }, 2000), ['reloadUnit']);
    assert.deepEqual(fittingActions(daemon, version, { ...facts, mayRule: false }, 1000).includes('always'), false);
    assert.deepEqual(lastingActions(daemon, { ...facts, inspected: { caught: ['SIGHUP'] } }, 1000), []);
    const python = holder(7, 'loaded', { program: 'python3.11' });
    assert.deepEqual(fittingActions(python, { gone: true }, facts, 1000), ['SIGHUP', 'SIGUSR1', 'ignore']);
    assert.deepEqual(lastingActions(python, { ...facts, canReload: true }, 1000), ['reloadUnit']);
    const busybox = holder(7, 'loaded', { program: 'busybox' });
    assert.deepEqual(fittingActions(busybox, { gone: true }, facts, 1000), ['ignore']);
    assert.deepEqual(lastingActions(busybox, { ...facts, canReload: true }, 1000), ['reloadUnit']);
    const rerun = fittingActions(daemon, version, { ...facts, canRerun: true }, 1000);
    assert.deepEqual(offeredActions(rerun, holder(7, 'loaded')), ['rerun', 'compare']);
    const label = actionLabel('always', { name: 'a.conf', holder: daemon, inspected });
    assert.equal(english(label), 'Always Do This for a.conf');
  });

  it('is not told where the setting names it, exactly', () => {
    const program = { program: 'node' };
    const inspected = { executable: '/usr/bin/node' };
    for (const entry of ['node', '/usr/bin/node']) assert.equal(isIgnored(['bash', entry], program, inspected), true);
    for (const entry of ['', 'nod', 'node*', '*', '/usr/bin', '/usr/bin/nod', 'bin/node']) {
      assert.equal(isIgnored([entry], program, inspected), false, entry);
    }
    assert.equal(isIgnored([''], { program: '' }, {}), false);
    assert.equal(isIgnored(['/usr/bin/node'], program, {}), false);
  });
});

describe('the process that a debug adapter has started', () => {
  const said = (body: unknown): unknown => ({ type: 'event', event: 'process', body });

  it('is the one that it tells, on this machine', () => {
    assert.equal(processStarted(said({ name: 'x', systemProcessId: 42 })), 42);
    assert.equal(processStarted(said({ systemProcessId: 42, isLocalProcess: true, startMethod: 'launch' })), 42);
    assert.equal(processStarted(said({ systemProcessId: 42, isLocalProcess: false })), undefined);
    assert.equal(processStarted(said({ systemProcessId: 42, startMethod: 'attach' })), undefined);
  });

  it('is none in anything else that it may send', () => {
    for (const pid of ['42', 0, 1, -42, 1.5, NaN, Infinity, null, {}]) {
      assert.equal(processStarted(said({ systemProcessId: pid })), undefined);
    }
    for (const message of [undefined, null, 7, 'process', [], {}, said(undefined), said(null)]) {
      assert.equal(processStarted(message), undefined);
    }
    assert.equal(processStarted({ type: 'response', event: 'process', body: { systemProcessId: 42 } }), undefined);
    assert.equal(processStarted({ type: 'event', event: 'output', body: { systemProcessId: 42 } }), undefined);
  });
});

describe('signals that a program means', () => {
  const all = ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGCHLD'];

  it('are those that it catches', () => {
    assert.deepEqual(meantSignals('nginx', all), ['SIGHUP', 'SIGUSR1', 'SIGUSR2']);
    assert.deepEqual(meantSignals('python3.11', ['SIGHUP', 'SIGINT']), ['SIGHUP']);
    assert.deepEqual(meantSignals('sleep', []), []);
  });

  it('are none of those that a runtime catches for itself', () => {
    for (const program of [
      'bash',
      'zsh',
      'mksh',
      'dash',
      'fish',
      'ruby3.1',
      'php8.2',
      'java',
      'busybox',
      'busybox.static',
    ]) {
      assert.deepEqual(meantSignals(program, all), [], program);
    }
    assert.deepEqual(meantSignals('node', all), ['SIGHUP', 'SIGUSR2']);
    // Go's takes them all.
    assert.deepEqual(meantSignals('caddy', [...all, 'SIGSTKFLT', 'SIGPWR']), []);
  });
});

describe('a command line', () => {
  it('is run again if it is one line, and names what runs', () => {
    for (const line of ['./run.sh', 'bash run.sh x', ' FOO=1 ./run.sh | tee log']) {
      assert.equal(canBeTypedAgain(line, ['run.sh', 'bash']), true, line);
    }
    assert.equal(canBeTypedAgain('bash -c "$(cat x)"', ['run.sh', 'bash']), true);
    for (const line of ['', ' ', 'cd there', './run.sh\nrm -r x', './run.sh\r', './run.sh\u0003', './run.sh\u001b[A']) {
      assert.equal(canBeTypedAgain(line, ['run.sh', 'bash']), false, JSON.stringify(line));
    }
    assert.equal(canBeTypedAgain('anything', ['']), false);
  });

  it('names what runs by a whole word, or the end of a path', () => {
    for (const line of [
      'run.sh',
      '/a/run.sh;',
      '"./run.sh"',
      "bash 'x/run.sh'",
      'x=$(./run.sh)',
      'cat run.sh.old; ./run.sh',
    ]) {
      assert.equal(canBeTypedAgain(line, ['run.sh']), true, line);
    }
    for (const line of ['cat run.sh.old', './prerun.sh', 'cd run.sh/there', './run-sh', 'bashful']) {
      assert.equal(canBeTypedAgain(line, ['run.sh', 'bash']), false, line);
    }
  });
});

describe('the words for systemctl', () => {
  it('name the manager, the verb and the unit, and no option', () => {
    assert.deepEqual(systemctlWords({ name: 'nginx.service', ofUser: false }, 'reload'), [
      'reload',
      '--',
      'nginx.service',
    ]);
    assert.deepEqual(systemctlWords({ name: 'x.service', ofUser: true }, 'canReload'), [
      '--user',
      'show',
      '-p',
      'CanReload',
      '--',
      'x.service',
    ]);
  });

  it('are answered by a line of its own', () => {
    assert.equal(saysCanReload('CanReload=yes\n'), true);
    for (const output of ['', 'CanReload=no\n', 'XCanReload=yes\n', 'CanReload=yes, but\n']) {
      assert.equal(saysCanReload(output), false, output);
    }
  });
});

describe('what is said of a program with an older version', () => {
  const stale = (one = bash(4711, 3), of = version): { readonly holder: typeof one; readonly version: typeof of } => ({
    holder: one,
    version: of,
  });
  const said = (...all: readonly ReturnType<typeof stale>[]): string =>
    english(newsMessage('run.sh', { stale: all }, at));

  it('is who it is, since when it runs, and of when its version is', () => {
    assert.equal(
      said(stale()),
      'run.sh was saved. bash (pid 4711, since minute 5) still runs the version of minute 31.',
    );
    assert.equal(
      said(stale(bash(4711, 3), generation([], 30 * minute))),
      'run.sh was saved. bash (pid 4711, since minute 5) still runs the version of minute 30.',
    );
    assert.equal(
      said(stale(holder(8, 'mapped'), generation([], 30 * minute))),
      'run.sh was saved. program8 (pid 8, since minute 5) still uses the version of minute 30.',
    );
  });

  it('is how many more there are', () => {
    const others = [stale(bash(4800, 3)), stale(bash(4900, 3))];
    assert.match(said(stale(), ...others.slice(1)), / 1 more program has an older version\.$/);
    assert.match(said(stale(), ...others), / 2 more programs have an older version\.$/);
  });

  it('is short, in one line, whatever programs call themselves', () => {
    const unit = { name: `${'x'.repeat(200)}.service`, ofUser: false };
    const label = english(
      actionLabel('reloadUnit', { name: 'a', holder: bash(1, 1), inspected: { caught: [], unit } }),
    );
    assert.equal(label.length, 'Reload '.length + 40);
    const evil = holder(1, 'loaded', { program: 'a\nb\u202ec' });
    assert.equal(
      english(actionLabel('ignore', { name: 'a', holder: evil, inspected: { caught: [] } })),
      'Ignore a\ufffdb\ufffdc',
    );
    assert.equal(plainReason(' Job failed.\u001b[0m\nSee more.\n'), 'Job failed.\ufffd[0m');
  });
});

describe('bytes that are shown', () => {
  it('are text without a zero, or UTF-16', () => {
    const text = new TextEncoder().encode('echo é\n');
    assert.equal(looksLikeText(text), true);
    assert.equal(looksLikeText(new Uint8Array()), true);
    assert.equal(looksLikeText(Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 0)), false);
    assert.equal(looksLikeText(Uint8Array.of(0xff, 0xfe, 0x61, 0)), true);
  });
});
