/**
 * For each key one piece of work at a time, and the last value wins: what comes while the work has not taken its value yet replaces it; what comes
 * after that is worked on once more, when it is done. Of all keys together only so many act at once.
 */
export class OneAtATime<Value> {
  readonly #work: (value: Value, turn: Turn<Value>) => Promise<void>;
  readonly #free: { turns: number };
  readonly #waiting: (() => void)[] = [];
  readonly #slots = new Map<string, { value: Value | undefined }>();

  /**
   * @param work never rejects
   * @param atOnce how many keys act at a time
   */
  constructor(work: (value: Value, turn: Turn<Value>) => Promise<void>, atOnce: number) {
    this.#work = work;
    this.#free = { turns: atOnce };
  }

  /** Resolves when nothing is left to be done for this key. */
  async add(key: string, value: Value): Promise<void> {
    const known = this.#slots.get(key);
    if (known) {
      known.value = value;
      return;
    }
    const slot: { value: Value | undefined } = { value };
    this.#slots.set(key, slot);
    try {
      for (let next = slot.value; next !== undefined; next = slot.value) {
        const first = next;
        await this.#work(first, {
          act: async (action) => {
            await this.#turn(() => {
              const latest = slot.value ?? first;
              slot.value = undefined;
              return action(latest);
            });
          },
          drop: () => {
            if (slot.value === first) slot.value = undefined;
          },
        });
        // Work that has neither acted nor dropped it is done with it all the same.
        if (slot.value === first) slot.value = undefined;
      }
    } finally {
      this.#slots.delete(key);
    }
  }

  async #turn(work: () => Promise<void>): Promise<void> {
    if (this.#free.turns > 0) this.#free.turns--;
    else {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
    try {
      await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free.turns++;
    }
  }
}

/** What a piece of work does with its value: one of these, once. */
export interface Turn<Value> {
  /** Takes the latest value, as soon as not too many others act. What comes from then on is worked on anew. */
  act(action: (latest: Value) => Promise<void>): Promise<void>;
  /** Does nothing with it. What has come meanwhile is worked on anew. */
  drop(): void;
}
