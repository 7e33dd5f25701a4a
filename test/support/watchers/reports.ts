/** What a tool that follows a file says, as reports that can be waited for. */
import { within } from '../deadline';

/** One thing that the tool did or said because of a change. */
export interface Report {
  /** It is about the file, and this is the version that the tool saw; `undefined` if it does not say which, NaN if it was none. */
  readonly file?: number | undefined;
  /** It is about the sentinel: this version of it, or a later one, was noticed. */
  readonly sentinel?: number | undefined;
  /** What the tool calls it. */
  readonly kind?: string;
}

/** Reports in the order in which they came. */
export class Reports {
  readonly all: Report[] = [];
  #wake: () => void = () => undefined;
  #broken: Error | undefined;

  add(report: Report): void {
    this.all.push(report);
    this.#wake();
  }

  /** No more will come, and whoever waits is told why. */
  end(error: Error): void {
    this.#broken = error;
    this.#wake();
  }

  /**
   * Resolves with the place of the first such report at or behind `from`.
   * @throws a `DeadlineError`, or what ended the tool
   */
  async until(from: number, milliseconds: number, what: string, wanted: (report: Report) => boolean): Promise<number> {
    const found = new Promise<number>((resolve, reject) => {
      this.#wake = () => {
        const index = this.all.findIndex((report, at) => at >= from && wanted(report));
        if (index >= 0) resolve(index);
        else if (this.#broken) reject(this.#broken);
      };
      this.#wake();
    });
    try {
      return await within(milliseconds, what, found);
    } finally {
      this.#wake = () => undefined;
    }
  }
}
