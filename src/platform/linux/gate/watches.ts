import { SystemError } from '../../../core/errors';
import { IN_MASK_ADD } from '../layouts';
import { descriptorPath } from '../place';
import type { GateCalls } from './calls';
import type { Notices } from './events';

/** What a watch is of. */
export interface Watchable {
  readonly path: string;
  /** Whether a descriptor keeps it: only then can a watch that was ended be set again. */
  readonly held: boolean;
  /**
   * Works with a descriptor of it, which is opened for that if none is there.
   *
   * @throws SystemError if it cannot be found again
   */
  use<T>(work: (fd: number) => T): T;
}

/** What a descriptor keeps for as long as it is watched. */
export function kept(fd: number, path: string): Watchable {
  return { path, held: true, use: (work) => work(fd) };
}

interface Watched {
  readonly of: Watchable;
  /** What is asked for, as inotify's bits. Two watches of one inode are told what either asks for. */
  readonly mask: number;
  /** inotify's number: the same for two descriptors of one inode, and another one after the watch was ended. */
  native: number;
}

/** Notices by our numbers. */
export interface Told<What extends string> {
  readonly events: readonly { readonly watch: number; readonly what: What }[];
  /** Watches that had ended and were set again: they have missed something. */
  readonly again: readonly number[];
  /** Watches that had ended, of what nothing keeps: they are there no more. Its number may be another file's by now. */
  readonly lost: readonly number[];
  readonly overflow: boolean;
}

/**
 * The inodes that are watched, under numbers of our own, for inotify's do not last: the kernel ends a watch when a name
 * is unlinked or renamed over and no other is left, even while the inode is open, if it was opened through another name
 * or none (fs/dcache.c, dentry_unlink_inode). Such a watch is set again, if the inode is held. A watch keeps its inode from being another file's, but
 * not its file system from being unmounted, which ends the watch.
 */
export class Watches {
  /** inotify's. */
  readonly descriptor: number;
  readonly #calls: GateCalls;
  readonly #watched = new Map<number, Watched>();
  /** Our numbers for each of inotify's. */
  readonly #users = new Map<number, Set<number>>();
  /** Those that were found to have ended when something else was asked of them. */
  readonly #renewed = new Set<number>();
  #next = 1;

  /** @throws SystemError EMFILE: the user's instances are used up */
  constructor(calls: GateCalls) {
    this.#calls = calls;
    this.descriptor = calls.openWatches();
  }

  get isEmpty(): boolean {
    return this.#watched.size === 0;
  }

  /**
   * Watches what can be used now, and may be let go from then on.
   *
   * @throws SystemError ENOSPC: the user's watches are used up
   */
  add(of: Watchable, mask: number): number {
    const watch = this.#next++;
    this.#set(watch, of, mask);
    return watch;
  }

  /** Watches what a path leads to, by other bits of inotify's (IN_DONT_FOLLOW). It is lost when its watch ends. */
  addPath(path: string, mask: number): number {
    const watch = this.#next++;
    const native = this.#calls.addWatch(this.descriptor, path, mask | IN_MASK_ADD, path);
    const use = (): never => {
      throw new SystemError('inotify_add_watch', path, 'ESTALE');
    };
    this.#remember(watch, { of: { path, held: false, use }, mask, native });
    return watch;
  }

  /** Asks for something else than before. What cannot be found again is watched as before. */
  change(watch: number, mask: number): void {
    const watched = this.#watched.get(watch);
    if (watched === undefined || watched.mask === mask) {
      return;
    }
    const { of, native } = watched;
    const others = [...(this.#users.get(native) ?? [])].filter((user) => user !== watch);
    const all = others.reduce((bits, user) => bits | (this.#watched.get(user)?.mask ?? 0), mask);
    try {
      const changed = of.use((fd) => this.#ask(fd, all, of.path));
      if (changed === native || of.held) {
        this.#forget(watch, watched);
        this.#remember(watch, { of, mask, native: changed });
        // What it has told is nobody's from now on.
        if (changed !== native) this.#renewed.add(watch);
      } else {
        this.#unlessUsed(changed, of.path);
      }
    } catch (thrown) {
      if (of.held || !(thrown instanceof SystemError)) {
        throw thrown;
      }
    }
  }

  /** Whether a watch is of this very inode, and has not ended: inotify gives another number otherwise. */
  isOf(watch: number, of: Watchable): boolean {
    const watched = this.#watched.get(watch);
    if (watched === undefined) {
      return false;
    }
    const native = of.use((fd) => this.#ask(fd, watched.mask | IN_MASK_ADD, of.path));
    this.#unlessUsed(native, of.path);
    return native === watched.native;
  }

  remove(watch: number): void {
    const watched = this.#watched.get(watch);
    if (watched === undefined) {
      return;
    }
    this.#watched.delete(watch);
    this.#renewed.delete(watch);
    this.#forget(watch, watched);
    this.#unlessUsed(watched.native, watched.of.path);
  }

  /** Tells notices by our numbers. */
  translate<What extends string>(notices: Notices<What>): Told<What> {
    const events: { readonly watch: number; readonly what: What }[] = [];
    const again = [...this.#renewed];
    this.#renewed.clear();
    const lost: number[] = [];
    for (const { watch: native, what } of notices.events) {
      const users = [...(this.#users.get(native) ?? [])];
      if (what !== 'ended') {
        events.push(...users.map((watch) => ({ watch, what })));
        continue;
      }
      for (const watch of users) {
        const watched = this.#watched.get(watch);
        if (watched === undefined) {
          continue;
        }
        this.#forget(watch, watched);
        if (watched.of.held) {
          again.push(watch);
          this.#set(watch, watched.of, watched.mask);
        } else {
          lost.push(watch);
          this.#watched.delete(watch);
        }
      }
    }
    return { events, again, lost, overflow: notices.overflow };
  }

  close(): void {
    this.#calls.closeDescriptor(this.descriptor);
  }

  #set(watch: number, of: Watchable, mask: number): void {
    const native = of.use((fd) => this.#ask(fd, mask | IN_MASK_ADD, of.path));
    this.#remember(watch, { of, mask, native });
  }

  #ask(fd: number, mask: number, path: string): number {
    return this.#calls.addWatch(this.descriptor, descriptorPath(fd), mask, path);
  }

  #remember(watch: number, watched: Watched): void {
    this.#watched.set(watch, watched);
    this.#users.set(watched.native, (this.#users.get(watched.native) ?? new Set()).add(watch));
  }

  /** Ends inotify's watch if it is nobody's. */
  #unlessUsed(native: number, path: string): void {
    if (this.#users.has(native)) {
      return;
    }
    try {
      this.#calls.removeWatch(this.descriptor, native, path);
    } catch (thrown) {
      // Ended, and not set again yet.
      if (!SystemError.is(thrown, 'EINVAL')) {
        throw thrown;
      }
    }
  }

  #forget(watch: number, { native }: Watched): void {
    const users = this.#users.get(native);
    users?.delete(watch);
    if (users?.size === 0) {
      this.#users.delete(native);
    }
  }
}
