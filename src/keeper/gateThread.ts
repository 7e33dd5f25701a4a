import type { MessagePort } from 'node:worker_threads';

import { LeaseTable } from '../core/leaseTable';
import type { KeeperAnswer, KeeperData, KeeperOrder } from '../core/messages';
import { isRunnable } from '../platform/linux/threads';
import { rescue } from './rescue';
import { SleepingThread, type SleepingThreadEvents } from './sleepingThread';
import { Watchdog } from './watchdog';

/** `ready` tells a descriptor that stays open for the life of the process: two threads write to it. */
export type GateThreadEvents = SleepingThreadEvents<Exclude<KeeperAnswer, { kind: 'ready' }>>;

/** The extension host's end of the keeper's thread. */
export class GateThread {
  readonly #thread: SleepingThread<KeeperOrder<MessagePort>, KeeperAnswer>;
  readonly #leases = new LeaseTable();
  readonly #script: string;
  readonly #watchdog: Watchdog;
  #over = false;

  constructor(script: string, events: GateThreadEvents) {
    this.#script = script;
    const end = (failure: unknown): void => {
      this.#watchdog.stop();
      if (this.#over) return;
      this.#over = true;
      events.ended(failure);
    };
    this.#watchdog = new Watchdog(
      this.#leases,
      () => {
        this.order({ kind: 'beat' });
      },
      () => isRunnable(this.#leases.thread),
      () => {
        void rescue(this.#thread.worker, script, this.#leases).then(() => {
          end(new Error('the keeper does not answer'));
        });
      },
    );
    const data = (orders: MessagePort): KeeperData<MessagePort> => ({ orders, leases: this.#leases.buffer });
    this.#thread = new SleepingThread(script, 'keeper', data, { kind: 'stop' }, { ...events, ended: end });
  }

  /** Nothing once the thread has ended. */
  order(order: KeeperOrder<MessagePort>): void {
    if (this.#over) return;
    this.#thread.order(order, order.kind === 'stager' ? [order.port] : []);
  }

  /** Resolves when the thread has ended. */
  stop(): Promise<void> {
    this.order({ kind: 'stop' });
    return this.#thread.ended;
  }

  /** Whether an editor may be waiting for this thread. */
  watch(on: boolean): void {
    if (this.#over) return;
    if (on) this.#watchdog.start();
    else this.#watchdog.rest();
  }

  /** For a thread that does not obey. What it holds is let go at once. */
  async terminate(): Promise<void> {
    void rescue(this.#thread.worker, this.#script, this.#leases);
    await this.#thread.ended;
  }
}
