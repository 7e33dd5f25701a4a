import { readlinkSync } from 'node:fs';

import { SystemError } from '../../core/errors';
import { parseState } from '../../core/linux/load';
import { readProcAtOnce } from './gate/text';

/** The number of the calling thread; proc_thread-self(5). `undefined`: it cannot be told. */
export function ownThread(): number | undefined {
  try {
    const [, thread] = /\/(\d+)$/.exec(readlinkSync('/proc/thread-self')) ?? [];
    return thread === undefined ? undefined : Number(thread);
  } catch {
    // No /proc: then nothing is guarded either.
    return undefined;
  }
}

/** Whether a thread of this process has all that it needs but a processor, or has one: R in proc_pid_stat(5). */
export function isRunnable(thread: number): boolean {
  try {
    return parseState(readProcAtOnce(`/proc/self/task/${String(thread)}/stat`)) === 'R';
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    return false;
  }
}
