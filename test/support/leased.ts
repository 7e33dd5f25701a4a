import { readFileSync, statSync } from 'node:fs';

/** Whether a process has a lease on a file, and of which state: a regular expression for two words of /proc/locks. */
export function isLeased(path: string, pid: number, state = 'ACTIVE +READ'): boolean {
  const { ino } = statSync(path);
  const lease = new RegExp(`LEASE +${state} +${String(pid)} [0-9a-f]+:[0-9a-f]+:${String(ino)} `);
  return lease.test(readFileSync('/proc/locks', 'latin1'));
}
