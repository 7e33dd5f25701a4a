/** When a process is to die, told to all threads that take steps through memory that they share. */
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

const key = 'holdfast.doom';
/** Indices into the memory. */
const Cell = {
  /** Steps until then. */
  Left: 0,
  /** The process; 0: the one that takes the steps. */
  Victim: 1,
} as const;

export class Doom {
  readonly #cells: Int32Array;

  private constructor(buffer: SharedArrayBuffer) {
    this.#cells = new Int32Array(buffer);
  }

  /** For all threads that are started from this one. */
  static share(): Doom {
    const buffer = new SharedArrayBuffer(Object.keys(Cell).length * Int32Array.BYTES_PER_ELEMENT);
    setEnvironmentData(key, buffer);
    return new Doom(buffer);
  }

  static shared(): Doom {
    return new Doom(getEnvironmentData(key) as SharedArrayBuffer);
  }

  /** The victim dies before the `nth` step from now on; 0: never. */
  set(nth: number, victim = 0): void {
    Atomics.store(this.#cells, Cell.Victim, victim);
    Atomics.store(this.#cells, Cell.Left, nth);
  }

  /** Steps that were still to be taken; less than nothing if none is the last. */
  get left(): number {
    return Atomics.load(this.#cells, Cell.Left);
  }

  step(): void {
    if (Atomics.sub(this.#cells, Cell.Left, 1) !== 1) return;
    // No handler, no flush, no end of any other thread's work.
    process.kill(Atomics.load(this.#cells, Cell.Victim) || process.pid, 'SIGKILL');
  }
}
