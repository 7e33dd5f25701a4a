import assert from 'node:assert/strict';

import { boundOf, ratioBounds } from '../../../scripts/lib/bench/bounds';
import { median, percentile, ratioOfMedians } from '../../../scripts/lib/bench/statistics';
import { randomFrom } from '../../support/random';

describe('the statistics of the benchmark', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);

  it('have the middle as median, or the mean of the two in the middle', () => {
    assert.equal(median([30, 10, 20]), 20);
    assert.equal(median([40, 10, 20, 30]), 25);
    assert.equal(median([7]), 7);
    assert.equal(median([]), NaN);
  });

  it('have a time that was measured as percentile', () => {
    assert.equal(percentile(hundred, 0.95), 95);
    assert.equal(percentile(hundred, 0.99), 99);
    assert.equal(percentile(hundred, 1), 100);
    assert.equal(percentile([3, 1, 2], 0.95), 3);
    assert.equal(percentile([3, 1, 2], 0), 1);
    assert.equal(percentile([], 0.5), NaN);
  });

  it('have the ratio of the medians inside its interval', () => {
    const random = randomFrom(1);
    const around = (middle: number): readonly number[] =>
      Array.from({ length: 60 }, () => middle * (0.9 + 0.2 * random()));
    const { ratio, from, to } = ratioOfMedians(around(120), around(100), random);
    assert.ok(from < ratio && ratio < to, `${String(from)} ${String(ratio)} ${String(to)}`);
    assert.ok(from > 1.1 && to < 1.3, `${String(from)} ${String(to)}`);
  });

  it('have an interval of one point if all times are the same', () => {
    assert.deepEqual(ratioOfMedians([3, 3, 3], [2, 2], randomFrom(1)), { ratio: 1.5, from: 1.5, to: 1.5 });
  });

  it('have the same interval with the same seed, and a narrower one of more times', () => {
    const width = (times: readonly number[], seed: number): number => {
      const { from, to } = ratioOfMedians(times, times, randomFrom(seed));
      return to - from;
    };
    assert.equal(width(hundred, 5), width(hundred, 5));
    assert.ok(width([...hundred, ...hundred, ...hundred, ...hundred], 5) < width(hundred, 5));
  });
});

describe('the bounds of the benchmark', () => {
  it('are wider only where a copy has to be made', () => {
    const bound = (bytes: number, user: 'nobody' | 'holder' | 'reader', reflinks: boolean): number =>
      boundOf({ bytes, user, reflinks });
    assert.equal(bound(20_000_000, 'nobody', false), ratioBounds.noCopy);
    assert.equal(bound(20_000_000, 'holder', true), ratioBounds.noCopy);
    assert.equal(bound(2_000_000, 'holder', false), ratioBounds.copy);
    assert.equal(bound(2_000_000, 'reader', false), ratioBounds.copy);
    assert.equal(bound(20_000_000, 'holder', false), ratioBounds.longCopy);
  });
});
