import type { Disposable } from '../core/disposable';

/** Work that is done at once when it is asked for, and again after a while if it was asked for meanwhile, however often. */
export class Paced implements Disposable {
  readonly #milliseconds: number;
  readonly #work: () => void;
  #timer: NodeJS.Timeout | undefined;
  #asked = false;

  constructor(milliseconds: number, work: () => void) {
    this.#milliseconds = milliseconds;
    this.#work = work;
  }

  ask(): void {
    this.#asked = true;
    if (this.#timer === undefined) this.#do();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#asked = false;
  }

  #do(): void {
    this.#asked = false;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#asked) this.#do();
    }, this.#milliseconds);
    this.#work();
  }
}
