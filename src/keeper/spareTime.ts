/** Work that gives way to other work: one piece at a time, none while there is something that does not wait. */
export class SpareTime {
  readonly #waiting: (() => void)[] = [];
  #next: NodeJS.Immediate | undefined;
  #busy = 0;

  /** Done after everything that was added before. */
  add(work: () => void): void {
    this.#waiting.push(work);
    this.#goOn();
  }

  /** Nothing is done until `work` has ended, but no longer than so many milliseconds: what hangs is not to hold everything up. */
  giveWayTo(work: Promise<unknown>, milliseconds: number): void {
    this.#busy++;
    let isOver = false;
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      this.#busy--;
      this.#goOn();
    };
    const timer = setTimeout(end, milliseconds);
    work.then(end, end);
  }

  giveUp(): void {
    clearImmediate(this.#next);
    this.#next = undefined;
    this.#waiting.length = 0;
  }

  #goOn(): void {
    if (this.#next !== undefined || this.#waiting.length === 0 || this.#busy > 0) return;
    // What has been ordered meanwhile comes first.
    this.#next = setImmediate(() => {
      this.#next = undefined;
      if (this.#busy === 0) this.#waiting.shift()?.();
      this.#goOn();
    });
  }
}
