import { closeSync, constants, openSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { SystemError } from '../../../core/errors';
import { system } from '../errors';
import type { Host } from '../linux';
import { descriptorPath } from '../place';
import { quietLease } from './leases';

/** The pause between two looks doubles from one millisecond up to this. */
const LONGEST_PAUSE = 16;

/**
 * Resolves when nobody has an inode open for writing any more (true), or when the time is over (false). What we have closed ourselves, too: a
 * process that any thread starts has all our descriptors between its fork(2) and its execve(2), for milliseconds if this process is
 * large, and as long no lease is granted. The kernel tells nobody of the end of a close (fs/file_table.c, __fput).
 *
 * @param descriptor any descriptor of it, O_PATH will do
 * @param milliseconds how long at most
 * @throws SystemError of open(2)
 */
export async function closedForWriting(
  host: Host,
  descriptor: number,
  path: string,
  milliseconds: number,
): Promise<boolean> {
  const fd = system('open', path, () =>
    openSync(descriptorPath(descriptor), constants.O_RDONLY | constants.O_NONBLOCK),
  );
  try {
    const until = performance.now() + milliseconds;
    for (let wait = 1; isWritten(host, fd, path); wait = Math.min(2 * wait, LONGEST_PAUSE)) {
      if (performance.now() >= until) {
        return false;
      }
      await pause(wait);
    }
    return true;
  } finally {
    closeSync(fd);
  }
}

/**
 * A read lease is refused with EAGAIN on what somebody has open for writing, or mapped so; fcntl(2). Other errors are the gate's to
 * meet.
 *
 * @param fd open for reading
 */
export function isWritten(host: Host, fd: number, path: string): boolean {
  const lease = quietLease(host.gateCalls(), fd, path);
  try {
    lease.take();
    lease.letGo();
    return false;
  } catch (thrown) {
    if (thrown instanceof SystemError) {
      return thrown.errno === 'EAGAIN';
    }
    throw thrown;
  }
}
