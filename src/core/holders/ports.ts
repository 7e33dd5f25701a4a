import type { Bell } from '../bell';
import type { SystemError } from '../errors';
import type { Held, Identity } from '../ports';
import type { Holder, ProcessKey, ReadUpTo, SignalName } from './holder';
import type { Inspected } from './inspected';
import type { Candidate, Named } from './named';

/**
 * An inode that is remembered. While it is *held*, as a new one is, its number is not given to another file, and its file system cannot be
 * unmounted. While it is *watched*, its number is not given to another file either, until the watch is told to be lost. Nobody takes us for
 * a holder of it. Whoever is given a pin closes it.
 */
export interface Pin {
  readonly identity: Identity;
  readonly held: boolean;
  /** Holds it, if it is still at its path, or is held already. */
  hold(): boolean;
  /** Holds it no more. Only what is watched may be let go. */
  letGo(): void;
  /** Whether its path leads to an inode of this number. */
  atPath(): boolean;
  /** Bytes: now, or as it was last if it is not held and its path leads elsewhere. */
  size(): number;
  /** Nanoseconds since the epoch; as `size`. */
  mtime(): bigint;
  /**
   * Its first bytes.
   *
   * @throws SystemError EACCES and the like; ESTALE: it is not held, and its path leads elsewhere
   */
  read(bytes: number): Uint8Array;
  close(): void;
}

/** What one pass over all processes has found. */
export interface Found {
  /**
   * The holders of each pin that has any. A process that has loaded a script is found by what its command line's path leads
   * to now, whatever that was when it started.
   */
  readonly holders: ReadonlyMap<Pin, readonly Holder[]>;
  /** The pins that somebody has open or mapped who is not told: the editor, ourselves, another guard. */
  readonly untold: ReadonlySet<Pin>;
  /** How many processes could not be looked into: theirs are not among the holders. */
  readonly closed: number;
  /** Files of which it could not be asked, and the reason of each: of those nobody is told. */
  readonly refused?: readonly SystemError[];
}

/** Finds holders. Every method throws `SystemError` for what the system refuses, and nothing else. */
export interface HolderFinder {
  /**
   * Pins what `path` leads to, symbolic links followed.
   *
   * @throws SystemError ENOENT and the like; EINVAL if it is not a regular file
   */
  pin(path: string): Pin;
  /**
   * Where symbolic links stand on the way to what `path` leads to: absolute paths, none as a rule, and not more than are followed. Nothing for a path
   * that leads nowhere.
   */
  linksOn(path: string): readonly string[];
  /**
   * One pass for all of them. What somebody has open or mapped is held from then on, if it can be.
   *
   * @param except pids that are not told: the editor's
   * @throws SystemError if processes cannot be listed at all
   */
  pass(pins: readonly Pin[], except: ReadonlySet<number>): Found;
  /** How far this holder has read by now. `undefined`: it does not have it any more, or it cannot be told. */
  reread(pin: Pin, holder: Holder): ReadUpTo | undefined;
  /**
   * Whether anybody at all has it, to be named or not: by a lease, which costs microseconds. What this process itself has open counts,
   * and so does the editor; an `O_PATH` descriptor does not. `unknown` where that is not to be had or not to be believed, and of what is not held and
   * not at its path. Opens and closes the inode once.
   */
  probe(pin: Pin): Held;
  /**
   * Sends it to this very process, through a pidfd. Only SIGTERM is sent to a process that does not catch it.
   *
   * @throws SystemError ESRCH: it has ended, whoever has its pid now; EPERM: it is not ours; ENOTSUP: it does not catch it; ENOSYS: there are
   * no pidfds here
   */
  signal(process: ProcessKey, signal: SignalName): void;
  /** @throws SystemError ESRCH as `signal`; EACCES and the like */
  inspect(process: ProcessKey): Inspected;
  /**
   * The processes of our own user that are named so, but those that another one of them has started.
   *
   * @throws SystemError as `Lookout.find`; ENOSYS where they are not to be had
   */
  named(named: Named): readonly Candidate[];
}

/** What has become of watched inodes. Watches are told by the numbers that `watch` gave. */
export interface Uses {
  /** Opened or closed, */
  readonly used: ReadonlySet<number>;
  /** and of these, closed: somebody may not have it any more. */
  readonly closed: ReadonlySet<number>;
  /** Read, where that was asked for. */
  readonly read: ReadonlySet<number>;
  /** A name has come or gone, or something has come to the folder. */
  readonly moved: ReadonlySet<number>;
  /** These watches are over: the inode is gone, or its file system was unmounted. Only of what is not held. */
  readonly lost: ReadonlySet<number>;
  /** Something was mounted or unmounted. */
  readonly mounted: boolean;
  /** Events were lost: anything may have happened. */
  readonly overflow: boolean;
}

/** What one sleep has ended with. */
export interface UseWake extends Uses {
  readonly orders: boolean;
  /** A process has ended that was awaited. */
  readonly ended: boolean;
}

/** Tells when watched inodes are used. Methods throw `SystemError`. */
export interface UseWaiter {
  /** Ends the sleep, as `Waiter.orders`. */
  readonly orders: Bell;
  /** Whether somebody looks at what is told: where the system does not tell of uses, they are asked for then only. */
  attend(on: boolean): void;
  /**
   * Watches a pin that is held; it may be let go from then on.
   *
   * @throws SystemError ENOSPC: the user's watches are used up
   */
  watch(pin: Pin): number;
  /** Whether this watch is of the inode of this pin, whose number may have been given again when the watch had ended. */
  isOf(watch: number, pin: Pin): boolean;
  /** Watches the folder of a path that leads to nothing, until something comes. */
  watchFolder(path: string): number;
  /** Watches a symbolic link itself: `moved` or `lost` when it is another one. */
  watchLink(path: string): number;
  /** Whether it is told when it is read, too. */
  tellReads(watch: number, on: boolean): void;
  unwatch(watch: number): void;
  /** The processes whose ends are told, from now on. What has ended already is told at once. */
  await(processes: readonly ProcessKey[]): void;
  /** The result of work that opens and closes the watched inode once itself, which is not told. */
  unseen<T>(watch: number, work: () => T): T;
  /** What has happened since it was told last, without sleeping. */
  take(): Uses;
  /**
   * Sleeps, at most so many milliseconds; `undefined`: for ever.
   *
   * @param uses whether events of inodes end the sleep; otherwise they are kept for later
   */
  wait(milliseconds: number | undefined, uses: boolean): UseWake;
  close(): void;
}

/** All that the lookout's thread asks of the system. */
export interface LookoutSystem {
  /** So many files may be pinned at once: a part of what the process may open. */
  readonly pinsAtMost: number;
  readonly finder: HolderFinder;
  readonly waiter: UseWaiter;
}
