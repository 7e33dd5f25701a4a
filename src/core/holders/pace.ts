import { lookout } from './limits';

/**
 * When the next pass over all processes is due. The first event after quiet leads to one almost at once; as long as events go on,
 * passes become rarer, down to one a second: a search over ten thousand files costs no more than that.
 */
export class Pace {
  #wanted: number | undefined;
  #last = -Infinity;
  #rest: number = lookout.shortestRest;

  /** Something may have changed. All times in milliseconds of one clock. */
  want(now: number): void {
    this.#wanted ??= Math.max(now + lookout.settles, this.#last + this.#rest);
  }

  get wanted(): boolean {
    return this.#wanted !== undefined;
  }

  /** How long until it is due. `undefined`: nothing is wanted. */
  left(now: number): number | undefined {
    return this.#wanted === undefined ? undefined : Math.max(0, this.#wanted - now);
  }

  /** A pass has been made. */
  passed(now: number): void {
    const goesOn = now - this.#last < 2 * this.#rest + lookout.settles;
    this.#rest = goesOn ? Math.min(2 * this.#rest, lookout.longestRest) : lookout.shortestRest;
    this.#last = now;
    this.#wanted = undefined;
  }
}
