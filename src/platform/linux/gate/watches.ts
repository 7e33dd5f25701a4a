import { SystemError } from '../../../core/errors';
import type { Wake } from '../../../core/gate/ports';
import { descriptorPath } from '../place';
import type { GateCalls } from './calls';
import { WATCHED } from './events';
import type { Notices } from './events';

interface Watched {
  readonly fd: number;
  readonly path: string;
  /** inotify's number: the same for two descriptors of one inode, and another one after the watch was ended. */
  native: number;
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
  add(fd: number, path: string): number {
    const watch = this.#next++;
    this.#watched.set(watch, { fd, path, native: this.#set(fd, path) });
    return watch;
  }

  remove(watch: number): void {
    const watched = this.#watched.get(watch);
    this.#watched.delete(watch);
    if (watched === undefined || this.#users(watched.native).length > 0) {
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

  /** Tells notices by our numbers. A watch that had ended has missed something. */
  translate(notices: Notices): Pick<Wake, 'events' | 'overflow'> {
    const events: Wake['events'][number][] = [];
    let { overflow } = notices;
    for (const { watch: native, what } of notices.events) {
      const users = this.#users(native);
      if (what !== 'ended') {
        events.push(...users.map(([watch]) => ({ watch, what })));
      } else if (users.length > 0) {
        users.forEach(([, watched]) => (watched.native = this.#set(watched.fd, watched.path)));
        overflow = true;
      }
    }
    return { events, overflow };
  }

  close(): void {
    this.#calls.closeDescriptor(this.descriptor);
  }

  #set(fd: number, path: string): number {
    return this.#calls.addWatch(this.descriptor, descriptorPath(fd), WATCHED, path);
  }

  #users(native: number): [number, Watched][] {
    return [...this.#watched].filter(([, watched]) => watched.native === native);
  }
}
