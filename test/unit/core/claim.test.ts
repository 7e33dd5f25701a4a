import assert from 'node:assert/strict';

import { Claim } from '../../../src/core/claim';

describe('Claim', () => {
  it('gives the decision to whoever moves first, for good', () => {
    const claimed = new Claim();
    assert.deepEqual([claimed.claim(), claimed.abandon(), claimed.claim()], [true, false, true]);
    const abandoned = new Claim();
    assert.deepEqual([abandoned.abandon(), abandoned.claim(), abandoned.abandon()], [true, false, true]);
  });

  it('is one decision for everybody who has its buffer', () => {
    const mine = new Claim();
    const theirs = new Claim(mine.buffer);
    assert.ok(theirs.claim());
    assert.ok(!mine.abandon());
  });
});
