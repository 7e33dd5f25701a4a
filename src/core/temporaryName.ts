/**
 * The names of files that are on their way to a path. They do not contain the target's name (NAME_MAX), end in `~` (build
 * watchers ignore that), and tell whose they are: a pid alone may be another process's by tomorrow.
 * @param startTime of the process, field 22 of `/proc/PID/stat`, in clock ticks since boot
 */
export function temporaryName(pid: number, startTime: string | number | bigint, counter: number): string {
  return `.holdfast-${String(pid)}-${String(startTime)}-${String(counter)}~`;
}

/** Matches them all, as a glob for VS Code's settings. */
export const temporaryNames = '**/.holdfast-*~';
