import assert from 'node:assert/strict';

import { Turns } from '../../../src/keeper/turns';

describe('Turns', () => {
  it('never runs more than its limit, runs all, and goes on after a failure', async () => {
    const turns = new Turns(3);
    let running = 0;
    let most = 0;
    const order: number[] = [];
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) =>
        turns.take(async () => {
          most = Math.max(most, ++running);
          order.push(index);
          await Promise.resolve();
          running--;
          if (index === 5) throw new Error('one fails');
        }),
      ),
    );
    assert.equal(most, 3);
    assert.equal(results.filter(({ status }) => status === 'rejected').length, 1);
    assert.deepEqual(
      order,
      Array.from({ length: 20 }, (_, index) => index),
    );
  });
});
