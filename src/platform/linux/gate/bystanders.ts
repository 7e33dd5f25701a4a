import { readdirSync } from 'node:fs';
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

interface Noted {
  readonly task: string;
  readonly before: string | undefined;
}

/**
 * Where nobody but this thread wants a processor nobody is noted. As many tasks as processors say nothing: one of them may wait behind
 * this thread, until the kernel moves it to a processor that is idle.
 */
function note(): readonly Noted[] {
  if (parseRunnable(readProcAtOnce('/proc/loadavg')) <= 1) {
    return [];
  }
  return runnable().map((task) => ({ task, before: runTime(task) }));
}

/**
 * The returned function says whether everybody has had a processor since: who was in the middle of an `open`, where nothing shows it,
 * is not any more. Who waits for one is noted when it is first called, some time after the event in question: that finds also who
 * was running then, and lost the processor a moment later. Whoever has had one in between is through with that `open`.
 *
 * A task that sleeps in the middle of an `open` is not among them: on the file systems that have a gate none does.
 */
export function bystanders(): () => boolean {
  let noted: readonly Noted[] | undefined;
  return () => {
    noted = noted?.filter(({ task, before }) => before !== undefined && runTime(task) === before) ?? note();
    return noted.length === 0;
  };
}
