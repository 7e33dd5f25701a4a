/** How long it takes to ask who waits for a lease, with and without an editor that is expected. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';

import { limits } from '../../src/core/limits';
import { LockList } from '../../src/platform/linux/gate/lockList';

/** Longer than any kernel stays ready by itself. */
const apart = 60;
const readings = 9;

async function medianReading(): Promise<number> {
  const times: number[] = [];
  for (let reading = 0; reading < readings; reading++) {
    await pause(apart);
    const began = performance.now();
    readFileSync('/proc/locks');
    times.push(performance.now() - began);
  }
  return times.sort((one, other) => one - other)[Math.floor(readings / 2)] ?? NaN;
}

describe('the list of locks', function () {
  this.timeout(30_000);

  it('is read at once while an editor is expected', async function () {
    assert.ok(readings * apart < limits.expectEditor);
    const list = new LockList();
    const unexpected = await medianReading();
    const over = list.expect();
    const expected = await medianReading();
    over();
    console.log(`      median ${expected.toFixed(3)} ms, ${unexpected.toFixed(3)} ms while none is expected`);
    assert.ok(expected < Math.max(1, unexpected / 4), 'it is not quicker');
  });

  it('stays so as long as anybody expects one', async () => {
    const list = new LockList();
    const [one, other] = [list.expect(), list.expect()];
    one();
    one();
    assert.ok((await medianReading()) < 1, 'the other one still does');
    other();
  });
});
