/**
 * What was made of a value of the configuration, until another one comes: rules may be long, and are the same for thousands of files. VS Code hands
 * out a copy each time, so that they are told apart by their text.
 */
export class OnceRead<Value> {
  readonly #read: (raw: unknown) => Value;
  #last: { readonly text: string | undefined; readonly value: Value } | undefined;

  constructor(read: (raw: unknown) => Value) {
    this.#read = read;
  }

  /** @param raw as JSON has it, or `undefined` */
  of(raw: unknown): Value {
    const text = JSON.stringify(raw) as string | undefined;
    if (!this.#last || this.#last.text !== text) this.#last = { text, value: this.#read(raw) };
    return this.#last.value;
  }
}
