import { SystemError } from '../../../core/errors';
import { descriptorPath } from '../place';
import type { GateCalls } from './calls';
import type { Notices } from './events';

interface Watched {
  readonly fd: number;
  readonly path: string;
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
  readonly overflow: boolean;
}

/**
 * The inodes that are watched, under numbers of our own, for inotify's do not last: the kernel ends a watch when a name
 * is unlinked or renamed over and no other is left, even while the inode is open, if it was opened through another name
 * or none (fs/dcache.c, dentry_unlink_inode). Such a watch is set again.
 */
export class Watches {
  /** inotify's. */
  readonly descriptor: number;
  readonly #calls: GateCalls;
  readonly #watched = new Map<number, Watched>();
  /** Our numbers for each of inotify's. */
  readonly #users = new Map<number, Set<number>>();
  #next = 1;

  /** @throws SystemError EMFILE: the user's instances are used up */
  constructor(calls: GateCalls) {
    this.#calls = calls;
    this.descriptor = calls.openWatches();
  }

  get isEmpty(): boolean {
    return this.#watched.size === 0;
  }

  /** @throws SystemError ENOSPC: the user's watches are used up */
  add(fd: number, path: string, mask: number): number {
    const watch = this.#next++;
    this.#set(watch, fd, path, mask);
    return watch;
  }

  /** Asks for something else than before. */
  change(watch: number, mask: number): void {
    const watched = this.#watched.get(watch);
    if (watched === undefined || watched.mask === mask) {
      return;
    }
    this.#forget(watch, watched);
    this.#set(watch, watched.fd, watched.path, mask);
  }

  remove(watch: number): void {
    const watched = this.#watched.get(watch);
    if (watched === undefined) {
      return;
    }
    this.#watched.delete(watch);
    this.#forget(watch, watched);
    if (this.#users.has(watched.native)) {
      return;
    }
    try {
      this.#calls.removeWatch(this.descriptor, watched.native, watched.path);
    } catch (thrown) {
      // Ended, and not set again yet.
      if (!SystemError.is(thrown, 'EINVAL')) {
        throw thrown;
      }
    }
  }

  /** Tells notices by our numbers. */
  translate<What extends string>(notices: Notices<What>): Told<What> {
    const events: { readonly watch: number; readonly what: What }[] = [];
    const again: number[] = [];
    for (const { watch: native, what } of notices.events) {
      const users = [...(this.#users.get(native) ?? [])];
      if (what !== 'ended') {
        events.push(...users.map((watch) => ({ watch, what })));
        continue;
      }
      again.push(...users);
      for (const watch of users) {
        const watched = this.#watched.get(watch);
        if (watched !== undefined) {
          this.#forget(watch, watched);
          this.#set(watch, watched.fd, watched.path, watched.mask);
        }
      }
    }
    return { events, again, overflow: notices.overflow };
  }

  close(): void {
    this.#calls.closeDescriptor(this.descriptor);
  }

  #set(watch: number, fd: number, path: string, mask: number): void {
    const ask = (asked: number): number => this.#calls.addWatch(this.descriptor, descriptorPath(fd), asked, path);
    const native = ask(mask);
    this.#watched.set(watch, { fd, path, mask, native });
    const users = this.#users.get(native) ?? new Set();
    this.#users.set(native, users.add(watch));
    const all = [...users].reduce((bits, user) => bits | (this.#watched.get(user)?.mask ?? 0), mask);
    if (all !== mask) {
      ask(all);
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
