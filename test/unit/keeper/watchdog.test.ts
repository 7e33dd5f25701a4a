/** When the keeper's thread is given up, by a clock that the test moves. */
import assert from 'node:assert/strict';
import { mock } from 'node:test';

import { LeaseTable } from '../../../src/core/leaseTable';
import { limits } from '../../../src/core/limits';
import { Watchdog } from '../../../src/keeper/watchdog';

describe('the watchdog', () => {
  let table: LeaseTable;
  let pings: number;
  let starved: boolean;
  let stuck: number;
  let watchdog: Watchdog;

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    table = new LeaseTable();
    pings = 0;
    starved = false;
    stuck = 0;
    watchdog = new Watchdog(
      table,
      () => pings++,
      () => starved,
      () => stuck++,
    );
    watchdog.start();
  });

  afterEach(() => {
    watchdog.stop();
    mock.timers.reset();
  });

  function miss(times: number): void {
    for (; times > 0; times--) mock.timers.tick(limits.keeperBeats);
  }

  it('gives up a thread that does not answer', () => {
    miss(limits.keeperMisses - 1);
    assert.equal(stuck, 0);
    miss(1);
    assert.equal(stuck, 1);
    assert.equal(pings, limits.keeperMisses);
  });

  it('lets a thread be that only waits for a processor, and not for ever', () => {
    starved = true;
    miss(limits.keeperStarves - 1);
    assert.equal(stuck, 0);
    table.beat();
    miss(1);
    miss(limits.keeperStarves - 1);
    assert.equal(stuck, 0, 'it had answered in between');
    miss(1);
    assert.equal(stuck, 1);
  });

  it('gives it up at once when it waits for something else by then', () => {
    starved = true;
    miss(limits.keeperMisses + 1);
    starved = false;
    miss(1);
    assert.equal(stuck, 1);
  });

  it('that is to rest looks until it is known what the last save has left', () => {
    watchdog.rest();
    starved = true;
    miss(limits.keeperStarves - 1);
    assert.equal(stuck, 0);
    table.beat();
    miss(1);
    const before = pings;
    miss(5);
    assert.equal(pings, before, 'it rests');
  });
});
