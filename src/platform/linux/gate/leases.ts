import { constants } from 'node:os';
import { SystemError } from '../../../core/errors';
import type { LeaseState, Probed } from '../../../core/gate/ports';
import { parseDescriptorFacts, parseLeaseWaiters } from '../../../core/linux/proc';
import type { HeldLease } from '../../../core/linux/proc';
import { F_RDLCK, F_UNLCK, F_WRLCK } from '../layouts';
import type { GateCalls } from './calls';
import { readProc } from './text';

/**
 * How often `/proc/locks` is read if our own lease is not in it: it is read in pieces, between which others may change
 * it.
 */
const READINGS = 4;

/**
 * What an opener in the microseconds of a look makes the kernel send to a thread that does not wait for it. Ignored unless somebody
 * handles it; SIGIO, the kernel's own choice, would end the process.
 */
export const IGNORED_SIGNAL = constants.signals.SIGURG;

/** The lease of one descriptor, in the calling thread's hands; fcntl(2), F_SETLEASE. */
export class Lease {
  readonly #calls: GateCalls;
  readonly #fd: number;
  readonly #path: string;
  readonly #listen: () => void;
  #taken = false;
  #file: string | undefined;

  /** @param listen makes the calling thread the one that is told of this descriptor's lease */
  constructor(calls: GateCalls, fd: number, path: string, listen: () => void) {
    this.#calls = calls;
    this.#fd = fd;
    this.#path = path;
    this.#listen = listen;
  }

  /** Nobody else has the inode open if the write lease is granted. Then the read lease is ours. */
  probe(): Probed {
    try {
      this.#set(F_WRLCK);
    } catch (thrown) {
      if (thrown instanceof SystemError) {
        return thrown.errno === 'EAGAIN' ? 'held' : 'unknown';
      }
      throw thrown;
    }
    try {
      this.#set(F_RDLCK);
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) {
        throw thrown;
      }
      // A writer came between the two calls, and waits. As long as it does there is no read lease to be had (fs/locks.c,
      // check_conflicting_open), and the write lease would keep readers waiting, too.
      this.letGo();
      return 'held';
    }
    this.#taken = true;
    return 'free';
  }

  /**
   * @throws SystemError EAGAIN if somebody has the inode open for writing, or waits to: a lease that we have stays.
   *   Only in the
   *   instant between the last two calls may a writer slip in; then the lease is gone
   */
  take(): void {
    // What breaks a lease once keeps it breaking, and is told once: who comes next would wait unheard until its time is
    // over. Taking it again does not end that (fs/locks.c, lease_clear_pending), but fails if a writer is there.
    const renew = this.#taken && this.state() === 'breaking';
    this.#set(F_RDLCK);
    this.#taken = true;
    if (renew) {
      this.#set(F_UNLCK);
      this.#set(F_RDLCK);
    }
  }

  state(): LeaseState {
    if (this.#calls.getLease(this.#fd, this.#path) !== F_UNLCK) {
      return 'kept';
    }
    // The same answer for a lease that is to go and for none at all.
    return this.#held()?.breaking === true ? 'breaking' : 'gone';
  }

  waiting(): readonly number[] {
    // It stays the same as long as the inode is open.
    this.#file ??= this.#held()?.file;
    if (this.#file === undefined) {
      return [];
    }
    for (let reading = 1; ; reading++) {
      const { leased, writers } = parseLeaseWaiters(readProc('/proc/locks'), this.#file).value;
      if (leased || reading === READINGS) {
        return writers;
      }
    }
  }

  /** No lease: EAGAIN, and nothing. @throws SystemError other than that */
  letGo(): void {
    try {
      this.#set(F_UNLCK);
    } catch (thrown) {
      if (!SystemError.is(thrown, 'EAGAIN')) {
        throw thrown;
      }
    }
  }

  /**
   * The kernel forgets whom to tell, and how, whenever a lease ends, be it by its time (fs/locks.c, lease_modify); the
   * next one would send SIGIO to the process, which kills it. So that is set each time, and once more in case it ended
   * in between.
   */
  #set(type: number): void {
    if (type === F_UNLCK) {
      this.#calls.setLease(this.#fd, type, this.#path);
      return;
    }
    this.#listen();
    this.#calls.setLease(this.#fd, type, this.#path);
    this.#listen();
  }

  #held(): HeldLease | undefined {
    return parseDescriptorFacts(readProc(`/proc/self/fdinfo/${this.#fd}`)).value.lease;
  }
}

/**
 * Whether nobody else has the inode open, by a write lease that is given up at once. Thousands of files are asked in turn: as few calls as can be.
 *
 * @param fd that never had a lease
 * @throws SystemError of fcntl(2)
 */
export function probeOnce(calls: GateCalls, fd: number, path: string): Probed {
  calls.setSignal(fd, IGNORED_SIGNAL, path);
  try {
    calls.setLease(fd, F_WRLCK, path);
  } catch (thrown) {
    if (thrown instanceof SystemError) {
      return thrown.errno === 'EAGAIN' ? 'held' : 'unknown';
    }
    throw thrown;
  }
  try {
    calls.setLease(fd, F_UNLCK, path);
  } catch (thrown) {
    // It has ended by its time.
    if (!SystemError.is(thrown, 'EAGAIN')) {
      throw thrown;
    }
  }
  return 'free';
}

/** A lease for the microseconds of a look, of whose end nobody needs to be told. */
export function quietLease(calls: GateCalls, fd: number, path: string): Lease {
  return new Lease(calls, fd, path, () => calls.notifyThisThread(fd, IGNORED_SIGNAL, path));
}
