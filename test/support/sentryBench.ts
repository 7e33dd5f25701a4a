import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import type { Holder } from '../../src/core/holders/holder';
import { isReached, type Violation } from '../../src/core/violations/violation';
import type { SentryEvent } from '../../src/core/violations/service';
import { SentryClient } from '../../src/keeper/sentryClient';
import { openLookout } from '../../src/platform/select';
import { DeadlineError } from './deadline';
import { projectFolder } from './editor/installations';
import { isLeased } from './leased';

const deadline = 20_000;

/** No copy has this number. */
const nothing: Violation = {
  path: '',
  when: 0,
  writers: [],
  holders: [],
  change: { kind: 'unknown' },
  caught: 'after',
  running: -1,
};

/** Until something that no event tells of is so. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  const end = Date.now() + deadline;
  while (!isSo()) {
    if (Date.now() > end) throw new DeadlineError(`${what}: not within ${String(deadline)} ms`);
    await pause(1);
  }
}

/** The sentry's thread, in this process, and what it tells. */
export class SentryBench {
  /** All that was told, in its order. */
  readonly tellings: { readonly path: string; readonly violation: Violation | undefined }[] = [];
  readonly events: SentryEvent[] = [];
  readonly client: SentryClient;
  #taken = 0;
  #stopped = false;

  constructor(copies: string) {
    this.client = new SentryClient(join(projectFolder(), 'out/src/keeper/sentry.cjs'), copies, (event) => {
      this.events.push(event);
    });
    this.client.onDidTell((path, violation) => {
      this.tellings.push({ path, violation });
    });
  }

  /** Resolves when it is guarded. */
  async guard(path: string, pid: number, mayLease = true, heals = false): Promise<void> {
    this.client.guard(path, [holderOf(path, pid)].filter(isReached), mayLease, statSync(path).ino, heals);
    await this.done();
  }

  async unguard(path: string): Promise<void> {
    this.client.guard(path, [], true, 0);
    await this.done();
  }

  /** Resolves when all that was ordered is done. */
  async done(): Promise<void> {
    await this.client.running(nothing);
  }

  /** Resolves when the lease is there again, and everything has been told. */
  async settled(path: string): Promise<void> {
    await this.leased(path);
    await this.done();
  }

  /** The next that is told. */
  async told(path: string): Promise<Violation | undefined> {
    await until(`a word about ${path}`, () => this.tellings.length > this.#taken);
    return this.tellings[this.#taken++]?.violation;
  }

  running(violation: Violation): Promise<Uint8Array | undefined> {
    return this.client.running(violation);
  }

  leased(path: string): Promise<void> {
    return until(`a lease on ${path}`, () => this.isLeased(path));
  }

  /** Resolves when it has none that anybody could meet. */
  letGo(path: string): Promise<void> {
    return until(`no lease on ${path}`, () => !isLeased(path, process.pid, '\\S+ +\\S+'));
  }

  /** Whether this process has a lease on it that stands. */
  isLeased(path: string): boolean {
    return isLeased(path, process.pid);
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    await this.client.stop();
  }
}

/** A process that holds a file, as a pass finds it. */
export function holderOf(path: string, pid: number): Holder {
  const { finder, waiter } = openLookout();
  const pin = finder.pin(path);
  try {
    const holder = finder
      .pass([pin], new Set())
      .holders.get(pin)
      ?.find(({ process }) => process.pid === pid);
    if (!holder) throw new Error(`process ${String(pid)} does not hold ${path}`);
    return holder;
  } finally {
    pin.close();
    waiter.close();
  }
}
