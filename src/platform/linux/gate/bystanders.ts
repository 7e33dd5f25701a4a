import { readdirSync } from 'node:fs';
import { parseRunTime, parseState } from '../../../core/linux/load';
import { system } from '../errors';
import { readProcAtOnce, unlessGone } from './text';

/** So long (nanoseconds) a task has had a processor when it is through with an `open`, however often that was interrupted. */
const THROUGH = 100_000n;

/** So long (milliseconds) a task can sleep in an `open` that waits for a reader of /proc/locks; one that sleeps longer waits for a disk. */
const ASLEEP = 50;

/**
 * Whether a task runs, waits for a processor, or sleeps where nothing wakes it: whoever opens a leased inode while somebody reads
 * /proc/locks does (fs/locks.c, __break_lease and locks_start: file_rwsem). An `open` for reading sleeps in no other way where there
 * are only read leases.
 */
function isUnderWay(task: string, sleepCounts = true): boolean {
  const state = unlessGone(() => parseState(readProcAtOnce(`${task}/stat`)));
  return state === 'R' || (sleepCounts && state === 'D');
}

/** The tasks of other processes that are under way, as folders of `/proc`. */
function underWay(): readonly string[] {
  const processes = unlessGone(() => system('readdir', '/proc', () => readdirSync('/proc'))) ?? [];
  return processes
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .flatMap((pid) => {
      const folder = `/proc/${pid}/task`;
      return (unlessGone(() => system('readdir', folder, () => readdirSync(folder))) ?? []).map(
        (tid) => `${folder}/${tid}`,
      );
    })
    .filter((task) => isUnderWay(task));
}

/**
 * Processor time of a task in nanoseconds, as the kernel last noted it: when it lost the processor, or at a tick; sched-stats(5),
 * first field. `undefined`: it has ended.
 */
function runTime(task: string): bigint | undefined {
  const found = unlessGone(() => parseRunTime(readProcAtOnce(`${task}/schedstat`)));
  return found === undefined ? undefined : BigInt(found);
}

interface Noted {
  readonly task: string;
  readonly before: bigint;
}

function note(): readonly Noted[] {
  return underWay().flatMap((task) => {
    const before = runTime(task);
    return before === undefined ? [] : [{ task, before }];
  });
}

/** A task that had a processor for a moment only may have lost it again in the middle; one that sleeps since is through. */
function isThrough({ task, before }: Noted, sleepCounts: boolean): boolean {
  const now = runTime(task);
  return now === undefined || now - before >= THROUGH || !isUnderWay(task, sleepCounts);
}

/**
 * The returned function says whether everybody is through with the `open` in which they may have been, where nothing shows it. Who
 * is under way is noted when it is first called, some time after the event in question: that finds also who was running then, and
 * lost the processor a moment later.
 */
export function bystanders(): () => boolean {
  let noted: readonly Noted[] | undefined;
  let since = 0;
  return () => {
    if (noted === undefined) {
      noted = note();
      since = performance.now();
    }
    const sleepCounts = performance.now() - since < ASLEEP;
    noted = noted.filter((one) => !isThrough(one, sleepCounts));
    return noted.length === 0;
  };
}
