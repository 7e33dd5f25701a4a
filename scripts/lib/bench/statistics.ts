/** What a benchmark says about its times, all in the unit that they have. */

/** Half of the times are below, half above. */
export function median(times: readonly number[]): number {
  const sorted = times.toSorted((one, other) => one - other);
  const half = sorted.length / 2;
  const [below = NaN, above = NaN] = [sorted[Math.ceil(half) - 1], sorted[Math.floor(half)]];
  return (below + above) / 2;
}

/** The smallest time that at least this share of all times does not exceed (the nearest rank: always one that was measured). */
export function percentile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}

export interface Ratio {
  readonly ratio: number;
  /** Where the ratio lies with 95 % confidence, by drawing the times again (percentile bootstrap). */
  readonly from: number;
  readonly to: number;
}

const draws = 2_000;

/** How many times the median of `base` the median of `times` is. */
export function ratioOfMedians(times: readonly number[], base: readonly number[], random: () => number): Ratio {
  const again = (all: readonly number[]): readonly number[] =>
    all.map(() => all[Math.floor(random() * all.length)] ?? NaN);
  const ratios = Array.from({ length: draws }, () => median(again(times)) / median(again(base)));
  return {
    ratio: median(times) / median(base),
    from: percentile(ratios, 0.025),
    to: percentile(ratios, 0.975),
  };
}
