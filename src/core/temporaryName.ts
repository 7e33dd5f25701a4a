/** Whose a temporary name is, and on its way to which path. */
export interface TemporaryName {
  readonly pid: number;
  /** Of the process, field 22 of `/proc/PID/stat`, in clock ticks since boot. */
  readonly startTime: bigint;
  /** The number of the path in the process's own record (`ownerRecord.ts`); 0: it could not be recorded. */
  readonly target: number;
}

/**
 * The names of files that are on their way to a path. They do not contain the target's name (NAME_MAX), end in `~` (build
 * watchers ignore that), and tell whose they are: a pid alone may be another process's by tomorrow.
 */
export function temporaryName({ pid, startTime, target }: TemporaryName, counter: number): string {
  return `.holdfast-${String(pid)}-${String(startTime)}-${String(target)}-${String(counter)}~`;
}

/** `undefined`: not one of ours. */
export function parseTemporaryName(name: string): TemporaryName | undefined {
  const [, pid, startTime, target] = /^\.holdfast-(\d{1,10})-(\d{1,20})-(\d{1,10})-\d{1,16}~$/.exec(name) ?? [];
  if (pid === undefined || startTime === undefined || target === undefined) return undefined;
  return { pid: Number(pid), startTime: BigInt(startTime), target: Number(target) };
}

/** Matches them all, as a glob for VS Code's settings. */
export const temporaryNames = '**/.holdfast-*~';
