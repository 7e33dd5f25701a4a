import type { LeaseTable } from '../core/leaseTable';
import { limits } from '../core/limits';

/**
 * Watches over the keeper's thread while an editor may be waiting for it, from the extension host's main thread. A thread that
 * is dead drops its leases; one that is stuck, as in a rename on a frozen file system, does not. One that only waits for a processor is
 * not stuck, and is given longer.
 */
export class Watchdog {
  readonly #table: LeaseTable;
  readonly #ping: () => void;
  readonly #isStarved: () => boolean;
  readonly #onStuck: () => void;
  #timer: NodeJS.Timeout | undefined;
  #pulse = 0;
  #missed = 0;
  /** Looks that are still to be made; after `rest` one more than may miss: the one under way may have seen a beat from before. */
  #looks = 0;

  /**
   * @param ping makes the keeper beat
   * @param isStarved whether it has all that it needs but a processor
   * @param onStuck it has not; called once
   */
  constructor(table: LeaseTable, ping: () => void, isStarved: () => boolean, onStuck: () => void) {
    this.#table = table;
    this.#ping = ping;
    this.#isStarved = isStarved;
    this.#onStuck = onStuck;
  }

  /** Again: nothing. */
  start(): void {
    this.#looks = Infinity;
    if (this.#timer !== undefined) return;
    this.#missed = 0;
    this.#look();
  }

  /** There is no hurry any more, but what the last save has left the keeper in is still found out. */
  rest(): void {
    this.#looks = Math.min(this.#looks, limits.keeperMisses + 1);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    this.#pulse = this.#table.pulse;
    this.#ping();
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#missed = this.#table.pulse === this.#pulse ? this.#missed + 1 : 0;
      this.#looks--;
      const isLate = this.#missed >= limits.keeperMisses;
      if (isLate && (this.#missed >= limits.keeperStarves || !this.#isStarved())) this.#onStuck();
      else if (isLate || this.#looks > 0) this.#look();
    }, limits.keeperBeats);
  }
}
