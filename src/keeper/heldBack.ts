import { gateLimits } from '../core/gate/limits';
import type { Slot } from '../core/gate/ports';

/**
 * The news that the new version has reached the disk, without which the gate does not publish it: held back until a clone that took the
 * held file's place has been at the path for `gateLimits.apart`. Who follows the path would miss the second of two files that come
 * right after one another.
 */
export class HeldBack {
  #cloneCame: number | undefined;
  #synced: Slot | undefined;

  /** A clone is at the path since `now` (milliseconds). */
  cloneCame(now: number): void {
    this.#cloneCame = now;
  }

  synced(slot: Slot): void {
    this.#synced = slot;
  }

  /** When it may be told; `undefined`: there is nothing to tell. */
  get due(): number | undefined {
    if (this.#synced === undefined) return undefined;
    return this.#cloneCame === undefined ? 0 : this.#cloneCame + gateLimits.apart;
  }

  /** What is to be told by now, once. */
  take(now: number): Slot | undefined {
    if (this.due === undefined || this.due > now) return undefined;
    const slot = this.#synced;
    this.#synced = undefined;
    return slot;
  }
}
