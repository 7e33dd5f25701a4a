/** Work that is done once, when nothing else has been asked for in a while. */
export class WhenQuiet {
  readonly #milliseconds: number;
  readonly #work: (signal: AbortSignal) => Promise<void>;
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(milliseconds: number, work: (signal: AbortSignal) => Promise<void>) {
    this.#milliseconds = milliseconds;
    this.#work = work;
    this.#start();
  }

  /** Something was asked for. Work that has begun goes on. */
  postpone(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#start();
  }

  giveUp(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#controller.abort();
  }

  #start(): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#work(this.#controller.signal);
    }, this.#milliseconds);
  }
}
