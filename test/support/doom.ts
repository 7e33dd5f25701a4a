/** When a process is to die, told to all of its threads through memory that they share. */
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

const key = 'holdfast.doom';

export class Doom {
  readonly #left: Int32Array;

  private constructor(buffer: SharedArrayBuffer) {
    this.#left = new Int32Array(buffer);
  }

  /** For all threads that are started from this one. */
  static share(): Doom {
    const buffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    setEnvironmentData(key, buffer);
    return new Doom(buffer);
  }

  static shared(): Doom {
    return new Doom(getEnvironmentData(key) as SharedArrayBuffer);
  }

  /** The process dies before its `nth` step from now on; 0: never. */
  set(nth: number): void {
    Atomics.store(this.#left, 0, nth);
  }

  /** Steps that were still to be taken; less than nothing if none is the last. */
  get left(): number {
    return Atomics.load(this.#left, 0);
  }

  step(): void {
    // No handler, no flush, no end of any other thread's work.
    if (Atomics.sub(this.#left, 0, 1) === 1) process.kill(process.pid, 'SIGKILL');
  }
}
