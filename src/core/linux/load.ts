/** How many tasks run or wait for a processor, the asking one included; proc_loadavg(5), the fourth field. 1 if it cannot be told. */
export function parseRunnable(loadavg: string): number {
  const found = /^\S+ \S+ \S+ (\d+)\//.exec(loadavg);
  return Math.max(1, Number(found?.[1] ?? 1));
}

/**
 * The state of a task, one letter; proc_pid_stat(5), the third field. The name before it may contain anything.
 * `undefined` if it is not there.
 */
export function parseState(stat: string): string | undefined {
  return /^ ([A-Za-z])(?: |$)/.exec(stat.slice(stat.lastIndexOf(')') + 1))?.[1];
}

/** How long a task has had a processor, in nanoseconds, as text; Documentation/scheduler/sched-stats.rst. `undefined` if it is not there. */
export function parseRunTime(schedstat: string): string | undefined {
  return /^(\d+) \d+ \d+/.exec(schedstat)?.[1];
}
