import { lookout } from './limits';

/**
 * When the next pass over all processes is due. The first event after quiet leads to one almost at once; as long as events go on,
 * passes become rarer, down to one a second, and to a twentieth of the time where they take long: a search over ten thousand files costs
 * no more than that.
 */
export class Pace {
  #wanted: number | undefined;
  #last = -Infinity;
  #rest: number = lookout.shortestRest;
  #took = 0;

  /** Something may have changed. All times in milliseconds of one clock. */
  want(now: number): void {
    this.#wanted ??= Math.max(now + lookout.settles, this.#last + this.#rest);
  }

  /** The user has saved a file, or has come to it: not after a long rest because much went on before. */
  hurry(now: number): void {
    const soon = Math.max(now + lookout.settles, this.#last + lookout.shortestRest + this.#took);
    this.#wanted = Math.min(this.#wanted ?? Infinity, soon);
  }

  get wanted(): boolean {
    return this.#wanted !== undefined;
  }

  /** How long until it is due. `undefined`: nothing is wanted. */
  left(now: number): number | undefined {
    return this.#wanted === undefined ? undefined : Math.max(0, this.#wanted - now);
  }

  /**
   * A pass has been made.
   *
   * @param took so many milliseconds
   */
  passed(now: number, took: number): void {
    // From the end of the last one to the begin of this one, however long they take.
    const goesOn = now - took - this.#last < 2 * this.#rest + lookout.settles;
    const longest = Math.max(lookout.longestRest, lookout.restPerPass * took);
    this.#rest = goesOn ? Math.min(2 * this.#rest, longest) : lookout.shortestRest;
    this.#last = now;
    this.#took = took;
    this.#wanted = undefined;
  }
}
