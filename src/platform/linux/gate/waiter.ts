import { readSync } from 'node:fs';
import { constants } from 'node:os';
import { SystemError } from '../../../core/errors';
import type { GateNotice, Waiter, Wake } from '../../../core/gate/ports';
import { system } from '../errors';
import { POLLED, POLLIN } from '../layouts';
import type { GateCalls } from './calls';
import { decodeNotices, type Meanings } from './events';
import { Watches } from './watches';

/**
 * The kernel numbers real-time signals from 32 to 64. glibc keeps 32 and 33 for itself, musl 32 to 34, Go's runtime
 * leaves these alone for their sake; others count from either end (SIGRTMIN + n, SIGRTMAX - n: valgrind takes 64). Node
 * and V8 use none. It goes to one thread in which it is blocked, so not even a handler of somebody else's would see it.
 */
const LEASE_SIGNAL = 50;

/** Comes in its stead when the user's quota of queued signals is used up: fs/fcntl.c, send_sigio_to_task. */
const SIGNALS = [LEASE_SIGNAL, constants.signals.SIGIO];

/** poll(2) takes an int. */
const LONGEST = 2 ** 31 - 1;

const NOTHING: Pick<Wake<never>, 'events' | 'overflow'> = { events: [], overflow: false };

/**
 * All that can wake a thread that holds leases, and only that: signals for broken leases, one inotify instance for all inodes,
 * and an eventfd for orders. Belongs to the thread that made it.
 */
export class EventWaiter<What extends string = GateNotice> implements Waiter<What> {
  readonly orders: number;
  readonly watches: Watches;
  readonly #calls: GateCalls;
  readonly #meanings: Meanings<What>;
  readonly #signals: number;
  readonly #polled: Buffer;
  readonly #buffer = Buffer.alloc(1 << 16);
  #closed = false;

  /**
   * @param meanings what the events are called that inodes are watched for
   * @throws SystemError EMFILE, ENFILE: no descriptor, or no inotify instance left for this user
   */
  constructor(calls: GateCalls, meanings: Meanings<What>) {
    this.#calls = calls;
    this.#meanings = meanings;
    // For the rest of the thread's life: a signal of a lease that was let go may still be on its way.
    calls.blockSignals(SIGNALS);
    const undo: (() => void)[] = [];
    try {
      this.#signals = calls.openSignals(SIGNALS);
      undo.push(() => calls.closeDescriptor(this.#signals));
      this.watches = new Watches(calls);
      undo.push(() => this.watches.close());
      this.orders = calls.openEvent();
    } catch (thrown) {
      undo.forEach((step) => step());
      throw thrown;
    }
    const descriptors = [this.orders, this.watches.descriptor, this.#signals];
    this.#polled = Buffer.alloc(descriptors.length * POLLED.size);
    descriptors.forEach((fd, index) => {
      this.#polled.writeInt32LE(fd, index * POLLED.size + POLLED.descriptor);
      this.#polled.writeInt16LE(POLLIN, index * POLLED.size + POLLED.events);
    });
  }

  /** The leases of this descriptor are reported here from now on. */
  listen(fd: number, path: string): void {
    this.#calls.notifyThisThread(fd, LEASE_SIGNAL, path);
  }

  wait(milliseconds: number | undefined): Wake<What> {
    const until = milliseconds === undefined ? undefined : performance.now() + milliseconds;
    for (;;) {
      const left = until === undefined ? -1 : Math.min(Math.max(Math.ceil(until - performance.now()), 0), LONGEST);
      const [orders, watches, leases] = this.#poll(left);
      if (orders) {
        this.#drain(this.orders);
      }
      if (leases) {
        this.#drain(this.#signals);
      }
      const wake: Wake<What> = { orders, leases, ...(watches ? this.#notices() : NOTHING) };
      // What is nobody's concern, as the end of a watch, does not end the sleep.
      if (orders || leases || wake.overflow || wake.events.length > 0 || left === 0) {
        return wake;
      }
    }
  }

  close(): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    this.#calls.closeDescriptor(this.#signals);
    this.watches.close();
    // `orders` stays: other threads write to it without asking, and must not write to another file's number.
  }

  #poll(milliseconds: number): readonly [boolean, boolean, boolean] {
    // Whoever polls a signalfd is woken by every signal that comes to the process, be it SIGCHLD, only to find that it is not one of
    // ours (kernel/signal.c, signalfd_notify). Where no inode is watched there is no lease.
    const count = this.#polled.length / POLLED.size - (this.watches.isEmpty ? 1 : 0);
    try {
      if (this.#calls.poll(this.#polled, count, milliseconds) === 0) {
        return [false, false, false];
      }
    } catch (thrown) {
      // The caller asks again, for the time that is left.
      if (SystemError.is(thrown, 'EINTR')) {
        return [false, false, false];
      }
      throw thrown;
    }
    const ready = (index: number): boolean => this.#polled.readInt16LE(index * POLLED.size + POLLED.returned) !== 0;
    return [ready(0), ready(1), !this.watches.isEmpty && ready(2)];
  }

  #notices(): Pick<Wake<What>, 'events' | 'overflow'> {
    const length = this.#drain(this.watches.descriptor);
    const { events, again, overflow } = this.watches.translate(
      decodeNotices(this.#buffer.subarray(0, length), this.#meanings),
    );
    return { events, overflow: overflow || again.length > 0 };
  }

  /** How much was read; what does not fit into the buffer wakes again. */
  #drain(fd: number): number {
    try {
      return system('read', '', () => readSync(fd, this.#buffer));
    } catch (thrown) {
      if (SystemError.is(thrown, 'EAGAIN')) {
        return 0;
      }
      throw thrown;
    }
  }
}
