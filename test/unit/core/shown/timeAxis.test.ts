import assert from 'node:assert/strict';

import { agesOn, axisOf, inUnits, positionOf } from '../../../../src/core/shown/timeAxis';

const second = 1_000;
const day = 86_400 * second;

describe('the axis of the picture', () => {
  it('ends with now, and reaches a little further back than the oldest moment', () => {
    const now = 1_000 * day;
    for (const age of [0, second, 3_600 * second, 40 * day, 999 * day]) {
      const axis = axisOf([now, now - age, now - age / 2], now);
      assert.equal(positionOf(now, axis), 1);
      assert.equal(positionOf(axis.from, axis), 0);
      const oldest = positionOf(now - age, axis);
      assert.ok(oldest > 0 && oldest <= 1, `${String(age)}: ${String(oldest)}`);
    }
  });

  it('keeps the order of moments, and gives the younger ones more room', () => {
    const now = 50 * day;
    const axis = axisOf([now - 30 * day], now);
    const moments = [30 * day, day, 3_600 * second, 60 * second, 10 * second, 0].map((age) =>
      positionOf(now - age, axis),
    );
    assert.deepEqual(
      moments,
      moments.toSorted((one, other) => one - other),
    );
    const aMinute = 1 - positionOf(now - 60 * second, axis);
    assert.ok(aMinute > 0.08, `a minute has ${String(aMinute)} of thirty days`);
  });

  it('puts at its ends what is not on it', () => {
    const axis = axisOf([], 10 * day);
    assert.equal(positionOf(0, axis), 0);
    assert.equal(positionOf(11 * day, axis), 1);
  });

  it('has ages that are so far from each other', () => {
    for (const span of [second, 600 * second, day, 4_000 * day]) {
      const axis = axisOf([5_000 * day - span], 5_000 * day);
      const ages = agesOn(axis, 0.12);
      assert.ok(ages.length > 0 && ages.length < 9, String(ages.length));
      const places = [1, ...ages.map((age) => positionOf(axis.now - age, axis))];
      places.slice(1).forEach((place, index) => {
        assert.ok((places[index] ?? 0) - place >= 0.12);
        assert.ok(place > 0.05);
      });
    }
    assert.deepEqual(agesOn(axisOf([], 0), 2), []);
  });

  it('writes ages in units in which they are whole', () => {
    assert.deepEqual(inUnits(10 * second), { count: 10, unit: 'second' });
    assert.deepEqual(inUnits(300 * second), { count: 5, unit: 'minute' });
    assert.deepEqual(inUnits(4 * 3_600 * second), { count: 4, unit: 'hour' });
    assert.deepEqual(inUnits(7 * day), { count: 7, unit: 'day' });
  });
});
