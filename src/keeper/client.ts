/**
 * The extension host's end of the stager's and the keeper's threads: hands out orders, and is the one who waits with a
 * deadline. Whatever the threads do (hang on a dead file system, die), everybody who asked gets an answer.
 */
import { performance } from 'node:perf_hooks';
import { MessageChannel, Worker, type MessagePort } from 'node:worker_threads';

import type { EditorsText } from '../core/baseline';
import { Claim } from '../core/claim';
import type { Bell } from '../core/bell';
import { describeError, SystemError, type ErrorFacts } from '../core/errors';
import type { Outcome } from '../core/gate/operations';
import { reportOf } from '../core/gateReport';
import type { Guard, GuardedSave, Kept, KeeperEvent } from '../core/guard';
import { notJoined, type Joined } from '../core/join';
import type { KeptVersion } from '../core/kept';
import { report, type GivenUp, type Reason, type Report } from '../core/level';
import { limits } from '../core/limits';
import type { Answer, KeptOrder, Order, StagerData } from '../core/messages';
import { defaultOptions, type SaveOptions } from '../core/options';
import { GateThread } from './gateThread';

/** A thread that dies is started once more; one that dies again has a reason to. */
const startsAtMost = 2;

/** The bundles of the threads. */
export interface Scripts {
  readonly stager: string;
  /** `undefined`: there is to be no gate. */
  readonly keeper: string | undefined;
}

/** A save that is not over: its path, and who waits for its end at level `gated`. */
interface OpenSave {
  readonly path: string;
  readonly ended: (reached: Report) => void;
  /** The gate is shut; and what the save is if the keeper ends before it. */
  armed: Reason | undefined;
  /** With durability `full`: whether the folder has reached the disk, when the stager says so. */
  readonly directory: Told<boolean> | undefined;
}

type KeptAnswer = Extract<Answer, { kind: 'keptAnswer' }>;

/** An answer that is waited for. */
interface Told<T> {
  readonly answer: Promise<T>;
  readonly tell: (value: T) => void;
}

export class KeeperClient implements Guard, Kept {
  readonly #scripts: Scripts;
  readonly #data: StagerData;
  readonly #onEvent: (event: KeeperEvent) => void;
  readonly #waiting = new Map<number, (reached: Report | 'armed') => void>();
  readonly #joining = new Map<number, (result: Joined) => void>();
  readonly #open = new Map<number, OpenSave>();
  readonly #aboutKept = new Map<number, (answer: KeptAnswer) => void>();
  /** Of the saves that have no answer yet. */
  readonly #claims = new Set<Claim>();
  /** What we gave up and the stager has not ended: while there is anything, it is of no use to others. */
  readonly #overdue = new Set<number>();
  #worker: Worker | undefined;
  #gate: GateThread | undefined;
  /** What wakes the keeper, once it is ready. */
  #gateOrders: Bell | undefined;
  #starts = 0;
  #gateStarts = 0;
  #nextId = 1;
  #stopping = false;

  constructor(scripts: Scripts, data: StagerData, onEvent: (event: KeeperEvent) => void) {
    this.#scripts = scripts;
    this.#data = data;
    this.#onEvent = onEvent;
  }

  start(): void {
    this.#startStager();
  }

  assess(path: string, options: SaveOptions = defaultOptions): Promise<Report> {
    const { id, answer } = this.#ask<Report>((id) => ({ kind: 'assess', id, path, options }));
    return bounded(answer, limits.assessment, () => {
      this.#giveUp(id, answer);
      return report('busy');
    });
  }

  matchesDisk(path: string, text?: EditorsText): void {
    this.#post({ kind: 'matches', path, ...(text ? { text } : {}) });
  }

  notFollowed(path: string): void {
    this.#post({ kind: 'unknown', path });
  }

  becameDirty(path: string, options: SaveOptions = defaultOptions): void {
    this.#post({ kind: 'dirty', path, options });
  }

  becameClean(path: string): void {
    this.#post({ kind: 'clean', path });
  }

  beforeSave(path: string, content?: Uint8Array, options: SaveOptions = defaultOptions): GuardedSave {
    if (this.#overdue.size > 0) return finished(report('busy'));
    const claim = new Claim();
    const toldAt = performance.timeOrigin + performance.now();
    const { id, answer } = this.#ask<Report | 'armed'>((id) => ({
      kind: 'save',
      id,
      path,
      claim: claim.buffer,
      toldAt,
      options,
      ...(content ? { content } : {}),
    }));
    const ended = new Promise<Report>((resolve) => {
      this.#open.set(id, {
        path,
        ended: resolve,
        armed: undefined,
        directory: options.durability === 'full' ? told() : undefined,
      });
    });
    this.#watch();
    this.#claims.add(claim);
    void answer.then(() => this.#claims.delete(claim));
    const inTime = bounded(answer, limits.saveGivesUp, () => {
      this.#gate?.order({ kind: 'over', id, why: 'givenUp' });
      if (!claim.abandon()) return answer;
      this.#giveUp(id, answer);
      this.#post({ kind: 'cancel', id });
      return report('tooSlow');
    });
    const reached = inTime.then((first) => (first === 'armed' ? ended : first));
    void reached.then(() => {
      this.#open.delete(id);
      this.#watch();
    });
    const settled = inTime.then(() => undefined);
    return {
      answered: bounded(settled, limits.participantAnswers, () => undefined),
      reached,
      change: (content) => {
        this.#post({ kind: 'change', id, content });
        if (this.#open.has(id)) this.#gate?.order({ kind: 'change', id, content });
      },
      over: (why) => {
        if (this.#open.has(id)) this.#gate?.order({ kind: 'over', id, why });
      },
    };
  }

  saved(path: string): void {
    this.#post({ kind: 'saved', path });
  }

  joinNames(path: string, folders: readonly string[], signal: AbortSignal): Promise<Joined> {
    if (!this.#worker || this.#stopping) return Promise.resolve(notJoined('stopped'));
    const id = this.#nextId++;
    const cancel = (): void => {
      this.#post({ kind: 'cancel', id });
    };
    const answer = new Promise<Joined>((resolve) => {
      this.#joining.set(id, resolve);
    });
    this.#post({ kind: 'join', id, path, folders });
    if (signal.aborted) cancel();
    signal.addEventListener('abort', cancel, { once: true });
    return answer.finally(() => {
      signal.removeEventListener('abort', cancel);
    });
  }

  async keptVersions(): Promise<readonly KeptVersion[] | undefined> {
    return (await this.#askKept((id) => ({ kind: 'listKept', id }))).versions;
  }

  async keepCurrent(path: string): Promise<ErrorFacts | undefined> {
    return (await this.#askKept((id) => ({ kind: 'keepCurrent', id, path }))).error;
  }

  async putBackKept(file: string): Promise<ErrorFacts | undefined> {
    return (await this.#askKept((id) => ({ kind: 'putBackKept', id, file }))).error;
  }

  async removeKept(file: string): Promise<ErrorFacts | undefined> {
    return (await this.#askKept((id) => ({ kind: 'removeKept', id, file }))).error;
  }

  toldOfKept(files: readonly string[]): void {
    this.#post({ kind: 'toldOfKept', files });
  }

  /** Resolves when the threads have ended, at the latest after twice `limits.stop`. */
  async stop(): Promise<void> {
    this.#stopping = true;
    // VS Code goes on with its saves at once when an extension host ends: nothing may be renamed under them.
    for (const claim of this.#claims) claim.abandon();
    const worker = this.#worker;
    const gate = this.#gate;
    const ends: Promise<void>[] = [];
    if (gate) ends.push(gate.stop());
    if (worker) {
      ends.push(
        new Promise((resolve) => {
          worker.once('exit', () => {
            resolve();
          });
        }),
      );
      this.#post({ kind: 'stop' });
    }
    const ended = Promise.all(ends).then(() => true);
    if (await bounded(ended, limits.stop, () => false)) return;
    this.#onEvent({ kind: 'stoppedLate', afterMs: limits.stop });
    const terminated = Promise.all([worker?.terminate(), gate?.terminate()]).then(() => undefined);
    // A thread that the kernel holds ends when it comes out of it.
    await bounded(terminated, limits.stop, () => undefined);
  }

  #startStager(): void {
    this.#starts++;
    const worker = new Worker(this.#scripts.stager, { name: 'holdfast stager', workerData: this.#data });
    this.#worker = worker;
    let failure: unknown;
    worker.on('message', (answer: Answer) => {
      this.#take(answer);
    });
    worker.on('error', (error) => {
      failure = error;
    });
    worker.once('exit', (code) => {
      this.#ended(failure ?? new Error(`the stager ended with code ${String(code)}`));
    });
    this.#connect();
  }

  #startGate(): void {
    const { keeper } = this.#scripts;
    if (keeper === undefined) return;
    this.#gateStarts++;
    this.#gate = new GateThread(keeper, {
      ready: (orders) => {
        this.#gateOrders = orders;
        this.#onEvent({ kind: 'gateReady' });
        this.#connect();
        this.#watch();
      },
      answer: (answer) => {
        switch (answer.kind) {
          case 'armed':
            this.#armed(answer.id, answer.ifStopped);
            return;
          case 'ended':
            this.#gateEnded(answer.id, answer.outcome, answer.givesUp);
            return;
          case 'problem':
            this.#onEvent(answer);
        }
      },
      ended: (failure) => {
        this.#gateDied(failure);
      },
    });
  }

  /** Lets the two threads talk to each other. */
  #connect(): void {
    if (!this.#worker || !this.#gate || this.#gateOrders === undefined) return;
    const { port1, port2 } = new MessageChannel();
    this.#gate.order({ kind: 'stager', port: port1 });
    this.#post({ kind: 'keeper', port: port2, orders: this.#gateOrders }, [port2]);
  }

  #armed(id: number, ifStopped: Reason): void {
    const save = this.#open.get(id);
    if (save) save.armed = ifStopped;
    this.#answer(id, 'armed');
  }

  /** Before a save is armed, too: its target may be leased while a clone is made, and the editor does not wait for ever. */
  #watch(): void {
    if (this.#gateOrders !== undefined) this.#gate?.watch(this.#open.size > 0);
  }

  #gateEnded(id: number, outcome: Outcome, givesUp: readonly GivenUp[]): void {
    const save = this.#open.get(id);
    // One that was refused is the stager's again.
    if (outcome.kind === 'refused' || !save) return;
    const reached = reportOf(outcome, givesUp);
    if (outcome.kind !== 'published' || !save.directory) {
      save.ended(reached);
      return;
    }
    void bounded(save.directory.answer, limits.directorySync, () => false).then((directorySynced) => {
      save.ended({ ...reached, directorySynced });
    });
  }

  #giveUp(id: number, answer: Promise<unknown>): void {
    this.#overdue.add(id);
    void answer.then(() => this.#overdue.delete(id));
  }

  #ask<T extends Report | 'armed'>(order: (id: number) => Order<MessagePort>): { id: number; answer: Promise<T> } {
    const id = this.#nextId++;
    if (!this.#worker || this.#stopping) return { id, answer: Promise.resolve(report('keeperStopped') as T) };
    const answer = new Promise<T>((resolve) => {
      this.#waiting.set(id, resolve as (reached: Report | 'armed') => void);
    });
    this.#post(order(id));
    return { id, answer };
  }

  #askKept(order: (id: number) => KeptOrder): Promise<KeptAnswer> {
    const id = this.#nextId++;
    if (!this.#worker || this.#stopping) return Promise.resolve(stagerGone(id));
    const answer = new Promise<KeptAnswer>((resolve) => {
      this.#aboutKept.set(id, resolve);
    });
    this.#post(order(id));
    return answer;
  }

  #post(order: Order<MessagePort>, transfer: readonly MessagePort[] = []): void {
    this.#worker?.postMessage(order, transfer);
  }

  #take(answer: Answer): void {
    switch (answer.kind) {
      case 'ready':
        this.#onEvent({ kind: 'ready', platform: answer.platform });
        // Where nothing can be replaced there is nothing to gate.
        if (answer.platform.supported && this.#gateStarts === 0 && !this.#stopping) this.#startGate();
        return;
      case 'report':
        this.#answer(answer.id, answer.report);
        return;
      case 'joined':
        this.#joining.get(answer.id)?.(answer.result);
        this.#joining.delete(answer.id);
        return;
      case 'keptAnswer':
        this.#aboutKept.get(answer.id)?.(answer);
        this.#aboutKept.delete(answer.id);
        return;
      case 'directorySynced':
        this.#open.get(answer.id)?.directory?.tell(answer.synced);
        return;
      default:
        this.#onEvent(answer);
    }
  }

  #answer(id: number, reached: Report | 'armed'): void {
    const resolve = this.#waiting.get(id);
    this.#waiting.delete(id);
    resolve?.(reached);
  }

  #ended(failure: unknown): void {
    this.#worker = undefined;
    for (const resolve of this.#waiting.values()) resolve(report('keeperStopped'));
    this.#waiting.clear();
    for (const resolve of this.#joining.values()) resolve(notJoined('stopped'));
    this.#joining.clear();
    for (const [id, resolve] of this.#aboutKept) resolve(stagerGone(id));
    this.#aboutKept.clear();
    if (this.#stopping) return;
    const error = describeError(failure, 'stager', this.#scripts.stager);
    if (this.#starts >= startsAtMost) {
      this.#onEvent({ kind: 'died', error, startedAgain: false });
      return;
    }
    try {
      this.#startStager();
      this.#onEvent({ kind: 'died', error, startedAgain: true });
    } catch (thrown) {
      this.#onEvent({ kind: 'problem', error });
      this.#onEvent({
        kind: 'died',
        error: describeError(thrown, 'stager', this.#scripts.stager),
        startedAgain: false,
      });
    }
  }

  #gateDied(failure: unknown): void {
    this.#gate = undefined;
    this.#gateOrders = undefined;
    // Its leases went with it: the editor writes what the path leads to, which is nobody else's unless it was to be stopped.
    for (const { armed, ended } of this.#open.values()) {
      if (armed) ended(report(armed));
    }
    if (this.#stopping) return;
    const startedAgain = this.#gateStarts < startsAtMost;
    const error = describeError(failure, 'keeper', this.#scripts.keeper);
    this.#onEvent({ kind: 'gateDied', error, startedAgain });
    if (startedAgain) this.#startGate();
  }
}

function finished(reached: Report): GuardedSave {
  return {
    answered: Promise.resolve(),
    reached: Promise.resolve(reached),
    change: () => undefined,
    over: () => undefined,
  };
}

function stagerGone(id: number): KeptAnswer {
  return { kind: 'keptAnswer', id, error: describeError(new SystemError('ask', '', 'ESHUTDOWN')) };
}

function told<T>(): Told<T> {
  let tell: (value: T) => void = () => undefined;
  const answer = new Promise<T>((resolve) => {
    tell = resolve;
  });
  return { answer, tell };
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
