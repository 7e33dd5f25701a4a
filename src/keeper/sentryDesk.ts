import { describeError, SystemError } from '../core/errors';
import { violationLimits } from '../core/violations/limits';
import type { SentryAnswer, SentryOrder } from '../core/violations/messages';
import type { GuardedFile, SentryNotice, SentrySystem } from '../core/violations/ports';
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
  /** What was told of files and not worked off, one in a turn, too: of each file each once. */
  readonly #events = new Map<string, { readonly watch: number; readonly what: SentryNotice }>();

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
    // What is being healed is not told yet.
    if (!guarded || guarded.post.healing) return;
    guarded.post.dealtWith(this.#clocks.clock());
    guarded.file.disclaim();
  }

  read(id: number, copy: number): void {
    this.#orders.set(id, () => {
      const bytes = this.#read(copy);
      this.#tell({ kind: 'copy', id, ...(bytes ? { bytes } : {}) });
    });
  }

  /**
   * Sleeps until there is something to do, and does one thing: whoever waits for a lease does not wait for two. True if orders wait in the
   * queue.
   */
  turn(): boolean {
    const wake = this.#system.waiter.wait(this.#isBusy() ? 0 : this.#untilDue());
    if (wake.leases) this.#answerBreaks();
    for (const event of wake.events) {
      const key = `${String(event.watch)} ${event.what}`;
      // A close is what ends all writes before it.
      if (event.what === 'closed') this.#events.delete(key);
      this.#events.set(key, event);
    }
    if (wake.overflow) for (const { post } of this.#guarded.values()) post.lost(this.#clocks.clock());
    // What is being healed is not made to wait for other files.
    if (!this.#tick(({ healing }) => healing) && !this.#workOff()) this.#tick(() => true);
    this.#obeyNext();
    return wake.orders;
  }

  close(): void {
    this.#orders.clear();
    for (const path of [...this.#guarded.keys()]) this.#end(path, false);
  }

  #isBusy(): boolean {
    return this.#events.size > 0 || this.#nextOrder() !== undefined;
  }

  #workOff(): boolean {
    const [next] = this.#events;
    if (!next) return false;
    const [key, { watch, what }] = next;
    this.#events.delete(key);
    const post = this.#byWatch.get(watch)?.post;
    if (!post) return true;
    this.#watchedOver(post, () => {
      if (what === 'modified') post.modified(this.#clocks.clock());
      else post.closed(this.#clocks.clock());
    });
    return true;
  }

  /** A heal may hang on a disk. */
  #watchedOver(post: Post, work: () => void): void {
    if (!post.heals) {
      work();
      return;
    }
    this.#tell({ kind: 'busy' });
    work();
    if (!post.healing) this.#tell({ kind: 'idle' });
  }

  /** Whose time has come first, of some. False: nobody's. */
  #tick(of: (post: Post) => boolean): boolean {
    const now = this.#clocks.clock();
    const posts = [...this.#guarded.values()].map(({ post }) => post).filter(of);
    const first = Math.min(...posts.map(({ due = Infinity }) => due));
    const post = first <= now ? posts.find(({ due }) => due === first) : undefined;
    if (!post) return false;
    this.#watchedOver(post, () => {
      post.tick(now);
    });
    return true;
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

  /** A file that is being healed is left to that. */
  #nextOrder(): [string | number, () => void] | undefined {
    return [...this.#orders].find(([key]) => typeof key === 'number' || this.#guarded.get(key)?.post.healing !== true);
  }

  #obeyNext(): void {
    const next = this.#nextOrder();
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
    const { path, holders, mayLease, heals } = order;
    const there = this.#guarded.get(path);
    if (there && holders.length > 0 && there.file.isAtPath()) {
      there.file.know(holders);
      if (heals) there.file.expectHeal();
      there.post.heals = heals;
      there.post.wantLease(mayLease && (there.post.leased || this.#hasLeases), this.#clocks.clock());
    } else {
      // What was told stays with those who were told.
      if (there) this.#end(path, there.post.told);
      if (holders.length > 0) this.#begin(order);
    }
  }

  #begin({ id, path, holders, mayLease, heals }: GuardOrder): void {
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
      if (heals) file.expectHeal();
      post.heals = heals;
      const guarded = { file, post };
      this.#guarded.set(path, guarded);
      this.#byWatch.set(file.watch, guarded);
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) throw thrown;
      this.#tell({ kind: 'unguarded', id, path, error: describeError(thrown) });
    }
  }

  #teller(path: string, file: GuardedFile): ConstructorParameters<typeof Post>[1] {
    let told = false;
    return (violation) => {
      if (!violation) {
        file.disclaim();
        // What another window has told, that one says the end of.
        if (told) this.#tell({ kind: 'over', path });
        told = false;
      } else if (file.claim()) {
        told = true;
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
    guarded.post.end();
    guarded.file.close(keepCopy);
  }
}
