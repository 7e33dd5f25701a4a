import { MessageChannel, Worker, type MessagePort, type Transferable } from 'node:worker_threads';

import type { Bell } from '../core/bell';
import { ring } from './wake';

/** What a thread says when it has begun: what wakes it. A descriptor stays open for the life of the process. */
interface Ready {
  readonly kind: 'ready';
  readonly orders: Bell;
}

export interface SleepingThreadEvents<Answer> {
  ready(orders: Bell): void;
  answer(answer: Answer): void;
  ended(failure: unknown): void;
}

/**
 * The extension host's end of a thread that has no event loop, but sleeps in the kernel: an order is laid down, then the thread is woken.
 */
export class SleepingThread<Order extends { readonly kind: string }, Answer extends { readonly kind: string }> {
  readonly worker: Worker;
  /** Resolves when the thread has ended. */
  readonly ended: Promise<void>;
  readonly #orders: MessagePort;
  readonly #stop: Order;
  #wakes: Bell | undefined;
  #over = false;

  /** @param data what the thread is started with, given the port on which its orders come */
  constructor(
    script: string,
    name: string,
    data: (orders: MessagePort) => object,
    stop: Order,
    events: SleepingThreadEvents<Exclude<Answer, { kind: 'ready' }>>,
  ) {
    const { port1, port2 } = new MessageChannel();
    this.#orders = port1;
    this.#stop = stop;
    this.worker = new Worker(script, { name: `holdfast ${name}`, workerData: data(port2), transferList: [port2] });
    let failure: unknown;
    this.worker.on('message', (answer: Ready | Exclude<Answer, { kind: 'ready' }>) => {
      if (!isReady(answer)) events.answer(answer);
      else {
        this.#wakes = answer.orders;
        // It may sleep already, over an order from before: to stop, perhaps.
        ring(this.#wakes);
        events.ready(answer.orders);
      }
    });
    this.worker.on('error', (error) => {
      failure = error;
    });
    // A process that ends waits for its threads, and this one sleeps in the kernel.
    const stopWithProcess = (): void => {
      this.order(stop);
    };
    process.once('exit', stopWithProcess);
    this.ended = new Promise((resolve) => {
      this.worker.once('exit', (code) => {
        this.#over = true;
        process.off('exit', stopWithProcess);
        port1.close();
        resolve();
        events.ended(failure ?? new Error(`the ${name} ended with code ${String(code)}`));
      });
    });
  }

  /** Nothing once the thread has ended. */
  order(order: Order, transfer: readonly Transferable[] = []): void {
    if (this.#over) return;
    this.#orders.postMessage(order, transfer);
    if (this.#wakes !== undefined) ring(this.#wakes);
  }

  /** Resolves when the thread has ended. */
  stop(): Promise<void> {
    this.order(this.#stop);
    return this.ended;
  }
}

function isReady(answer: { readonly kind: string }): answer is Ready {
  return answer.kind === 'ready';
}
