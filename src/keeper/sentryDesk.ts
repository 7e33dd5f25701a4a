import { describeError, SystemError } from '../core/errors';
import { violationLimits } from '../core/violations/limits';
import type { SentryAnswer, SentryOrder } from '../core/violations/messages';
import type { GuardedFile, SentrySystem } from '../core/violations/ports';
import { Post } from '../core/violations/post';

export interface SentryClocks {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds of a clock that nobody sets. */
  readonly clock: () => number;
}

type GuardOrder = Extract<SentryOrder, { kind: 'guard' }>;

interface Guarded {
  readonly file: GuardedFile;
  readonly post: Post;
}

/** The files that are guarded. Whoever waits for a lease comes before everything else. */
export class SentryDesk {
  readonly #system: SentrySystem;
  readonly #clocks: SentryClocks;
  readonly #tell: (answer: SentryAnswer) => void;
  readonly #guarded = new Map<string, Guarded>();
  readonly #byWatch = new Map<number, Guarded>();
  /** What is still to be done, in its order, one in a turn; of each file the newest. */
  readonly #orders = new Map<string | number, () => void>();

  constructor(system: SentrySystem, clocks: SentryClocks, tell: (answer: SentryAnswer) => void) {
    this.#system = system;
    this.#clocks = clocks;
    this.#tell = tell;
  }

  guard(order: GuardOrder): void {
    this.#orders.delete(order.path);
    this.#orders.set(order.path, () => {
      this.#obey(order);
    });
  }

  dealtWith(path: string): void {
    const guarded = this.#guarded.get(path);
    guarded?.post.dealtWith(this.#clocks.clock());
    guarded?.file.disclaim();
  }

  read(id: number, copy: number): void {
    this.#orders.set(id, () => {
      const bytes = this.#read(copy);
      this.#tell({ kind: 'copy', id, ...(bytes ? { bytes } : {}) });
    });
  }

  /** Sleeps until there is something to do, and does it. True if orders wait in the queue. */
  turn(): boolean {
    const wake = this.#system.waiter.wait(this.#orders.size > 0 ? 0 : this.#untilDue());
    if (wake.leases) this.#answerBreaks();
    const now = this.#clocks.clock();
    for (const { watch, what } of wake.events) {
      const post = this.#byWatch.get(watch)?.post;
      if (what === 'modified') post?.modified(now);
      else post?.closed(now);
    }
    if (wake.overflow) for (const { post } of this.#guarded.values()) post.lost(now);
    for (const { post } of this.#guarded.values()) post.tick(this.#clocks.clock());
    this.#obeyNext();
    return wake.orders;
  }

  close(): void {
    this.#orders.clear();
    for (const path of [...this.#guarded.keys()]) this.#end(path, false);
  }

  /** All who wait now wait for the same time. */
  #answerBreaks(): void {
    this.#tell({ kind: 'busy' });
    const until = this.#clocks.clock() + violationLimits.caughtIn;
    for (const { post } of this.#guarded.values()) post.leaseBroken(this.#clocks.clock(), until);
    this.#tell({ kind: 'idle' });
  }

  #untilDue(): number | undefined {
    const now = this.#clocks.clock();
    const left = [...this.#guarded.values()].flatMap(({ post }) => (post.due === undefined ? [] : [post.due - now]));
    const expires = this.#system.expire();
    if (expires !== undefined) left.push(expires);
    return left.length === 0 ? undefined : Math.max(0, Math.ceil(Math.min(...left)));
  }

  #obeyNext(): void {
    const [next] = this.#orders;
    if (!next) return;
    const [key, obey] = next;
    this.#orders.delete(key);
    obey();
    if (this.#orders.size === 0) this.#tell({ kind: 'idle' });
  }

  #read(copy: number): Uint8Array | undefined {
    try {
      return this.#system.read(copy);
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) throw thrown;
      this.#tell({ kind: 'problem', error: describeError(thrown) });
      return undefined;
    }
  }

  #obey(order: GuardOrder): void {
    const { path, holders, mayLease } = order;
    const there = this.#guarded.get(path);
    if (there && holders.length > 0 && there.file.isAtPath()) {
      there.file.know(holders);
      there.post.wantLease(mayLease && (there.post.leased || this.#hasLeases), this.#clocks.clock());
    } else {
      // What was told stays with those who were told.
      if (there) this.#end(path, there.post.told);
      if (holders.length > 0) this.#begin(order);
    }
  }

  #begin({ id, path, holders, mayLease }: GuardOrder): void {
    try {
      const file = this.#system.open(path);
      file.know(holders);
      // The path may lead elsewhere by now than when they were found.
      if (file.holders().length === 0) {
        file.close(false);
        this.#tell({ kind: 'unguarded', id, path });
        return;
      }
      const post = new Post(file, this.#teller(path, file), mayLease && this.#hasLeases, this.#clocks.clock());
      const guarded = { file, post };
      this.#guarded.set(path, guarded);
      this.#byWatch.set(file.watch, guarded);
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) throw thrown;
      this.#tell({ kind: 'unguarded', id, path, error: describeError(thrown) });
    }
  }

  #teller(path: string, file: GuardedFile): ConstructorParameters<typeof Post>[1] {
    return (violation) => {
      if (!violation) {
        file.disclaim();
        this.#tell({ kind: 'over', path });
      } else if (file.claim()) {
        this.#tell({ kind: 'violation', violation: { path, when: this.#clocks.now(), ...violation } });
      }
    };
  }

  get #hasLeases(): boolean {
    return [...this.#guarded.values()].filter(({ post }) => post.leased).length < violationLimits.leases;
  }

  #end(path: string, keepCopy: boolean): void {
    const guarded = this.#guarded.get(path);
    if (!guarded) return;
    this.#guarded.delete(path);
    this.#byWatch.delete(guarded.file.watch);
    guarded.file.close(keepCopy);
  }
}
