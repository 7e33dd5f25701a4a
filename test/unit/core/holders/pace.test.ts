import assert from 'node:assert/strict';

import { lookout } from '../../../../src/core/holders/limits';
import { Pace } from '../../../../src/core/holders/pace';

/** When passes of a pace begin, that take so long, when events come every `every` milliseconds for so long. */
function passes(pace: Pace, from: number, until: number, every: number, took = 10): readonly number[] {
  const at: number[] = [];
  for (let now = from; now < until; now += every) {
    pace.want(now);
    if (pace.left(now) === 0) {
      at.push(now);
      now += took;
      pace.passed(now, took);
    }
  }
  return at;
}

describe('the pace of passes', () => {
  it('wants none when nothing happens', () => {
    const pace = new Pace();
    assert.equal(pace.left(1_000), undefined);
    assert.equal(pace.wanted, false);
  });

  it('makes the first soon after an event, however many follow', () => {
    const pace = new Pace();
    pace.want(1_000);
    pace.want(1_020);
    assert.equal(pace.left(1_020), lookout.settles - 20);
    assert.equal(pace.left(2_000), 0);
  });

  it('makes one soon for the user, also after long rests, but not without a pause', () => {
    const pace = new Pace();
    const took = 10;
    const last = (passes(pace, 0, 20_000, 5, took).at(-1) ?? 0) + took;
    pace.want(last + 5);
    assert.equal(pace.left(last + 5), lookout.longestRest - 5);
    pace.hurry(last + 10);
    assert.equal(pace.left(last + 10), lookout.shortestRest + took - 10);
    pace.hurry(last + 100);
    assert.equal(pace.left(last + 100), 10, 'a later one does not put it off');
    const fresh = new Pace();
    fresh.hurry(1_000);
    assert.equal(fresh.left(1_000), lookout.settles);
  });

  it('makes one a second at most when events do not end', () => {
    const pace = new Pace();
    const all = passes(pace, 0, 60_000, 5);
    const late = all.filter((at) => at > 5_000);
    const gaps = late.slice(1).map((at, index) => at - (late[index] ?? 0));
    assert.ok(gaps.length > 40, `passes go on: ${String(gaps.length)}`);
    assert.ok(Math.min(...gaps) >= lookout.longestRest, `${String(Math.min(...gaps))} ms between two`);
  });

  it('takes a twentieth of the time at most where they take long', () => {
    const late = passes(new Pace(), 0, 120_000, 5, 300).filter((at) => at > 20_000);
    const gaps = late.slice(1).map((at, index) => at - (late[index] ?? 0));
    assert.ok(gaps.length > 10 && Math.min(...gaps) >= 6_000, `${String(Math.min(...gaps))} ms between two`);
  });

  it('is quick again after a rest', () => {
    const pace = new Pace();
    passes(pace, 0, 10_000, 5);
    const later = passes(pace, 20_000, 20_300, 5);
    assert.ok((later[0] ?? Infinity) <= 20_000 + lookout.settles + 5);
    assert.ok(later.length >= 2, 'and the next one is not a second away');
  });
});
