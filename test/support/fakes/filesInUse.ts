/** Holders and files in use, as a lookout tells of them. */
import type { Holder } from '../../../src/core/holders/holder';
import type { FileInUse, Generation, HolderInUse } from '../../../src/core/holders/inUse';

export const minute = 60_000;

/** Moments as minutes. */
export function at(milliseconds: number): string {
  return `minute ${String(milliseconds / minute)}`;
}

export function holder(pid: number, harm: Holder['harm'], more: Partial<HolderInUse> = {}): HolderInUse {
  return {
    process: { pid, started: pid * 100 },
    program: `program${String(pid)}`,
    since: 5 * minute,
    harm,
    uid: 1000,
    ancestors: [pid - 1, 1],
    ...more,
  };
}

/** bash, up to this line. */
export function bash(pid: number, line: number): HolderInUse {
  return holder(pid, 'readsAsItRuns', { program: 'bash', read: { offset: 100, by: 'command' }, line });
}

/** dash, which reads ahead. */
export function dash(pid: number, line: number): HolderInUse {
  return holder(pid, 'readsAsItRuns', { program: 'dash', read: { offset: 8192, by: 'block' }, line });
}

export function generation(holders: readonly HolderInUse[], since = 0, size = 100): Generation {
  return { since, size, holders };
}

export function file(
  current: readonly HolderInUse[],
  older: readonly Generation[] = [],
  more: Partial<FileInUse> = {},
): FileInUse {
  return { path: '/home/me/run.sh', current: generation(current), older, unnamed: false, uncertain: false, ...more };
}
