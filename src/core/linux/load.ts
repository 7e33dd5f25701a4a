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
