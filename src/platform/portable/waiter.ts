import type { Pin, Uses, UseWaiter, UseWake } from '../../core/holders/ports';
import { lookout } from '../../core/holders/limits';
import type { Bell } from '../../core/bell';
import { isSame, pathPin, type PathPin } from './pin';

/** As in `lookout`. */
export interface AskingPace {
  readonly betweenAsking: number;
  readonly restPerPass: number;
}

const NONE: ReadonlySet<number> = new Set();
const NOTHING: Uses = {
  used: NONE,
  closed: NONE,
  read: NONE,
  moved: NONE,
  lost: NONE,
  mounted: false,
  overflow: false,
};

/**
 * Where the system does not tell when a file is used. Sleeps until an order comes; and while somebody looks and files are watched, at most for
 * `lookout.betweenAsking`, after which any of them may have been used: that is asked anew. Where nobody looks, or nothing is watched, no
 * clock runs. A look costs a run of another program, so the rest after a long one is longer: it takes a twentieth of one processor at most.
 */
export class AskingWaiter implements UseWaiter {
  readonly orders: Extract<Bell, object> = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  readonly #clock: () => number;
  readonly #pace: AskingPace;
  readonly #watches = new Map<number, PathPin | undefined>();
  #next = 1;
  #rung = 0;
  #attended = false;
  /** When it was looked last, */
  #looked = -Infinity;
  /** and whether that was since the thread woke, */
  #looks = false;
  #woke: number;
  /** and how long it rests after that. */
  #rest: number;

  /** @param clock milliseconds of a clock that nobody sets */
  constructor(clock: () => number, pace: AskingPace = lookout) {
    this.#clock = clock;
    this.#pace = pace;
    this.#rest = pace.betweenAsking;
    this.#woke = clock();
  }

  attend(on: boolean): void {
    this.#attended = on;
  }

  watch(pin: Pin): number {
    return this.#add(pathPin(pin));
  }

  isOf(watch: number, pin: Pin): boolean {
    const watched = this.#watches.get(watch);
    return watched !== undefined && isSame(watched.identity, pin.identity);
  }

  watchFolder(): number {
    return this.#add(undefined);
  }

  watchLink(): number {
    return this.#add(undefined);
  }

  tellReads(): void {
    // Nobody is told of reads.
  }

  unwatch(watch: number): void {
    this.#watches.delete(watch);
  }

  await(): void {
    // Ends are seen when it is looked next.
  }

  unseen<T>(_watch: number, work: () => T): T {
    return work();
  }

  take(): Uses {
    // Whoever takes looks now.
    this.#looked = this.#clock();
    this.#looks = true;
    return NOTHING;
  }

  wait(milliseconds: number | undefined, uses: boolean): UseWake {
    const now = this.#clock();
    if (this.#looks) {
      this.#rest = Math.max(this.#pace.betweenAsking, this.#pace.restPerPass * (now - this.#woke));
    }
    this.#looks = false;
    const asks = uses && this.#attended && this.#watches.size > 0;
    const left = asks ? Math.max(0, this.#looked + this.#rest - now) : Infinity;
    Atomics.wait(this.orders, 0, this.#rung, Math.min(milliseconds ?? Infinity, left));
    const rung = Atomics.load(this.orders, 0);
    const orders = rung !== this.#rung;
    this.#rung = rung;
    this.#woke = this.#clock();
    if (!asks || this.#woke - now < left) {
      return { ...NOTHING, orders, ended: false };
    }
    this.#looked = this.#woke;
    const all = new Set(this.#watches.keys());
    return { ...NOTHING, used: all, moved: all, orders, ended: false };
  }

  close(): void {
    this.#watches.clear();
  }

  #add(pin: PathPin | undefined): number {
    const watch = this.#next++;
    this.#watches.set(watch, pin);
    return watch;
  }
}
