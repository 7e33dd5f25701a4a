import assert from 'node:assert/strict';

import { Claim } from '../../../src/core/claim';

describe('Claim', () => {
  it('gives the decision to whoever moves first', () => {
    const claimed = new Claim();
    assert.deepEqual([claimed.claim(), claimed.abandon()], [true, false]);
    const abandoned = new Claim();
    assert.deepEqual([abandoned.abandon(), abandoned.claim(), abandoned.abandon()], [true, false, true]);
  });

  it('is open again after a release, unless the other side gave up meanwhile', () => {
    const released = new Claim();
    assert.deepEqual([released.claim(), released.release(), released.claim()], [true, true, true]);
    assert.deepEqual([released.release(), released.abandon(), released.claim()], [true, true, false]);
    const last = new Claim();
    assert.deepEqual(
      [last.claim(), last.abandon(), last.release(), last.claim(), last.abandon()],
      [true, false, false, false, false],
    );
  });

  it('is waited for until the other side has given up', () => {
    for (const taken of [false, true]) {
      const claim = new Claim();
      if (taken) claim.claim();
      assert.equal(claim.isWaitedFor(), true);
      claim.abandon();
      assert.equal(claim.isWaitedFor(), false);
    }
  });

  it('is one decision for everybody who has its buffer', () => {
    const mine = new Claim();
    const theirs = new Claim(mine.buffer);
    assert.ok(theirs.claim());
    assert.ok(!mine.abandon());
  });
});
