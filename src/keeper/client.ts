/**
 * The extension host's end of the keeper: hands out orders, and is the one who waits with a deadline. Whatever the
 * thread does (hangs on a dead file system, dies), everybody who asked gets an answer.
 */
import { performance } from 'node:perf_hooks';
import { Worker } from 'node:worker_threads';

import { Claim } from '../core/claim';
import { describeError } from '../core/errors';
import type { Guard, GuardedSave, KeeperEvent } from '../core/guard';
import { report, type Report } from '../core/level';
import { limits } from '../core/limits';
import type { Answer, KeeperData, Order } from '../core/messages';

/** A keeper that dies is started once more; one that dies again has a reason to. */
const startsAtMost = 2;

export class KeeperClient implements Guard {
  readonly #script: string;
  readonly #data: KeeperData;
  readonly #onEvent: (event: KeeperEvent) => void;
  readonly #waiting = new Map<number, (reached: Report) => void>();
  /** Of the saves that have no answer yet. */
  readonly #claims = new Set<Claim>();
  /** What we gave up and the keeper has not ended: while there is anything, it is of no use to others. */
  readonly #overdue = new Set<number>();
  #worker: Worker | undefined;
  #starts = 0;
  #nextId = 1;
  #stopping = false;

  /** @param script the bundled `keeper/main` */
  constructor(script: string, data: KeeperData, onEvent: (event: KeeperEvent) => void) {
    this.#script = script;
    this.#data = data;
    this.#onEvent = onEvent;
  }

  start(): void {
    this.#starts++;
    const worker = new Worker(this.#script, { name: 'holdfast keeper', workerData: this.#data });
    this.#worker = worker;
    let failure: unknown;
    worker.on('message', (answer: Answer) => {
      this.#take(answer);
    });
    worker.on('error', (error) => {
      failure = error;
    });
    worker.once('exit', (code) => {
      this.#ended(failure ?? new Error(`the keeper ended with code ${String(code)}`));
    });
  }

  assess(path: string): Promise<Report> {
    const { id, answer } = this.#ask((id) => ({ kind: 'assess', id, path }));
    return bounded(answer, limits.assessment, () => {
      this.#giveUp(id, answer);
      return report('busy');
    });
  }

  beforeSave(path: string): GuardedSave {
    if (this.#overdue.size > 0) {
      return { answered: Promise.resolve(), reached: Promise.resolve(report('busy')) };
    }
    const claim = new Claim();
    const toldAt = performance.timeOrigin + performance.now();
    const { id, answer } = this.#ask((id) => ({ kind: 'save', id, path, claim: claim.buffer, toldAt }));
    this.#claims.add(claim);
    void answer.then(() => this.#claims.delete(claim));
    const reached = bounded(answer, limits.saveGivesUp, () => {
      if (!claim.abandon()) return answer;
      this.#giveUp(id, answer);
      this.#post({ kind: 'cancel', id });
      return report('tooSlow');
    });
    const settled = reached.then(() => undefined);
    return { answered: bounded(settled, limits.participantAnswers, () => undefined), reached };
  }

  /** Resolves when the thread has ended, at the latest after `limits.stop`. */
  async stop(): Promise<void> {
    this.#stopping = true;
    // VS Code goes on with its saves at once when an extension host ends: nothing may be renamed under them.
    for (const claim of this.#claims) claim.abandon();
    const worker = this.#worker;
    if (!worker) return;
    const ended = new Promise<boolean>((resolve) => {
      worker.once('exit', () => {
        resolve(true);
      });
    });
    this.#post({ kind: 'stop' });
    if (await bounded(ended, limits.stop, () => false)) return;
    this.#onEvent({ kind: 'stoppedLate', afterMs: limits.stop });
    await worker.terminate();
  }

  #giveUp(id: number, answer: Promise<Report>): void {
    this.#overdue.add(id);
    void answer.then(() => this.#overdue.delete(id));
  }

  #ask(order: (id: number) => Order): { id: number; answer: Promise<Report> } {
    const id = this.#nextId++;
    if (!this.#worker || this.#stopping) return { id, answer: Promise.resolve(report('keeperStopped')) };
    const answer = new Promise<Report>((resolve) => {
      this.#waiting.set(id, resolve);
    });
    this.#post(order(id));
    return { id, answer };
  }

  #post(order: Order): void {
    this.#worker?.postMessage(order);
  }

  #take(answer: Answer): void {
    if (answer.kind === 'ready') {
      this.#onEvent({ kind: 'ready', platform: answer.platform });
      return;
    }
    const resolve = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    resolve?.(answer.report);
  }

  #ended(failure: unknown): void {
    this.#worker = undefined;
    for (const resolve of this.#waiting.values()) resolve(report('keeperStopped'));
    this.#waiting.clear();
    if (this.#stopping) return;
    const startedAgain = this.#starts < startsAtMost;
    this.#onEvent({ kind: 'died', error: describeError(failure, 'keeper', this.#script), startedAgain });
    if (!startedAgain) return;
    try {
      this.start();
    } catch (error) {
      this.#onEvent({ kind: 'died', error: describeError(error, 'keeper', this.#script), startedAgain: false });
    }
  }
}

/** `work`, or what `late` gives once `milliseconds` have passed. */
function bounded<T>(work: Promise<T>, milliseconds: number, late: () => T | Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => {
      resolve(late());
    }, milliseconds);
    work.then(resolve, reject).finally(() => {
      clearTimeout(timer);
    });
  });
}
