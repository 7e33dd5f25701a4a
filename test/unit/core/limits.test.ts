import assert from 'node:assert/strict';

import { limits, syncLimit } from '../../../src/core/limits';

describe('syncLimit', () => {
  it('is the whole limit for a save that is alone and early', () => {
    assert.equal(syncLimit(limits.saveGivesUp, 1), limits.sync);
  });

  it('is nothing when only the rename can still be done', () => {
    assert.equal(syncLimit(limits.rename, 1), 0);
    assert.equal(syncLimit(-50, 3), 0);
  });

  it('leaves time for the work of all that are under way', () => {
    for (const underWay of [1, 50, 100, 150, 200, 1_000]) {
      const waited = syncLimit(limits.saveGivesUp, underWay);
      assert.ok(waited === 0 || waited + underWay * limits.workPerSave <= limits.saveGivesUp - limits.rename);
    }
    assert.equal(syncLimit(limits.saveGivesUp, 200), 0);
  });
});
