/** How many tasks run or wait for a processor, the asking one included; proc_loadavg(5), the fourth field. 1 if it cannot be told. */
export function parseRunnable(loadavg: string): number {
  const found = /^\S+ \S+ \S+ (\d+)\//.exec(loadavg);
  return Math.max(1, Number(found?.[1] ?? 1));
}
