import { writeSync } from 'node:fs';
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';

import { LeaseTable } from '../core/leaseTable';
import type { KeeperAnswer, KeeperData, KeeperOrder } from '../core/messages';
import { wakeValue } from './wake';
import { Watchdog } from './watchdog';

export interface GateThreadEvents {
  /** `orders` is the descriptor that wakes it. It stays open for the life of the process: two threads write to it. */
  ready(orders: number): void;
  answer(answer: Exclude<KeeperAnswer, { kind: 'ready' }>): void;
  ended(failure: unknown): void;
}

/** The extension host's end of the keeper's thread, which has no event loop: an order is laid down, then the thread is woken. */
export class GateThread {
  readonly #worker: Worker;
  readonly #orders: MessagePort;
  readonly #ended: Promise<void>;
  readonly #leases = new LeaseTable();
  readonly #script: string;
  readonly #watchdog: Watchdog;
  #wakes: number | undefined;
  #over = false;

  constructor(script: string, events: GateThreadEvents) {
    const { port1, port2 } = new MessageChannel();
    this.#orders = port1;
    const data: KeeperData<MessagePort> = { orders: port2, leases: this.#leases.buffer };
    this.#script = script;
    const worker = new Worker(script, { name: 'holdfast keeper', workerData: data, transferList: [port2] });
    this.#worker = worker;
    let failure: unknown;
    this.#watchdog = new Watchdog(
      this.#leases,
      () => {
        this.order({ kind: 'beat' });
      },
      () => {
        failure = new Error('the keeper does not answer');
        this.#rescue();
        end(events);
      },
    );
    worker.on('message', (answer: KeeperAnswer) => {
      if (answer.kind !== 'ready') events.answer(answer);
      else {
        this.#wakes = answer.orders;
        // It may sleep already, over an order from before: to stop, perhaps.
        writeSync(this.#wakes, wakeValue);
        events.ready(answer.orders);
      }
    });
    worker.on('error', (error) => {
      failure = error;
    });
    // A process that ends waits for its threads, and this one sleeps in the kernel.
    const stopWithProcess = (): void => {
      this.order({ kind: 'stop' });
    };
    process.once('exit', stopWithProcess);
    this.#ended = new Promise((resolve) => {
      worker.once('exit', (code) => {
        failure ??= new Error(`the keeper ended with code ${String(code)}`);
        process.off('exit', stopWithProcess);
        port1.close();
        resolve();
        end(events);
      });
    });
    const end = (listener: GateThreadEvents): void => {
      this.#watchdog.stop();
      if (this.#over) return;
      this.#over = true;
      listener.ended(failure);
    };
  }

  /** Nothing once the thread has ended. */
  order(order: KeeperOrder<MessagePort>): void {
    if (this.#over) return;
    this.#orders.postMessage(order, order.kind === 'stager' ? [order.port] : []);
    if (this.#wakes !== undefined) writeSync(this.#wakes, wakeValue);
  }

  /** Resolves when the thread has ended. */
  stop(): Promise<void> {
    this.order({ kind: 'stop' });
    return this.#ended;
  }

  /** Whether an editor may be waiting for this thread. */
  watch(on: boolean): void {
    if (this.#over) return;
    if (on) this.#watchdog.start();
    else this.#watchdog.rest();
  }

  /** For a thread that does not obey. What it holds is let go at once. */
  async terminate(): Promise<void> {
    this.#rescue();
    await this.#ended;
  }

  /** Lets go in the keeper's stead what editors wait for, on another thread: this one has no system calls. */
  #rescue(): void {
    const rescue: KeeperData = { rescue: this.#leases.descriptors() };
    new Worker(this.#script, { name: 'holdfast rescue', workerData: rescue }).once('error', () => {
      // Nothing more can be done: the kernel ends the lease after its lease-break-time.
    });
    // As soon as it comes out of the kernel.
    void this.#worker.terminate();
  }
}
