import { SystemError } from '../../core/errors';
import { F_WRLCK } from './layouts';
import type { Host } from './linux';

/**
 * Whether the record is ours now: its writer holds this lock for as long as it lives (fcntl(2), F_SETLK).
 *
 * @throws SystemError of anything but that somebody else has it
 */
export function takeRecordLock(host: Host, fd: number, path: string): boolean {
  try {
    host.gateCalls().setRangeLock(fd, F_WRLCK, 0n, path);
    return true;
  } catch (thrown) {
    if (SystemError.is(thrown, 'EAGAIN', 'EACCES')) return false;
    throw thrown;
  }
}
