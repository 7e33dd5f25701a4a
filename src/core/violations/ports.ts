/** The doors of the sentry: what its thread may ask of the system. Every call is synchronous. */
import type { SystemError } from '../errors';
import type { Waiter } from '../gate/ports';
import type { Holder } from '../holders/holder';
import type { PostDoor } from './post';

/** An inode that is guarded: pinned by an `O_PATH` descriptor, and open only while a lease stands. Whoever has one closes it. */
export interface GuardedFile extends PostDoor {
  /** Under which the waiter reports. */
  readonly watch: number;
  /** Whether the path leads to it now. Never throws. */
  isAtPath(): boolean;
  /** Who is believed to hold it, from now on. */
  know(holders: readonly Holder[]): void;
  /** It may be healed: what that needs is made ready, for it is to be quick then. Never throws. */
  expectHeal(): void;
  /** That a change of it is told here, and not in another window: false if another one has done so. Never throws. */
  claim(): boolean;
  disclaim(): void;
  /** Gives up everything but the copy, if it is to stay. Never throws. */
  close(keepCopy: boolean): void;
}

/** What the sentry is told of a file: bytes were written, or somebody has closed it who could write. */
export type SentryNotice = 'modified' | 'closed';

export interface SentrySystem {
  readonly waiter: Waiter<SentryNotice>;
  /**
   * Takes up what the path leads to.
   *
   * @throws SystemError ENOENT and the like; EINVAL if it is no regular file; ENOSPC if the user has no watch left
   */
  open(path: string): GuardedFile;
  /** What a copy holds: `violationLimits.compared` bytes at most; `undefined`: it is gone. Throws `SystemError`. */
  read(copy: number): Uint8Array | undefined;
  /** What the listener's `sync` has asked for is over. */
  synced(descriptor: number): void;
  /** Forgets a copy, if nothing is compared with it any more; otherwise then. No such copy: nothing. */
  drop(copy: number): void;
  /** Forgets the copies that are too old, and that nothing is compared with. How long until the next one is; `undefined`: there is none. */
  expire(): number | undefined;
  /** Gives up the waiter, and what else outlives the thread. */
  close(): void;
}

/** What a sentry system has to say besides its answers. */
export interface SentryListener {
  /** What the system refused, and nothing depends on. */
  problem(error: SystemError): void;
  /** A descriptor has a lease from now on, or has none any more. */
  leased(descriptor: number, on: boolean): void;
  /** What this O_PATH descriptor has open is to get to the disk, on another thread; then `SentrySystem.synced` is called. */
  sync(descriptor: number, path: string): void;
  /** In the middle of what may take long: it goes on. */
  progress(): void;
}
