/**
 * The doors of the gate: what the keeper's thread may ask of the kernel while it holds an editor's `open`. Every call is
 * synchronous, quick and touches local file systems only; what may block (writing, copying, syncing) is the stager's.
 *
 * Every method throws `SystemError` for what the system refuses, and nothing else.
 */
import type { SystemError } from '../errors';
import type { Identity } from '../ports';
import type { VetoBy } from '../veto';

/** One inode that takes part in a gated save, by a number that the protocol gives it. */
export type Slot = number;

/** An inode that the stager has ready. */
export interface Handed {
  /** O_PATH, which counts as nobody; open until the save has ended. */
  readonly descriptor: number;
  readonly identity: Identity;
  /** Size, and time of the last change (nanoseconds since the epoch), when it was looked at: a later version is not what was handed over. */
  readonly seen?: { readonly size: bigint; readonly mtime: bigint };
  /** Its name in the target's directory, if it had to have one. Whoever takes the inode takes the name over. */
  readonly temporaryName?: Uint8Array;
  /** Nobody but us can have come to it, for it never had a name: who is there is noted, so that few need be looked at in a search. */
  readonly unreached?: boolean;
}

/** Where a gated save takes place. */
export interface HandedPlace {
  /** O_PATH descriptor of the real directory. */
  readonly directory: number;
  readonly directoryIdentity: Identity;
  /** The base name below it. */
  readonly name: Uint8Array;
  /** For messages only. */
  readonly path: string;
  /** Its number in temporary names; see `TemporaryName`. */
  readonly record: number;
}

/**
 * - `free`: nobody else on this kernel has the inode open, mapped or running; the read lease is ours, without a gap.
 * - `held`: somebody has. No lease was taken.
 * - `unknown`: the file system's answer is not to be believed, or we may not ask. No lease was taken.
 */
export type Probed = 'free' | 'held' | 'unknown';

/** `kept`: nobody wants in. `breaking`: somebody waits, or waited. `gone`: it is not ours any more. */
export type LeaseState = 'kept' | 'breaking' | 'gone';

/** What an exchange has brought out of the path. */
export interface Displaced {
  /** The slot of a known inode, or `foreign`: another program had put its own file there. */
  readonly slot: Slot | 'foreign';
  /** Its bytes are not those that it had when it was taken: size or modification time differ. */
  readonly touched: boolean;
}

/** One path, and the inodes that take part in its save. Whoever has one closes it. */
export interface Site {
  /**
   * Takes an inode over from the stager: opens it anew for reading, and watches it. What it is from now on (size, mtime)
   * is what `touched` is measured against. Returns the number under which `Waiter` reports on it.
   *
   * @throws SystemError ESTALE if the descriptor leads to another inode; of open(2); ENOSPC if the user has no watch left
   */
  take(slot: Slot, handed: Handed): number;
  /**
   * Asks for the write lease, and turns a granted one into the read lease. Only where no lease of the slot is ours, and no editor is
   * expected: one that comes in between takes both away.
   */
  probe(slot: Slot): Probed;
  /**
   * Takes the read lease: whoever opens the inode for writing from now on waits.
   *
   * @throws SystemError EAGAIN if somebody has it open for writing; EACCES, EINVAL … where there are no leases for us
   */
  lease(slot: Slot): void;
  leaseState(slot: Slot): LeaseState;
  /** The processes (thread group ids) that wait for the lease of this inode, from /proc/locks. */
  waiting(slot: Slot): readonly number[];
  /** Gives the lease up: whoever waits goes on. No lease: nothing. Never throws. */
  letGo(slot: Slot): void;
  /** Whether the path leads to this inode, and its bytes are those that it had when it was taken. */
  isAtPath(slot: Slot): boolean;
  /**
   * Takes over what the path leads to, under this slot, if it is none of those that are taken; see `take`. `undefined`: it leads to
   * nothing, or to a file of another kind, mode or owner than those that are taken, or of more than one name.
   *
   * @throws SystemError as `take`
   */
  adopt(as: Slot): { readonly slot: Slot; /** If it was taken now. */ readonly watch?: number } | undefined;
  /**
   * Exchanges the inode with whatever is at the path, atomically. What was there has a temporary name from then on.
   * A nameless inode gets that name for it; one that was displaced before has one.
   *
   * @throws SystemError of linkat(2) and renameat2(2); then nothing has happened
   */
  exchange(slot: Slot): Displaced;
  /** Takes the exchange back: `slot` leaves the path for what it had displaced. `false` if it was not at the path any more. */
  takeBack(slot: Slot): boolean;
  /** Processes that have one of the inodes open or mapped, as far as we may see; neither this one nor those in `except`. */
  search(slot: Slot, except: readonly number[]): readonly number[];
  /**
   * Looks at the bytes: the same as `content`, only its beginning (also nothing at all), or other ones; and if they are not the
   * same, whether they are still those that the inode had when it was taken.
   */
  compare(slot: Slot, content: Uint8Array): 'equal' | 'beginning' | 'other' | 'untouched';
  /** Gives one inode the modification time of another, in nanoseconds. */
  alignTime(slot: Slot, like: Slot): void;
  /** Takes the bytes that the inode has now as those that `touched` is measured against. */
  acknowledge(slot: Slot): void;
  /**
   * Whether it is noticed when somebody opens the slot, as it is from `take` on. What was noticed before comes all the same.
   *
   * @throws SystemError of inotify_add_watch(2)
   */
  tellOpens(slot: Slot, told: boolean): void;
  /** Bytes that can still be written to the directory's file system, as far as that is known: a quota may leave less; Infinity: no limit. */
  room(): number;
  /** Gives what the path leads to a modification time a millisecond later. Never throws. */
  restamp(): void;
  /** A descriptor of the inode that the stager may open anew, as long as the slot is not dropped. */
  descriptor(slot: Slot | 'foreign'): number;
  /** Forgets an inode: its lease, its watch, its temporary name, its descriptor. Never throws. */
  drop(slot: Slot | 'foreign'): void;
  /** Drops everything. Never throws; again: nothing. */
  close(): void;
}

/** What the gate is told of an inode. */
export type GateNotice = 'opened' | 'closedAfterWriting' | 'moved';

/** What one sleep has ended with. */
export interface Wake<What extends string = GateNotice> {
  /** An order waits in the queue. */
  readonly orders: boolean;
  /** A lease may have been broken: every one is to be asked. */
  readonly leases: boolean;
  /** By the number that `take` gave. Equal events come once. */
  readonly events: readonly { readonly watch: number; readonly what: What }[];
  /** Events were lost: anything may have happened to any inode. */
  readonly overflow: boolean;
}

export interface Waiter<What extends string = GateNotice> {
  /**
   * An eventfd: writing eight bytes to it, from any thread, ends the sleep with `orders`. `close` leaves it open: who writes to it
   * does not ask before, and must not hit another file's number.
   */
  readonly orders: number;
  /** Sleeps in poll(2), at most so many milliseconds; `undefined`: for ever; 0: only looks. */
  wait(milliseconds: number | undefined): Wake<What>;
  close(): void;
}

/**
 * How a save has got its path for itself. `waited`: another window has saved it meanwhile, so that what was known of the file is to be
 * looked at again. `otherWindow`: it has not, in time. `stopped`: there is no keeper any more.
 */
export type Locked = 'atOnce' | 'waited' | 'otherWindow' | 'stopped';

/** What one file can be given, found at every save. */
export type Gateable =
  | { readonly gate: true; /** Whether `probe` can be believed. */ readonly probe: boolean }
  | { readonly gate: false; readonly why: 'fileSystem' | 'leasesOff' | 'notOwner'; readonly detail: string };

/** What a gate system has to say besides its answers. */
export interface GateListener {
  /** What could not be cleaned up. */
  problem(error: SystemError): void;
  /** In the middle of what may take long: it goes on. */
  progress(): void;
}

export interface GateSystem {
  readonly waiter: Waiter;
  /** The returned function says whether everybody who is in the middle of an `open` when it is first called is through with it. */
  bystanders(): () => boolean;
  /**
   * Makes every `open` in which a process waits for a lease begin again, as a signal does: it resolves its path anew. How many were
   * reached; none where the process does not handle the signal, or may not be looked at.
   *
   * @throws SystemError of tgkill(2)
   */
  interrupt(process: number): number;
  /**
   * Whether a process is ending or has ended. If one of its descriptors was closed because it ended, this is true by then.
   *
   * @throws SystemError of reading `/proc`, if it is there and may not be looked at
   */
  isEnding(process: number): boolean;
  /**
   * Claims a path against all other windows of this user. What gives the claim up, and never throws; `undefined` if another window
   * saves it at this moment. Ends with the thread.
   */
  claim(place: HandedPlace): (() => void) | undefined;
  /** From now on the waiter reports under this number whenever a claim may have been given up, or its owner has died. */
  watchClaims(): number | undefined;
  unwatchClaims(watch: number): void;
  open(place: HandedPlace): Site;
  /**
   * Protects a file against whoever opens it for writing from now on. What takes that off again throws `SystemError`; again: nothing.
   *
   * @param descriptor of the file, open for reading
   * @throws SystemError of fchmod(2), ioctl_iflags(2)
   */
  protect(descriptor: number, by: VetoBy, path: string): () => void;
}
