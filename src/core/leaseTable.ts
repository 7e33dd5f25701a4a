/** More leases at once than this are not in the table; a save that has one of them is not watched over. A number. */
const capacity = 1024;

const threadCell = capacity + 1;

/**
 * What the keeper's thread and its watchdog share: which descriptors have a lease, a pulse, and which thread it is. When the keeper is stuck, an
 * editor waits in its `open` for what only the keeper would let go; from this table somebody else can.
 */
export class LeaseTable {
  readonly buffer: SharedArrayBuffer;
  readonly #cells: Int32Array;
  /** Of the keeper's end alone, which is the only one that writes: where each descriptor is. */
  readonly #places = new Map<number, number>();
  #unused = 1;
  readonly #free: number[] = [];

  constructor(buffer = new SharedArrayBuffer((threadCell + 1) * Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#cells = new Int32Array(buffer);
  }

  /** The keeper: it is alive. */
  beat(): void {
    Atomics.add(this.#cells, 0, 1);
  }

  /** Another number than last time: the keeper was alive in between. */
  get pulse(): number {
    return Atomics.load(this.#cells, 0);
  }

  /** Of the keeper's thread, as the kernel numbers threads; 0: not known. */
  get thread(): number {
    return Atomics.load(this.#cells, threadCell);
  }

  set thread(thread: number) {
    Atomics.store(this.#cells, threadCell, thread);
  }

  add(descriptor: number): void {
    if (this.#places.has(descriptor)) return;
    const index = this.#free.pop() ?? (this.#unused <= capacity ? this.#unused++ : undefined);
    if (index === undefined) return;
    this.#places.set(descriptor, index);
    Atomics.store(this.#cells, index, descriptor + 1);
  }

  remove(descriptor: number): void {
    const index = this.#places.get(descriptor);
    if (index === undefined) return;
    this.#places.delete(descriptor);
    this.#free.push(index);
    Atomics.store(this.#cells, index, 0);
  }

  descriptors(): readonly number[] {
    const found: number[] = [];
    for (let index = 1; index <= capacity; index++) {
      const cell = Atomics.load(this.#cells, index);
      if (cell !== 0) found.push(cell - 1);
    }
    return found;
  }
}
