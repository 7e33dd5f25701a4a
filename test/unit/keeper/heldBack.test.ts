import assert from 'node:assert/strict';

import { gateLimits } from '../../../src/core/gate/limits';
import { HeldBack } from '../../../src/keeper/heldBack';

const slot = 1;

describe('the news that a version is synced', () => {
  it('is told at once where no clone has come', () => {
    const news = new HeldBack();
    assert.equal(news.due, undefined);
    assert.equal(news.take(100), undefined);
    news.synced(slot);
    assert.equal(news.take(100), slot);
    assert.equal(news.take(100), undefined, 'once');
    assert.equal(news.due, undefined);
  });

  it('is held back until the clone has been at the path for a while', () => {
    const news = new HeldBack();
    news.synced(slot);
    news.cloneCame(100);
    assert.equal(news.due, 100 + gateLimits.apart);
    assert.equal(news.take(100 + gateLimits.apart - 1), undefined);
    assert.equal(news.take(100 + gateLimits.apart), slot);
  });

  it('is not held back if it comes later than that', () => {
    const news = new HeldBack();
    news.cloneCame(100);
    news.synced(slot);
    assert.equal(news.take(1_000), slot);
  });
});
