/** Where moments are in the picture: the nearer to now, the more room. A save of a minute ago and a start of last week are both to be seen. */

export interface TimeAxis {
  /** The left end, and the right one: milliseconds since the epoch. */
  readonly from: number;
  readonly now: number;
}

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/** Up to this age the axis is about even; beyond, each tenfold age takes as much room as the last. */
const even = 30 * second;

/** The shortest time that is shown. */
const shortest = 2 * minute;

/** Room at the left of the oldest moment, as a part of its age. */
const margin = 0.25;

/** What the ages at the axis may be. */
const ages: readonly number[] = [
  10 * second,
  minute,
  5 * minute,
  15 * minute,
  hour,
  4 * hour,
  12 * hour,
  day,
  3 * day,
  7 * day,
  30 * day,
  100 * day,
  365 * day,
  1_000 * day,
  3_650 * day,
];

/** An axis on which all of them are to be seen. Moments are milliseconds since the epoch. */
export function axisOf(moments: readonly number[], now: number): TimeAxis {
  const oldest = moments.reduce((least, moment) => Math.min(least, moment), now);
  return { from: now - Math.max(shortest, (now - oldest) * (1 + margin)), now };
}

/** From 0, at the left, to 1, which is now. What is not on the axis is at its nearer end. */
export function positionOf(moment: number, { from, now }: TimeAxis): number {
  const age = Math.min(Math.max(now - moment, 0), now - from);
  return 1 - Math.log1p(age / even) / Math.log1p((now - from) / even);
}

/**
 * Ages that are written at the axis, in milliseconds, the youngest first.
 *
 * @param apart so far they are from each other and from both ends, as a part of the axis
 */
export function agesOn(axis: TimeAxis, apart: number): readonly number[] {
  let last = 1;
  return ages.filter((age) => {
    const position = positionOf(axis.now - age, axis);
    if (last - position < apart || position < apart / 2) return false;
    last = position;
    return true;
  });
}

/** An age in the largest unit in which it is a whole number: of ages at the axis. */
export function inUnits(age: number): { readonly count: number; readonly unit: 'second' | 'minute' | 'hour' | 'day' } {
  if (age % day === 0) return { count: age / day, unit: 'day' };
  if (age % hour === 0) return { count: age / hour, unit: 'hour' };
  if (age % minute === 0) return { count: age / minute, unit: 'minute' };
  return { count: age / second, unit: 'second' };
}
