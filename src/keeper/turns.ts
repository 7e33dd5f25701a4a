/** Lets at most `limit` pieces of work run at once; the others wait in order. */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  readonly #limit: number;
  #free: number;

  constructor(limit: number) {
    this.#limit = limit;
    this.#free = limit;
  }

  /** How many pieces of work run or wait. */
  get underWay(): number {
    return this.#limit - this.#free + this.#waiting.length;
  }

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}
