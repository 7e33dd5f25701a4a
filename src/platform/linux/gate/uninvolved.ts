import type { GateCalls } from './calls';

/**
 * The processes that had nothing to do with an inode when they were looked at, with the processor time that they had used until then: who
 * has used none since cannot have come to it. A process that runs at this moment may have used more than the kernel has noted (until its
 * next tick): `bystanders` waits for that. Not seen: what a process has of another one with which it shares its table of descriptors, but
 * not its threads (clone(2), CLONE_FILES without CLONE_THREAD), when that one has ended.
 */
export class Uninvolved {
  readonly #calls: GateCalls;
  readonly #used = new Map<number, bigint>();

  constructor(calls: GateCalls) {
    this.#calls = calls;
  }

  /** Nobody has come to the inode yet: not these processes. */
  all(pids: readonly number[]): void {
    for (const pid of pids) this.#note(pid, this.#calls.processTime(pid));
  }

  /** Looks whether a process is involved, unless it has not run since it was seen not to be. */
  asks(pid: number, isInvolved: () => boolean): boolean {
    // Before the look: what it does in the meantime counts for the next one.
    const used = this.#calls.processTime(pid);
    if (used !== undefined && this.#used.get(pid) === used) return false;
    const involved = isInvolved();
    this.#note(pid, involved ? undefined : used);
    return involved;
  }

  #note(pid: number, used: bigint | undefined): void {
    if (used === undefined) this.#used.delete(pid);
    else this.#used.set(pid, used);
  }
}
