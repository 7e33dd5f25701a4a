/**
 * How many tasks run or wait for a processor, the asking one included: now, or in the last minute on average if that is more, as
 * now is but an instant; proc_loadavg(5), the fourth field and the first. 1 if it cannot be told.
 */
export function parseRunnable(loadavg: string): number {
  const found = /^(\d+\.\d+) \S+ \S+ (\d+)\//.exec(loadavg);
  return Math.max(1, Number(found?.[1] ?? 1), Number(found?.[2] ?? 1));
}
