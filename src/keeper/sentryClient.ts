import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { MessagePort } from 'node:worker_threads';

import type { Disposable } from '../core/disposable';
import { describeError } from '../core/errors';
import type { Holder } from '../core/holders/holder';
import { LeaseTable } from '../core/leaseTable';
import { limits } from '../core/limits';
import type { SentryAnswer, SentryData, SentryOrder } from '../core/violations/messages';
import type { Sentry, SentryEvent } from '../core/violations/service';
import type { Violation } from '../core/violations/violation';
import { isRunnable } from '../platform/linux/threads';
import { canGuard } from '../platform/where';
import { rescue } from './rescue';
import { SleepingThread } from './sleepingThread';
import { Watchdog } from './watchdog';

/** A thread that dies is started once more; one that dies again has a reason to. */
const startsAtMost = 2;

type GuardOrder = Extract<SentryOrder, { kind: 'guard' }>;
type Listener = (path: string, violation: Violation | undefined) => void;

/** More than one life of the thread makes. A number. */
const copiesOfALife = 2 ** 40;

/** What was ordered for a file last, and all that it was ordered for. */
interface Guarded {
  readonly order: GuardOrder;
  readonly key: string;
}

/** One life of the thread, and what is known of its leases. */
interface Life {
  readonly thread: SleepingThread<SentryOrder, SentryAnswer>;
  readonly leases: LeaseTable;
  readonly watchdog: Watchdog;
  /** `starting`: it has no lease yet, and may take its time. `stuck`: its leases were let go, and nothing comes of it any more. */
  state: 'starting' | 'ready' | 'stuck';
  /** It has something to do; from `ready` on it is watched over while it does it. */
  busy: boolean;
}

/** The extension host's end of the sentry's thread, which is started when first something is to be guarded. */
export class SentryClient implements Sentry {
  readonly #script: string;
  readonly #copies: string;
  readonly #onEvent: (event: SentryEvent) => void;
  readonly #listeners = new Set<Listener>();
  readonly #guarded = new Map<string, Guarded>();
  /** Why files are not guarded: each is told once. */
  readonly #refused = new Map<string, string>();
  readonly #syncing = new Set<Promise<void>>();
  readonly #reading = new Map<number, (bytes: Uint8Array | undefined) => void>();
  #life: Life | undefined;
  #starts = 0;
  #nextId = 1;
  #stopping = false;

  /** @param copies a folder of Holdfast's own, outside every workspace */
  constructor(script: string, copies: string, onEvent: (event: SentryEvent) => void) {
    this.#script = script;
    this.#copies = copies;
    this.#onEvent = onEvent;
  }

  guard(path: string, holders: readonly Holder[], mayLease: boolean, version: number, heals = false): void {
    const key = JSON.stringify([holders, mayLease, version, heals]);
    const before = this.#guarded.get(path);
    if (holders.length === 0) this.#refused.delete(path);
    // Holders are found on more systems than they can be guarded on.
    if (!canGuard() || this.#stopping || before?.key === key || (!before && holders.length === 0)) return;
    const order: GuardOrder = { kind: 'guard', id: this.#nextId++, path, holders, mayLease, heals };
    if (holders.length === 0) this.#guarded.delete(path);
    else this.#guarded.set(path, { order, key });
    if (!this.#life && this.#starts === 0) this.#start();
    else this.#order(order);
  }

  dealtWith(path: string): void {
    this.#order({ kind: 'dealtWith', path });
  }

  running({ running }: Violation): Promise<Uint8Array | undefined> {
    if (running === undefined || !this.#life || this.#stopping) return Promise.resolve(undefined);
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#reading.set(id, resolve);
      this.#order({ kind: 'read', id, copy: running });
    });
  }

  drop({ running }: Violation): void {
    if (running !== undefined) this.#order({ kind: 'drop', copy: running });
  }

  onDidTell(listener: Listener): Disposable {
    // Each listener counts for itself, though it be the same function.
    const own: Listener = (path, violation) => {
      listener(path, violation);
    };
    this.#listeners.add(own);
    return { dispose: () => this.#listeners.delete(own) };
  }

  /** Lets everybody in, and resolves when the thread has ended, or after `limits.stop`. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const life = this.#life;
    if (!life) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.#rescue(life);
        resolve();
      }, limits.stop);
    });
    await Promise.race([Promise.all([life.thread.stop(), ...this.#syncing]), late]);
    clearTimeout(timer);
    life.watchdog.stop();
  }

  #start(): void {
    this.#starts++;
    const leases = new LeaseTable();
    const watchdog: Watchdog = new Watchdog(
      leases,
      () => {
        thread.order({ kind: 'beat' });
      },
      () => isRunnable(leases.thread),
      () => {
        this.#onEvent({ kind: 'sentryStuck' });
        this.#rescue(life);
      },
    );
    const firstCopy = this.#starts * copiesOfALife;
    const data = (orders: MessagePort): SentryData<MessagePort> => ({
      orders,
      leases: leases.buffer,
      copies: this.#copies,
      firstCopy,
    });
    const thread: Life['thread'] = new SleepingThread<SentryOrder, SentryAnswer>(
      this.#script,
      'sentry',
      data,
      { kind: 'stop' },
      {
        ready: () => {
          life.state = 'ready';
          if (life.busy) watchdog.start();
          this.#onEvent({ kind: 'sentryReady' });
        },
        answer: (answer) => {
          this.#take(answer);
        },
        ended: (failure) => {
          watchdog.stop();
          this.#died(failure);
        },
      },
    );
    const life: Life = { thread, leases, watchdog, state: 'starting', busy: false };
    this.#life = life;
    for (const { order } of this.#guarded.values()) this.#order(order);
  }

  /** What may touch a disk is watched over until it is done: whoever waits for a lease meanwhile must not wait for a dead disk. */
  #order(order: SentryOrder): void {
    if (order.kind === 'guard') this.#watchOver();
    this.#life?.thread.order(order);
  }

  #watchOver(): void {
    if (!this.#life) return;
    this.#life.busy = true;
    if (this.#life.state === 'ready') this.#life.watchdog.start();
  }

  #take(answer: Exclude<SentryAnswer, { kind: 'ready' }>): void {
    switch (answer.kind) {
      case 'busy':
        this.#watchOver();
        return;
      case 'idle':
        this.#life?.watchdog.rest();
        return;
      case 'violation':
        this.#onEvent(answer);
        this.#tell(answer.violation.path, answer.violation);
        return;
      case 'over':
        this.#onEvent({ kind: 'violationOver', path: answer.path });
        this.#tell(answer.path, undefined);
        return;
      case 'copy':
        this.#reading.get(answer.id)?.(answer.bytes);
        this.#reading.delete(answer.id);
        return;
      case 'unguarded':
        this.#notGuarded(answer);
        return;
      case 'sync':
        this.#syncSoon(answer);
        return;
      case 'problem':
        this.#onEvent({ kind: 'sentryProblem', error: answer.error });
    }
  }

  #syncSoon(what: Extract<SentryAnswer, { kind: 'sync' }>): void {
    const syncing = this.#sync(what).finally(() => this.#syncing.delete(syncing));
    this.#syncing.add(syncing);
  }

  /** On a thread of Node's pool: the sentry's may not wait for a disk. */
  async #sync({ descriptor, path }: Extract<SentryAnswer, { kind: 'sync' }>): Promise<void> {
    try {
      const file = await open(`/proc/self/fd/${String(descriptor)}`, constants.O_RDONLY | constants.O_NONBLOCK);
      try {
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (thrown) {
      this.#onEvent({ kind: 'sentryProblem', error: describeError(thrown, 'fsync', path) });
    }
    this.#order({ kind: 'synced', descriptor });
  }

  /** The same order is one to be obeyed when it comes again. */
  #notGuarded({ id, path, error }: Extract<SentryAnswer, { kind: 'unguarded' }>): void {
    if (this.#guarded.get(path)?.order.id === id) this.#guarded.delete(path);
    if (!error || this.#refused.get(path) === error.errno) return;
    this.#refused.set(path, error.errno);
    this.#onEvent({ kind: 'notGuarded', path, error });
  }

  #tell(path: string, violation: Violation | undefined): void {
    for (const listener of [...this.#listeners]) listener(path, violation);
  }

  #rescue(life: Life): void {
    if (life.state === 'stuck') return;
    life.state = 'stuck';
    void rescue(life.thread.worker, this.#script, life.leases);
  }

  #died(failure: unknown): void {
    this.#life = undefined;
    for (const resolve of this.#reading.values()) resolve(undefined);
    this.#reading.clear();
    if (this.#stopping) return;
    const startedAgain = this.#starts < startsAtMost;
    this.#onEvent({ kind: 'sentryDied', error: describeError(failure, 'sentry', this.#script), startedAgain });
    if (startedAgain) this.#start();
  }
}
