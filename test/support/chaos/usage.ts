/** What a process has taken of the system. */
import { readdirSync, readFileSync } from 'node:fs';

export interface Usage {
  readonly descriptors: number;
  /** Of inotify, in all its instances. */
  readonly watches: number;
  /** Megabytes in memory. */
  readonly memory: number;
}

export function usageOf(pid: number): Usage {
  const numbers = readdirSync(`/proc/${String(pid)}/fdinfo`);
  let watches = 0;
  for (const number of numbers)
    watches += info(`/proc/${String(pid)}/fdinfo/${number}`).match(/^inotify /gm)?.length ?? 0;
  const resident = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${String(pid)}/status`, 'latin1'))?.[1];
  return { descriptors: numbers.length, watches, memory: Math.round(Number(resident) / 1024) };
}

/** A descriptor may be closed between two looks. */
function info(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}
