import assert from 'node:assert/strict';
import { mock } from 'node:test';

import { WhenQuiet } from '../../../src/keeper/whenQuiet';

describe('work for when nothing else is to be done', () => {
  let signals: AbortSignal[];
  let quiet: WhenQuiet;
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    signals = [];
    quiet = new WhenQuiet(100, async (signal) => {
      await Promise.resolve();
      signals.push(signal);
    });
  });
  afterEach(() => {
    mock.timers.reset();
  });

  async function pass(milliseconds: number): Promise<void> {
    mock.timers.tick(milliseconds);
    await Promise.resolve();
  }

  it('is done once, after nothing was asked for that long', async () => {
    await pass(99);
    quiet.postpone();
    await pass(99);
    assert.equal(signals.length, 0);
    await pass(1);
    quiet.postpone();
    await pass(1000);
    assert.equal(signals.length, 1);
  });

  it('is given up at the end, also when it has begun', async () => {
    await pass(100);
    quiet.giveUp();
    assert.equal(signals[0]?.aborted, true);
    const other = new WhenQuiet(100, () => Promise.reject(new Error('not to be done')));
    other.giveUp();
    await pass(1000);
  });
});
