/** Work that gives way to other work: one piece at a time, none while there is something that does not wait. */
export class SpareTime {
  readonly #waiting: (() => void)[] = [];
  #next: NodeJS.Immediate | undefined;
  readonly #patience: number;
  #busy = 0;
  /** Runs as long as there is something to give way to, and not for too long. */
  #patient: NodeJS.Timeout | undefined;

  /** @param patience milliseconds for which nothing is done at most: some of it is waited for, and what hangs must not hold it up */
  constructor(patience: number) {
    this.#patience = patience;
  }

  /** Done after everything that was added before. */
  add(work: () => void): void {
    this.#waiting.push(work);
    this.#goOn();
  }

  /** Nothing is done until `work` has ended, if there is patience. */
  giveWayTo(work: Promise<unknown>): void {
    if (this.#busy++ === 0) {
      this.#patient = setTimeout(() => {
        this.#patient = undefined;
        this.#goOn();
      }, this.#patience);
    }
    const end = (): void => {
      if (--this.#busy > 0) return;
      this.#stopWaiting();
      this.#goOn();
    };
    work.then(end, end);
  }

  giveUp(): void {
    clearImmediate(this.#next);
    this.#next = undefined;
    this.#waiting.length = 0;
    this.#stopWaiting();
  }

  #stopWaiting(): void {
    clearTimeout(this.#patient);
    this.#patient = undefined;
  }

  #goOn(): void {
    if (this.#next !== undefined || this.#waiting.length === 0 || this.#patient !== undefined) return;
    // What has been ordered meanwhile comes first.
    this.#next = setImmediate(() => {
      this.#next = undefined;
      if (this.#patient === undefined) this.#waiting.shift()?.();
      this.#goOn();
    });
  }
}
