import type { MessagePort } from 'node:worker_threads';

import type { Disposable } from '../core/disposable';
import { describeError, SystemError, type ErrorFacts } from '../core/errors';
import type { ProcessKey, SignalName } from '../core/holders/holder';
import type { Inspected } from '../core/holders/inspected';
import { inUse, type FileInUse } from '../core/holders/inUse';
import type { Candidate, Named } from '../core/holders/named';
import type { LookoutAnswer, LookoutData, LookoutOrder, LookoutOutcome } from '../core/holders/messages';
import type { Lookout, LookoutEvent } from '../core/holders/service';
import { limits } from '../core/limits';
import { SleepingThread } from './sleepingThread';

/** A thread that dies is started once more; one that dies again has a reason to. */
const startsAtMost = 2;

/** The extension host's end of the lookout's thread, which is started when first something is to be watched. */
export class LookoutClient implements Lookout {
  readonly #script: string;
  readonly #editor: number;
  readonly #onEvent: (event: LookoutEvent) => void;
  readonly #known = new Map<string, FileInUse>();
  readonly #listeners = new Set<(paths: readonly string[]) => void>();
  readonly #asked = new Map<number, (outcome: LookoutOutcome) => void>();
  #closed = 0;
  /** The lookout has told what it found, or that it cannot. */
  #looked = false;
  #thread: SleepingThread<LookoutOrder, LookoutAnswer> | undefined;
  #watched: readonly string[] = [];
  #attended = false;
  #toStart: NodeJS.Immediate | undefined;
  #starts = 0;
  #nextId = 1;
  #stopping = false;

  /** @param editor the process that reads and writes files for this window: no holder */
  constructor(script: string, editor: number, onEvent: (event: LookoutEvent) => void) {
    this.#script = script;
    this.#editor = editor;
    this.#onEvent = onEvent;
  }

  watch(paths: readonly string[]): void {
    this.#watched = paths;
    if (this.#stopping) return;
    this.#thread?.order({ kind: 'watch', paths });
    if (paths.length === 0 || this.#starts > 0 || this.#toStart) return;
    // Not while VS Code waits for us to be activated.
    this.#toStart = setImmediate(() => {
      this.#start();
    });
  }

  look(path: string): void {
    this.#thread?.order({ kind: 'look', path });
  }

  attend(on: boolean): void {
    this.#attended = on;
    this.#thread?.order({ kind: 'attend', on });
  }

  of(path: string): FileInUse | undefined {
    return this.#known.get(path);
  }

  get looking(): boolean {
    return this.#watched.length > 0 && !this.#looked;
  }

  get closed(): number {
    return this.#closed;
  }

  all(): readonly FileInUse[] {
    return [...this.#known.values()].filter(inUse).sort((one, other) => (one.path < other.path ? -1 : 1));
  }

  onDidChange(listener: (paths: readonly string[]) => void): Disposable {
    // Each listener counts for itself, though it be the same function.
    const own = (paths: readonly string[]): void => {
      listener(paths);
    };
    this.#listeners.add(own);
    return { dispose: () => this.#listeners.delete(own) };
  }

  async signal(process: ProcessKey, signal: SignalName): Promise<ErrorFacts | undefined> {
    const outcome = await this.#ask((id) => ({ kind: 'signal', id, process, signal }));
    return outcome.kind === 'done' ? undefined : errorOf(outcome);
  }

  async inspect(process: ProcessKey): Promise<Inspected | ErrorFacts> {
    const outcome = await this.#ask((id) => ({ kind: 'inspect', id, process }));
    return outcome.kind === 'inspected' ? outcome.inspected : errorOf(outcome);
  }

  async find(named: Named): Promise<readonly Candidate[] | ErrorFacts> {
    const outcome = await this.#ask((id) => ({ kind: 'find', id, named }));
    return outcome.kind === 'found' ? outcome.candidates : errorOf(outcome);
  }

  async read(path: string, process: ProcessKey): Promise<Uint8Array | ErrorFacts> {
    const outcome = await this.#ask((id) => ({ kind: 'read', id, path, process }));
    return outcome.kind === 'bytes' ? outcome.bytes : errorOf(outcome);
  }

  /** Answered when the thread has answered, or has died. */
  #ask(order: (id: number) => LookoutOrder): Promise<LookoutOutcome> {
    const thread = this.#thread;
    if (!thread || this.#stopping) return Promise.resolve(gone);
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#asked.set(id, resolve);
      thread.order(order(id));
    });
  }

  /** Resolves when the thread has ended, or after `limits.stop`. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearImmediate(this.#toStart);
    const thread = this.#thread;
    if (!thread) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        // As soon as it comes out of the kernel.
        void thread.worker.terminate();
        resolve();
      }, limits.stop);
    });
    await Promise.race([thread.stop(), late]);
    clearTimeout(timer);
  }

  #start(): void {
    this.#starts++;
    const data = (orders: MessagePort): LookoutData<MessagePort> => ({ orders, editor: this.#editor });
    this.#thread = new SleepingThread<LookoutOrder, LookoutAnswer>(
      this.#script,
      'lookout',
      data,
      { kind: 'stop' },
      {
        ready: () => {
          this.#onEvent({ kind: 'lookoutReady' });
        },
        answer: (answer) => {
          this.#take(answer);
        },
        ended: (failure) => {
          this.#died(failure);
        },
      },
    );
    this.#thread.order({ kind: 'watch', paths: this.#watched });
    this.#thread.order({ kind: 'attend', on: this.#attended });
  }

  #take(answer: Exclude<LookoutAnswer, { kind: 'ready' }>): void {
    switch (answer.kind) {
      case 'inUse':
        this.#looked = true;
        for (const file of answer.files) this.#known.set(file.path, file);
        for (const path of answer.dropped) this.#known.delete(path);
        this.#changed([...answer.files.map(({ path }) => path), ...answer.dropped]);
        return;
      case 'closed':
        this.#closed = answer.processes;
        return;
      case 'answer':
        this.#asked.get(answer.id)?.(answer.outcome);
        this.#asked.delete(answer.id);
        return;
      case 'problem':
        this.#looked = true;
        this.#onEvent({ kind: 'lookoutProblem', error: answer.error });
    }
  }

  #died(failure: unknown): void {
    this.#thread = undefined;
    for (const resolve of this.#asked.values()) resolve(gone);
    this.#asked.clear();
    if (this.#stopping) return;
    const startedAgain = this.#starts < startsAtMost;
    this.#onEvent({ kind: 'lookoutDied', error: describeError(failure, 'lookout', this.#script), startedAgain });
    // What is not looked at any more is not known.
    const known = [...this.#known.keys()];
    this.#known.clear();
    this.#closed = 0;
    this.#looked = !startedAgain;
    this.#changed(known);
    if (startedAgain) this.#start();
  }

  #changed(paths: readonly string[]): void {
    if (paths.length === 0) return;
    for (const listener of [...this.#listeners]) listener(paths);
  }
}

const gone: LookoutOutcome = {
  kind: 'refused',
  error: describeError(new SystemError('ask the lookout', '', 'ESHUTDOWN')),
};

function errorOf(outcome: LookoutOutcome): ErrorFacts {
  if (outcome.kind === 'refused') return outcome.error;
  throw new TypeError(`the lookout has answered ${outcome.kind} to another order`);
}
