/**
 * One decision between two threads: the one that waits for a save and may give up, and the one that carries it out and
 * must not rename once the other has given up. Whoever moves first out of `open` decides.
 *
 *   open ──claim──► claimed ──abandon──► last
 *    ▲ │               │
 *    │ └──abandon──►  abandoned
 *    └─────release─────┘
 *
 * - claimed: one attempt may rename. If it did not, it can be released, and everything is open again.
 * - last: the waiting side has given up in the middle of an attempt. That attempt may end; there is no other.
 * - abandoned: nothing is renamed any more.
 */
const state = { open: 0, claimed: 1, abandoned: 2, last: 3 } as const;

export class Claim {
  readonly buffer: SharedArrayBuffer;
  readonly #cell: Int32Array;

  constructor(buffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#cell = new Int32Array(buffer);
  }

  /** The one who carries out: true if this attempt may rename. */
  claim(): boolean {
    return this.#move(state.open, state.claimed);
  }

  /** The one who carries out, when its attempt has renamed nothing: true if it may try again. */
  release(): boolean {
    return this.#move(state.claimed, state.open);
  }

  /** The one who carries out, after its rename: true if the other side has waited all the time. */
  waited(): boolean {
    return Atomics.load(this.#cell, 0) === state.claimed;
  }

  /** The one who carries out: false once the other side has given up, and may write itself. */
  isWaitedFor(): boolean {
    const now = Atomics.load(this.#cell, 0);
    return now === state.open || now === state.claimed;
  }

  /** The one who waits: true if nothing will be renamed any more, false while an attempt is under way. */
  abandon(): boolean {
    // The other thread may claim and release between two looks: until one of the moves holds.
    for (;;) {
      if (this.#move(state.open, state.abandoned)) return true;
      if (this.#move(state.claimed, state.last)) return false;
      const now = Atomics.load(this.#cell, 0);
      if (now === state.abandoned || now === state.last) return now === state.abandoned;
    }
  }

  #move(from: number, to: number): boolean {
    return Atomics.compareExchange(this.#cell, 0, from, to) === from;
  }
}
