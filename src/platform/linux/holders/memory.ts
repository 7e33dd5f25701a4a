import { SystemError } from '../../../core/errors';
import { readProcAtOnce } from '../gate/text';
import type { HolderCalls } from './calls';
import type { Look } from './look';

/** Milliseconds. Long enough for a thread that is on a processor to be charged for it: that happens at every tick, 100 a second or more. */
const CHARGED = 50;
/** Milliseconds until a process is looked at again in any case. */
const FORGOTTEN = 30_000;

interface Remembered {
  /** The inode number of its folder in `/proc`: another process has another one (fs/proc/base.c, proc_pid_make_inode). */
  readonly folder: number;
  /** How long it has run, how long it has waited to, and how often it was let: proc_pid_schedstat(5). `undefined` for what never changes. */
  readonly ran: string | undefined;
  readonly at: number;
  readonly look: Look | 'kernel';
}

/** When a process was not on a processor since, it has neither opened, closed nor mapped anything. */
export interface Moment {
  readonly folder: number;
  readonly ran: string;
  readonly at: number;
}

/**
 * What was seen of processes that have not run since. A process with one thread changes its descriptors, mappings, executable, root and working folder
 * itself, on a processor; also what others give it (SCM_RIGHTS, SECCOMP_IOCTL_NOTIF_ADDFD) and what a debugger makes it do. With
 * more threads each would have to be asked, and these are looked at every time. Only a process that shares its descriptors or its memory with another
 * process (clone(2) with CLONE_FILES or CLONE_VM, without CLONE_THREAD) is changed by that one: hence `FORGOTTEN`.
 */
export class Memory {
  readonly #calls: HolderCalls;
  readonly #now: () => number;
  #known = new Map<number, Remembered>();
  #next = new Map<number, Remembered>();

  /** @param now milliseconds, of a clock that is never put back */
  constructor(calls: HolderCalls, now: () => number) {
    this.#calls = calls;
    this.#now = now;
  }

  /** Before a look. `undefined` if the kernel does not count. */
  moment(pid: number): Moment | undefined {
    const folder = this.#calls.inodeAt(`/proc/${pid}`);
    const ran = folder === 0 ? undefined : ranSoFar(pid);
    return ran === undefined ? undefined : { folder, ran, at: this.#now() };
  }

  /** What was seen of a process that is still as it was. */
  recall(pid: number): Look | 'kernel' | undefined {
    const known = this.#known.get(pid);
    if (known === undefined) {
      return undefined;
    }
    if (known.folder !== this.#calls.inodeAt(`/proc/${pid}`)) {
      return undefined;
    }
    const age = this.#now() - known.at;
    if (known.ran !== undefined && (age < CHARGED || age > FORGOTTEN || known.ran !== ranSoFar(pid))) {
      return undefined;
    }
    this.#next.set(pid, known);
    return known.look;
  }

  /** @param moment before the look */
  remember(pid: number, { folder, ran, at }: Moment, look: Look | 'kernel'): void {
    if (look === 'kernel') {
      this.#next.set(pid, { folder, ran: undefined, at, look });
    } else if (look.asleep) {
      this.#next.set(pid, { folder, ran, at, look });
    }
  }

  /** At the end of a pass: what was neither recalled nor remembered in it is forgotten. */
  turn(): void {
    this.#known = this.#next;
    this.#next = new Map();
  }
}

function ranSoFar(pid: number): string | undefined {
  try {
    const text = readProcAtOnce(`/proc/${pid}/schedstat`);
    // Without CONFIG_SCHED_INFO there is nothing to be seen.
    return /^\d+ \d+ [1-9]\d*\n$/.test(text) ? text : undefined;
  } catch (thrown) {
    if (thrown instanceof SystemError) {
      return undefined;
    }
    throw thrown;
  }
}
