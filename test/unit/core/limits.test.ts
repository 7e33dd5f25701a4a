import assert from 'node:assert/strict';

import { limits, savesAtOnce, syncLimit } from '../../../src/core/limits';

describe('syncLimit', () => {
  it('is the whole limit for a save that is alone and early', () => {
    assert.equal(syncLimit(limits.saveGivesUp, 0), limits.sync);
  });

  it('is nothing when only the rename can still be done', () => {
    assert.equal(syncLimit(limits.rename, 0), 0);
    assert.equal(syncLimit(-50, 3), 0);
  });

  it('lets 200 saves on a disk that never answers all get their turn before the first of them gives up', () => {
    let left: number = limits.saveGivesUp;
    for (let waiting = 200 - savesAtOnce; ; waiting -= savesAtOnce) {
      left -= syncLimit(left, Math.max(0, waiting));
      if (waiting <= 0) break;
    }
    assert.ok(left >= limits.rename - 1e-6, `${String(left)} ms left`);
  });
});
