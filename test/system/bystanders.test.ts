import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { setImmediate as immediate } from 'node:timers/promises';

import { bystanders } from '../../src/platform/linux/gate/bystanders';
import { skip } from '../support/skip';

const deadline = 10_000;

async function until(what: string, condition: () => boolean): Promise<void> {
  const due = performance.now() + deadline;
  while (!condition()) {
    assert.ok(performance.now() < due, what);
    await immediate();
  }
}

describe('those who wait for a processor', function () {
  this.timeout(2 * deadline);
  let busy: ChildProcess[];

  beforeEach(function () {
    if (process.platform !== 'linux') skip(this, 'bystanders', 'only Linux');
    // More than there are processors.
    busy = Array.from({ length: availableParallelism() + 2 }, () =>
      spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' }),
    );
  });
  afterEach(async () => {
    for (const child of busy) {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
  });

  it('are waited for until each of them has run', async () => {
    const runTimes = (): readonly string[] =>
      busy.map(({ pid }) => readFileSync(`/proc/${String(pid)}/schedstat`, 'latin1').split(' ')[0] ?? '');
    await until('they run', () => runTimes().every((time) => time !== '0'));
    let waited = 0;
    for (let round = 0; round < 20; round++) {
      const before = runTimes();
      const settled = bystanders();
      if (!settled()) waited++;
      await until('each has run', settled);
      const after = runTimes();
      before.forEach((time, index) => {
        assert.notEqual(after[index], time, `number ${String(index)} has run`);
      });
    }
    assert.ok(waited > 0, 'it was always settled at once');
  });

  it('are not waited for when they have ended', async () => {
    await until('they run', () => busy.every(({ pid }) => pid !== undefined));
    const settled = bystanders();
    for (const child of busy) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await until('it is settled', settled);
    busy = [];
  });
});
