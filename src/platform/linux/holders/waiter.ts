import { constants, openSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import { performance } from 'node:perf_hooks';
import { SystemError } from '../../../core/errors';
import type { ProcessKey } from '../../../core/holders/holder';
import type { Pin, Uses, UseWaiter, UseWake } from '../../../core/holders/ports';
import { system } from '../errors';
import type { GateCalls } from '../gate/calls';
import { decodeEveryNotice } from '../gate/events';
import { Watches } from '../gate/watches';
import { O_PATH, POLLED, POLLIN } from '../layouts';
import { closeQuietly } from '../place';
import { ARRIVALS, READS, USES, USE_MEANINGS } from './events';
import { descriptorOf } from './finder';
import { openProcess } from './processes';

/** poll(2) takes an int. */
const LONGEST = 2 ** 31 - 1;

const NOTHING: Uses = { used: new Set(), read: new Set(), moved: new Set(), overflow: false };

/** All that can wake the lookout's thread. Belongs to the thread that made it. */
export class LinuxUseWaiter implements UseWaiter {
  readonly orders: number;
  readonly #calls: GateCalls;
  readonly #watches: Watches;
  readonly #buffer = Buffer.alloc(1 << 16);
  /** Descriptors of folders, by watch. */
  readonly #folders = new Map<number, number>();
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
    } catch (thrown) {
      this.#watches.close();
      throw thrown;
    }
  }

  watch(pin: Pin, path: string): number {
    return this.#watches.add(descriptorOf(pin), path, USES);
  }

  watchFolder(path: string): number {
    const folder = dirname(path);
    const fd = system('open', folder, () => openSync(folder, O_PATH | constants.O_DIRECTORY));
    try {
      const watch = this.#watches.add(fd, folder, ARRIVALS);
      this.#folders.set(watch, fd);
      return watch;
    } catch (thrown) {
      closeQuietly(fd);
      throw thrown;
    }
  }

  tellReads(watch: number, on: boolean): void {
    this.#watches.change(watch, on ? READS : USES);
  }

  unwatch(watch: number): void {
    this.#watches.remove(watch);
    const folder = this.#folders.get(watch);
    if (folder === undefined) return;
    this.#folders.delete(watch);
    closeQuietly(folder);
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
      const [orders, ended] = this.#poll(this.#endedBefore ? 0 : asked, uses);
      if (orders) this.#drain(this.orders);
      const noticed = uses ? this.take() : NOTHING;
      const wake: UseWake = { orders, ended: ended || this.#endedBefore, ...noticed };
      this.#endedBefore = false;
      if (orders || wake.ended || !isEmpty(noticed) || left === 0) return wake;
    }
  }

  close(): void {
    for (const watch of [...this.#folders.keys()]) this.unwatch(watch);
    this.#watches.close();
    this.await([]);
    // `orders` stays: another thread writes to it without asking, and must not write to another file's number.
  }

  #poll(milliseconds: number, uses: boolean): readonly [orders: boolean, ended: boolean] {
    const descriptors = [this.orders, uses ? this.#watches.descriptor : -1, ...this.#processes.values()];
    const polled = Buffer.alloc(descriptors.length * POLLED.size);
    descriptors.forEach((fd, index) => {
      // poll(2) passes over negative ones.
      polled.writeInt32LE(fd, index * POLLED.size + POLLED.descriptor);
      polled.writeInt16LE(POLLIN, index * POLLED.size + POLLED.events);
    });
    try {
      this.#calls.poll(polled, descriptors.length, milliseconds);
    } catch (thrown) {
      // The caller asks again, for the time that is left.
      if (SystemError.is(thrown, 'EINTR')) return [false, false];
      throw thrown;
    }
    const ready = (index: number): boolean => polled.readInt16LE(index * POLLED.size + POLLED.returned) !== 0;
    let ended = false;
    [...this.#processes].forEach(([key, pidfd], index) => {
      if (!ready(index + 2)) return;
      ended = true;
      this.#processes.delete(key);
      this.#calls.closeDescriptor(pidfd);
    });
    return [ready(0), ended];
  }

  /** Takes all that lies in the queue. Of each of these watches, one opening and one closing are our own. */
  #notice(own: readonly number[]): void {
    const used = new Set(this.#noticed.used);
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
      for (const watch of told.again) {
        used.add(watch);
        moved.add(watch);
      }
      for (const { watch, what } of told.events) {
        if (ours.delete(`${String(watch)} ${what}`)) continue;
        if (what === 'read') read.add(watch);
        else if (what === 'moved') moved.add(watch);
        else used.add(watch);
      }
    }
    this.#noticed = { used, read, moved, overflow };
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

function isEmpty({ used, read, moved, overflow }: Uses): boolean {
  return !overflow && used.size === 0 && read.size === 0 && moved.size === 0;
}
