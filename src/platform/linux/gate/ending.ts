import { SystemError } from '../../../core/errors';
import { isExiting } from '../../../core/linux/proc';
import { readProcAtOnce } from './text';

/**
 * Whether a process is ending or has ended. The kernel marks each thread of it before it closes what they have open together
 * (kernel/exit.c: do_exit sets PF_EXITING in exit_signals, before exit_files).
 *
 * @throws SystemError of open(2) and read(2) on `/proc/<pid>/stat`, if it is there
 */
export function isEnding(process: number): boolean {
  try {
    return isExiting(readProcAtOnce(`/proc/${String(process)}/stat`)).value;
  } catch (thrown) {
    if (SystemError.is(thrown, 'ENOENT', 'ESRCH')) return true;
    throw thrown;
  }
}
