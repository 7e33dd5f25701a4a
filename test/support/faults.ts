/** What is to go wrong in a keeper's thread, told to it through memory that both threads share. */
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

/**
 * Where: the operations of the gate, as the calls that they are at the keeper's ports, and what lies between them.
 * `wait` is a sleep, `glance` a look at the kernel's events in the middle of a reaction.
 */
export const points = [
  'claim',
  'open',
  'take',
  'probe',
  'lease',
  'isAtPath',
  'leaseState',
  'waiting',
  'exchange',
  'takeBack',
  'glance',
  'search',
  'compare',
  'letGo',
  'drop',
  'alignTime',
  'acknowledge',
  'tellOpens',
  'adopt',
  'restamp',
  'clone',
  'restage',
  'keep',
  'bystanders',
  'interrupt',
  'isEnding',
  'room',
  'toldStager',
  'answer',
  'end',
  'close',
  'wait',
] as const;
export type Point = (typeof points)[number];

/**
 * - `refuses`: throws what the system would say.
 * - `throws`: throws what nobody expects.
 * - `ends`: the thread ends there.
 * - `sticks`: the call does not come back.
 */
export const faults = ['refuses', 'throws', 'ends', 'sticks'] as const;
export type Fault = (typeof faults)[number];
/** `waits`: the call comes late, when it is let go. */
const all = [...faults, 'waits'] as const;

const key = 'holdfast.faults';
const Cell = { Point: 0, Fault: 1, Left: 2, Struck: 3, Exchanges: 4, LetGo: 5, Count: 6 } as const;

export class Faults {
  readonly #cells: Int32Array;

  private constructor(buffer: SharedArrayBuffer) {
    this.#cells = new Int32Array(buffer);
  }

  /** For all threads that are started from this one, until it is called again. */
  static share(): Faults {
    const buffer = new SharedArrayBuffer(Cell.Count * Int32Array.BYTES_PER_ELEMENT);
    setEnvironmentData(key, buffer);
    const faults = new Faults(buffer);
    faults.disarm();
    return faults;
  }

  static shared(): Faults {
    return new Faults(getEnvironmentData(key) as SharedArrayBuffer);
  }

  /** The `nth` call from now on. */
  arm(point: Point, nth: number, fault: Fault | 'waits'): void {
    Atomics.store(this.#cells, Cell.LetGo, 0);
    Atomics.store(this.#cells, Cell.Struck, 0);
    Atomics.store(this.#cells, Cell.Exchanges, 0);
    Atomics.store(this.#cells, Cell.Fault, all.indexOf(fault));
    Atomics.store(this.#cells, Cell.Left, nth);
    Atomics.store(this.#cells, Cell.Point, points.indexOf(point));
  }

  disarm(): void {
    Atomics.store(this.#cells, Cell.Point, -1);
  }

  get struck(): boolean {
    return Atomics.load(this.#cells, Cell.Struck) === 1;
  }

  /** Exchanges that have taken place since it was armed. */
  get exchanges(): number {
    return Atomics.load(this.#cells, Cell.Exchanges);
  }

  exchanged(): void {
    Atomics.add(this.#cells, Cell.Exchanges, 1);
  }

  letGo(): void {
    Atomics.store(this.#cells, Cell.LetGo, 1);
    Atomics.notify(this.#cells, Cell.LetGo);
  }

  untilLetGo(): void {
    Atomics.wait(this.#cells, Cell.LetGo, 0);
  }

  /** To be called where `point` is; what goes wrong there, if it is the call that is meant. */
  due(point: Point): Fault | 'waits' | undefined {
    if (Atomics.load(this.#cells, Cell.Point) !== points.indexOf(point)) return undefined;
    if (Atomics.sub(this.#cells, Cell.Left, 1) !== 1) return undefined;
    Atomics.store(this.#cells, Cell.Struck, 1);
    return all[Atomics.load(this.#cells, Cell.Fault)];
  }
}
