/**
 * One decision between two threads: the one that waits for a save and may give up, and the one that carries it out and
 * must not rename once the other has given up. Whoever moves first out of `open` decides.
 */
const state = { open: 0, claimed: 1, abandoned: 2 } as const;

export class Claim {
  readonly buffer: SharedArrayBuffer;
  readonly #cell: Int32Array;

  constructor(buffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#cell = new Int32Array(buffer);
  }

  /** The one who carries out: true if it may rename. Asking again after a first yes is a yes. */
  claim(): boolean {
    const before = Atomics.compareExchange(this.#cell, 0, state.open, state.claimed);
    return before === state.open || before === state.claimed;
  }

  /** The one who waits: true if nothing will be renamed any more. */
  abandon(): boolean {
    const before = Atomics.compareExchange(this.#cell, 0, state.open, state.abandoned);
    return before === state.open || before === state.abandoned;
  }
}
