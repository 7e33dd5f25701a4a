/** What a thread that does not answer is seen to wait for. */
import assert from 'node:assert/strict';
import { Worker } from 'node:worker_threads';

import { isRunnable, ownThread } from '../../src/platform/linux/threads';
import { skip } from '../support/skip';
import { until } from '../support/sentryBench';

describe('a thread', () => {
  before(function () {
    if (process.platform !== 'linux') skip(this, 'threads', 'only Linux');
  });

  for (const [what, work, runnable] of [
    ['that computes', 'for (;;);', true],
    ['that waits', 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);', false],
  ] as const) {
    it(`${what} is ${runnable ? '' : 'not '}one that needs only a processor`, async () => {
      const tell =
        "require('node:worker_threads').parentPort.postMessage(require('node:fs').readlinkSync('/proc/thread-self'));";
      const worker = new Worker(`${tell} setImmediate(() => { ${work} });`, { eval: true });
      try {
        const [said] = await new Promise<readonly string[]>((resolve, reject) => {
          worker.once('message', (...all: string[]) => {
            resolve(all);
          });
          worker.once('error', reject);
        });
        const thread = Number(said?.split('/').at(-1));
        await until(`${what}: as it is to be`, () => isRunnable(thread) === runnable);
        for (let times = 0; times < 100; times++) assert.equal(isRunnable(thread), runnable);
      } finally {
        await worker.terminate();
      }
    });
  }

  it('knows itself, and what has ended needs nothing', () => {
    assert.equal(ownThread(), process.pid, 'the main thread');
    assert.equal(isRunnable(ownThread() ?? 0), true);
    assert.equal(isRunnable(0), false);
  });
});
