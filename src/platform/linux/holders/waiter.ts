import { openSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import { performance } from 'node:perf_hooks';
import { SystemError } from '../../../core/errors';
import type { ProcessKey } from '../../../core/holders/holder';
import type { Pin, Uses, UseWaiter, UseWake } from '../../../core/holders/ports';
import { system } from '../errors';
import type { GateCalls } from '../gate/calls';
import { decodeEveryNotice } from '../gate/events';
import { Watches } from '../gate/watches';
import { IN_DONT_FOLLOW, IN_ONLYDIR, POLLED, POLLIN, POLLPRI } from '../layouts';
import { closeQuietly } from '../place';
import { ARRIVALS, MOVES, READS, USES, USE_MEANINGS } from './events';
import { ours } from './finder';
import { openProcess } from './processes';

/** poll(2) takes an int. */
const LONGEST = 2 ** 31 - 1;

const MOUNTS = '/proc/self/mountinfo';

const NOTHING: Uses = {
  used: new Set(),
  closed: new Set(),
  read: new Set(),
  moved: new Set(),
  lost: new Set(),
  mounted: false,
  overflow: false,
};

/** All that can wake the lookout's thread. Belongs to the thread that made it. */
export class LinuxUseWaiter implements UseWaiter {
  readonly orders: number;
  readonly #calls: GateCalls;
  readonly #watches: Watches;
  readonly #buffer = Buffer.alloc(1 << 16);
  /** Our mounts: poll(2) tells each change of them once, proc_pid_mountinfo(5). */
  readonly #mounts: number;
  /** Descriptors of processes, by pid and start. */
  readonly #processes = new Map<string, number>();
  /** What was noticed before it was asked for. */
  #noticed: Uses = NOTHING;
  /** A process that was to be awaited had ended. */
  #endedBefore = false;

  /** @throws SystemError EMFILE, ENFILE: no descriptor, or no inotify instance left for this user */
  constructor(calls: GateCalls) {
    this.#calls = calls;
    this.#watches = new Watches(calls);
    try {
      this.orders = calls.openEvent();
      this.#mounts = system('open', MOUNTS, () => openSync(MOUNTS, 'r'));
    } catch (thrown) {
      this.#watches.close();
      throw thrown;
    }
  }

  attend(): void {
    // inotify tells, whoever looks.
  }

  watch(pin: Pin): number {
    return this.#watches.add(ours(pin), USES);
  }

  isOf(watch: number, pin: Pin): boolean {
    return this.#watches.isOf(watch, ours(pin));
  }

  watchFolder(path: string): number {
    return this.#watches.addPath(dirname(path), ARRIVALS | IN_ONLYDIR);
  }

  watchLink(path: string): number {
    return this.#watches.addPath(path, MOVES | IN_DONT_FOLLOW);
  }

  tellReads(watch: number, on: boolean): void {
    this.#watches.change(watch, on ? READS : USES);
  }

  unwatch(watch: number): void {
    this.#watches.remove(watch);
  }

  await(processes: readonly ProcessKey[]): void {
    const wanted = new Map(processes.map((process) => [`${String(process.pid)} ${String(process.started)}`, process]));
    for (const [key, pidfd] of this.#processes) {
      if (wanted.has(key)) continue;
      this.#processes.delete(key);
      this.#calls.closeDescriptor(pidfd);
    }
    for (const [key, process] of wanted) {
      if (this.#processes.has(key)) continue;
      try {
        this.#processes.set(key, openProcess(this.#calls, process));
      } catch (thrown) {
        if (!(thrown instanceof SystemError)) throw thrown;
        // Without a descriptor (EMFILE, a kernel before 5.3) its end is seen by what it closes.
        this.#endedBefore ||= thrown.errno === 'ESRCH';
      }
    }
  }

  unseen<T>(watch: number, work: () => T): T {
    this.#notice([]);
    try {
      return work();
    } finally {
      // Ours is one `opened` and one `closed`. Somebody else's that came together with ours has a `closed` of its own later, or is still there.
      this.#notice([watch]);
    }
  }

  take(): Uses {
    this.#notice([]);
    const noticed = this.#noticed;
    this.#noticed = NOTHING;
    return noticed;
  }

  wait(milliseconds: number | undefined, uses: boolean): UseWake {
    const until = milliseconds === undefined ? undefined : performance.now() + milliseconds;
    for (;;) {
      const left = until === undefined ? -1 : Math.min(Math.max(Math.ceil(until - performance.now()), 0), LONGEST);
      const asked = uses && !isEmpty(this.#noticed) ? 0 : left;
      const [orders, mounted, ended] = this.#poll(this.#endedBefore ? 0 : asked, uses);
      if (orders) this.#drain(this.orders);
      const noticed = uses ? { ...this.take(), mounted } : NOTHING;
      const wake: UseWake = { orders, ended: ended || this.#endedBefore, ...noticed };
      this.#endedBefore = false;
      if (orders || wake.ended || !isEmpty(noticed) || left === 0) return wake;
    }
  }

  close(): void {
    this.#watches.close();
    closeQuietly(this.#mounts);
    this.await([]);
    // `orders` stays: another thread writes to it without asking, and must not write to another file's number.
  }

  #poll(milliseconds: number, uses: boolean): readonly [orders: boolean, mounted: boolean, ended: boolean] {
    const always = [this.orders, uses ? this.#watches.descriptor : -1, uses ? this.#mounts : -1];
    const descriptors = [...always, ...this.#processes.values()];
    const polled = Buffer.alloc(descriptors.length * POLLED.size);
    descriptors.forEach((fd, index) => {
      // poll(2) passes over negative ones.
      polled.writeInt32LE(fd, index * POLLED.size + POLLED.descriptor);
      // The text of the mounts can always be read.
      polled.writeInt16LE(fd === this.#mounts ? POLLPRI : POLLIN, index * POLLED.size + POLLED.events);
    });
    try {
      this.#calls.poll(polled, descriptors.length, milliseconds);
    } catch (thrown) {
      // The caller asks again, for the time that is left.
      if (SystemError.is(thrown, 'EINTR')) return [false, false, false];
      throw thrown;
    }
    const ready = (index: number): boolean => polled.readInt16LE(index * POLLED.size + POLLED.returned) !== 0;
    let ended = false;
    [...this.#processes].forEach(([key, pidfd], index) => {
      if (!ready(index + always.length)) return;
      ended = true;
      this.#processes.delete(key);
      this.#calls.closeDescriptor(pidfd);
    });
    return [ready(0), ready(2), ended];
  }

  /** Takes all that lies in the queue. Of each of these watches, one opening and one closing are our own. */
  #notice(own: readonly number[]): void {
    const used = new Set(this.#noticed.used);
    const closed = new Set(this.#noticed.closed);
    const lost = new Set(this.#noticed.lost);
    const read = new Set(this.#noticed.read);
    const moved = new Set(this.#noticed.moved);
    let { overflow } = this.#noticed;
    const ours = new Set(own.flatMap((watch) => [`${String(watch)} opened`, `${String(watch)} closed`]));
    for (
      let length = this.#drain(this.#watches.descriptor);
      length > 0;
      length = this.#drain(this.#watches.descriptor)
    ) {
      const told = this.#watches.translate(decodeEveryNotice(this.#buffer.subarray(0, length), USE_MEANINGS));
      overflow ||= told.overflow;
      for (const watch of told.lost) lost.add(watch);
      for (const watch of told.again) {
        used.add(watch);
        moved.add(watch);
      }
      for (const { watch, what } of told.events) {
        if (ours.delete(`${String(watch)} ${what}`)) continue;
        if (what === 'read') read.add(watch);
        else if (what === 'moved') moved.add(watch);
        else used.add(watch);
        if (what === 'closed') closed.add(watch);
      }
    }
    this.#noticed = { ...this.#noticed, used, closed, read, moved, lost, overflow };
  }

  /** How much was read; 0: nothing is there. */
  #drain(fd: number): number {
    try {
      return system('read', '', () => readSync(fd, this.#buffer));
    } catch (thrown) {
      if (SystemError.is(thrown, 'EAGAIN')) return 0;
      throw thrown;
    }
  }
}

function isEmpty({ used, read, moved, lost, mounted, overflow }: Uses): boolean {
  return !overflow && !mounted && [used, read, moved, lost].every(({ size }) => size === 0);
}
