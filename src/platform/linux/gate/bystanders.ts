import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { SystemError } from '../../../core/errors';
import { parseRunnable, parseRunTime, parseState } from '../../../core/linux/load';
import { system } from '../errors';
import { readProcAtOnce } from './text';

/** A task that has ended has nothing more to read; one that we may not look at is not known. */
function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (thrown) {
    if (thrown instanceof SystemError) {
      return undefined;
    }
    throw thrown;
  }
}

/** The tasks of other processes that run or wait for a processor, as folders of `/proc`. */
function runnable(): readonly string[] {
  const processes = unlessGone(() => system('readdir', '/proc', () => readdirSync('/proc'))) ?? [];
  return processes
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .flatMap((pid) => {
      const folder = `/proc/${pid}/task`;
      return (unlessGone(() => system('readdir', folder, () => readdirSync(folder))) ?? []).map(
        (tid) => `${folder}/${tid}`,
      );
    })
    .filter((task) => unlessGone(() => parseState(readProcAtOnce(`${task}/stat`))) === 'R');
}

/** Processor time of a task, as the kernel last noted it: when it lost the processor, or at a tick; sched-stats(5), first field. */
function runTime(task: string): string | undefined {
  return unlessGone(() => parseRunTime(readProcAtOnce(`${task}/schedstat`)));
}

/**
 * Notes who runs or waits for a processor now. The returned function says whether each of them has had one since: who was in the
 * middle of an `open` then, where nothing shows it, is not any more. Where nobody has to wait for a processor nobody is noted.
 *
 * A task that sleeps in the middle of an `open` is not among them: on the file systems that have a gate none does.
 */
export function bystanders(): () => boolean {
  if (parseRunnable(readProcAtOnce('/proc/loadavg')) <= availableParallelism()) {
    return () => true;
  }
  let noted = runnable().map((task) => ({ task, before: runTime(task) }));
  return () => {
    noted = noted.filter(({ task, before }) => before !== undefined && runTime(task) === before);
    return noted.length === 0;
  };
}
