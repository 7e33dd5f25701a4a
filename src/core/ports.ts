/**
 * The doors through which the core reaches the world. `src/platform` implements them; tests put fakes behind them.
 *
 * Ownership: whoever is given a `Target` or a `Staged` closes it, on every way out. `close` never throws.
 * Every method throws `SystemError` for what the system refuses, and nothing else.
 */

import type { SystemError } from './errors';
import type { Gateable, Handed, HandedPlace } from './gate/ports';
import type { Left } from './join';
import type { OldName } from './oldNames';
import type { Separation } from './separation';
import type { DiskRoom, VetoBy, VetoMeans } from './veto';

/** A file as the kernel tells it apart: `st_dev` and `st_ino`. Only meaningful while something pins the inode. */
export interface Identity {
  readonly device: bigint;
  readonly inode: bigint;
}

/**
 * - `held`: another process has the file open, mapped or running.
 * - `free`: no process of this kernel has.
 * - `unknown`: the system does not tell, or is not to be believed. Never to be taken for `free`.
 */
export type Held = 'held' | 'free' | 'unknown';

export type FileKind = 'regular' | 'directory' | 'other';

/** What is known about a target before anything is done to it. */
export interface TargetFacts {
  /** Symbolic links followed, down to the last. */
  readonly realPath: string;
  readonly kind: FileKind;
  readonly identity: Identity;
  readonly size: bigint;
  /** Nanoseconds since the epoch. */
  readonly mtime: bigint;
  /** When the inode was made, nanoseconds since the epoch. `undefined` where the file system does not know. */
  readonly born: bigint | undefined;
  readonly links: bigint;
  /** Permission bits with setuid, setgid and sticky: `st_mode & 0o7777`. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** The path is itself a mount point (a single file bind-mounted): nothing can be renamed over it. */
  readonly mountPoint: boolean;
  /** Immutable, append-only or fs-verity: nothing can be written in place, nothing can be renamed over it. */
  readonly sealed: boolean;
  /** A file that the kernel makes up, as under `/proc` and `/sys`. */
  readonly synthetic: boolean;
  /** New names can be made in the target's directory. */
  readonly directoryWritable: boolean;
  /** The directory's sticky bit forbids us to rename over this file. */
  readonly stickyForbids: boolean;
  /** We may give a new file this file's owner. */
  readonly ownerKeepable: boolean;
  /** We may write it now, and its mode says that we could if it were ours. */
  readonly ownable: boolean;
  /** We may give a new file this file's group. */
  readonly groupKeepable: boolean;
  /** Whether the editor's own `open` can be held here. */
  readonly gate: Gateable;
  /** Other machines may have it open, too: readers there lose it when no name leads to it any more. */
  readonly remote?: Remote;
  /** An attribute that is known beforehand not to be ours to give. Others are found while staging. */
  readonly unkeepable?: { readonly what: Loss['what']; readonly name: string };
}

/** A file system that other machines use, too, by way of a server that does not know who has a file open. */
export interface Remote {
  /** `f_type` of statfs(2). */
  readonly fileSystem: bigint;
  /** Whether it gives the same numbers to its inodes after a while, and when it is mounted anew. */
  readonly lastingNumbers: boolean;
}

/** The displaced inode is to keep a hidden name; see `oldNames.ts`. */
export interface KeepOldName {
  readonly milliseconds: number;
  readonly on: Remote;
}

/**
 * What a clone could not be given. `name` tells which attribute, for the log. Without its owner or group its permissions are
 * fewer by design; `mode` and `access` (an access control list) say that they are other than that.
 */
export interface Loss {
  readonly what: 'owner' | 'group' | 'mode' | 'access' | 'attribute' | 'flags' | 'project' | 'times' | 'bytes';
  readonly name: string;
  readonly error?: SystemError;
}

/**
 * - `published`: the clone is at the path, nobody else's change was displaced.
 * - `changed`: another program replaced or rewrote the file meanwhile; everything is as that program left it.
 * - `unreachable`: the clone was made in a place from which it cannot get to the path. Nothing has happened, and the next
 *   clone is made elsewhere.
 */
export type Published = 'published' | 'changed' | 'unreachable';

/** A complete new inode that no name, or only a temporary name, leads to. */
export interface Staged {
  readonly identity: Identity;
  /** What differs from the target; empty means that the clone is faithful. */
  readonly losses: readonly Loss[];
  /** Resolves when bytes and metadata are on the disk. Does not block the calling thread. */
  sync(): Promise<void>;
  /**
   * The one atomic rename. Synchronous on purpose: between the caller's last look at its deadline and the rename
   * nothing else may run.
   *
   * @param keep a hidden name that the displaced inode is to keep. Where it cannot have one, it loses all: that is told, and no
   *   reason not to publish
   */
  publish(keep?: KeepOldName): Published;
  close(): void;
}

/** A complete new inode for the keeper to publish. Until it is taken over, closing it removes what name it has. */
export interface Prepared {
  readonly handed: Handed;
  /** What it could not be given; empty means that it is faithful. */
  readonly losses: readonly Loss[];
  /** Resolves when bytes and metadata are on the disk. Does not block the calling thread. */
  sync(): Promise<void>;
  close(): void;
}

/** An open target: its inode stays pinned until `close`. */
export interface Target {
  readonly facts: TargetFacts;
  /**
   * Makes a private clone, to be published over the target: bytes, mode, owner, group, ACLs, extended attributes, inode
   * flags, project id, times in nanoseconds. If owner or group cannot be given, nobody but this user gets more access to
   * it than to the target. Long copies are cut short when `signal` is aborted (ECANCELED).
   */
  stage(signal: AbortSignal): Promise<Staged>;
  /** Calls `work` with a descriptor to read the target's bytes from, and closes it afterwards. Rejects as `work` does. */
  read<T>(work: (descriptor: number) => Promise<T>): Promise<T>;
  /** Whether anybody else uses it, as the kernel tells in microseconds. Never throws. */
  probe(): Held;
  /** Looks for somebody who uses it, for `limits.search` at most. Finding nobody is `unknown`. Never throws. */
  search(): Held;
  /** Whether the path still leads to it, and nobody has touched it since it was opened. Never throws. */
  isCurrent(): boolean;
  /**
   * Where the file itself is mounted, by anybody, as each one sees it: for `limits.search` at most, and as far as we may look. Never
   * throws.
   */
  mounts(): readonly string[];
  /** Where the gate is, and the target itself. Valid until `close`; the place has its number when something was made for it. */
  readonly place: HandedPlace;
  readonly handed: Handed;
  /**
   * Stages a new version with all that the target carries, as an in-place write by this user would leave it: setuid, setgid
   * and file capabilities end as the kernel says. Its times are new. Whoever has the gate shut already gives an earlier
   * version to read the metadata from: the target is being watched for opens.
   */
  prepareVersion(content: Uint8Array, signal: AbortSignal, like?: Handed): Promise<Prepared>;
  /**
   * Makes a private clone of what a descriptor of this process has open, without opening that inode: it is being watched for
   * opens. The descriptor's position is used.
   */
  prepareClone(descriptor: number, signal: AbortSignal): Promise<Prepared>;
  /**
   * Makes a private clone of the target for a save to come, without a name. `undefined`: not of a file that is open for writing, that was
   * touched meanwhile, of which not everything could be kept, where a clone has to have a name, or if it would take the room that the
   * save itself needs.
   */
  prepareAhead(signal: AbortSignal): Promise<Prepared | undefined>;
  /** What this user may still write on its disk. `undefined`: the file system does not tell. */
  room(): DiskRoom | undefined;
  /** By what the editor's own `open` for writing can be made to fail. */
  vetoMeans(): VetoMeans;
  /**
   * Writes down that the target is about to be protected against writing by another thread of this process, so that the protection
   * does not outlive it. The returned function writes down that it does not exist any more; it never throws.
   *
   * @param end `unknown`: the other thread may not have taken the protection off; that is done first
   */
  noteProtection(by: VetoBy): (end: 'lifted' | 'unknown') => void;
  /** Resolves when the names in the target's folder are on the disk. Does not block the calling thread. */
  syncDirectory(): Promise<void>;
  close(): void;
}

export interface TargetSystem {
  /** Opens what `path` leads to. `undefined` if there is nothing (ENOENT: a new file, or a dangling link). */
  open(path: string): Target | undefined;
}

/** A name that leads to an inode from which a save has taken its path. */
export interface FoundName {
  /** Of the folder, absolute: bytes, as names need not be text. */
  readonly folder: Uint8Array;
  readonly name: Uint8Array;
  /** For messages only. */
  readonly path: string;
  readonly of: Separation;
}

/** `late`: the time was over before everything was searched. */
export interface FoundNames {
  readonly names: readonly FoundName[];
  readonly late: boolean;
}

/** An inode from which a save has taken its path, pinned under one of its other names. */
export interface OldInode {
  /** How many names lead to it now. */
  links(): number;
  /** Whether it has the bytes and attributes that the save has displaced. Reads it. */
  isUnchanged(signal: AbortSignal): Promise<boolean>;
  /**
   * Makes one of its names lead to the target instead, atomically, if the name still leads to it, and it was not written since
   * that look. Why the name was left as it is; `undefined`: it leads to the target. Synchronous: no save begins meanwhile.
   */
  join(name: FoundName, target: Target): Left | undefined;
  close(): void;
}

/** The names of inodes from which saves have taken their paths. */
export interface NameSystem {
  /**
   * What the target is recognised by later on; `undefined` if its path leads to it. What is looked at is open when this returns:
   * the target may be closed then.
   */
  separation(target: Target): Promise<Separation | undefined>;
  /** Whether the path, links followed, leads to a regular file, and that is not all of these inodes. */
  isSeparated(path: string, from: readonly Separation[]): boolean;
  /**
   * Looks for names: in one folder, then in all folders below others, without following links or crossing mounts. Ends early
   * when all names of all inodes are found, when `signal` is aborted, and after `limits.joinSearch`.
   */
  find(wanted: readonly Separation[], near: string, below: readonly string[], signal: AbortSignal): Promise<FoundNames>;
  /** `undefined` if the name does not lead to its inode any more. */
  open(name: FoundName): OldInode | undefined;
}

/** What becomes of the temporary names that processes left which have ended. */
export interface Salvage {
  /** Copies what a descriptor has open to a place of Holdfast's own. A rejection leaves the name where it is. */
  keep(descriptor: number, path: string): Promise<void>;
  /** All its bytes are elsewhere by now; the name is gone. */
  removed(name: string): void;
  /** A file that was protected for a moment when its process died is as it was. */
  unprotected(path: string): void;
  /**
   * A heal in the middle of which its process died is over: what was written is at the path, and what ran from the file has what it had
   * (`finished`), or has what was written (`undone`).
   */
  healed(path: string, how: 'finished' | 'undone'): void;
  /** It could not be looked at or removed, or was not ours to touch. */
  problem(error: SystemError): void;
}

/** Tells readers that what they have read is not what is at the path any more: `docs/reopen-protocol.md`. */
export interface Flags {
  /**
   * To be called when a new version is at this place. Never throws: what is refused is a problem for the log.
   *
   * @returns what `versionAt` said before the flag was raised: readers have been told of that version
   */
  raiseAt(place: HandedPlace): string | undefined;
  /** A word for what a path leads to, another one after each change. `undefined`: it cannot be told. */
  versionAt(path: string): string | undefined;
  /** As `raiseAt`, for what a path leads to, symbolic links followed. */
  raise(path: string | Uint8Array): void;
  /** Removes flags of which no reader is left. Never rejects. */
  tidy(signal: AbortSignal): Promise<void>;
}

/** A note of an old name. */
export interface NotedName extends OldName {
  /** The note's file. */
  readonly note: string;
  /** Milliseconds until it is due; 0: it is. `undefined`: it is another machine's to remove. */
  readonly left: number | undefined;
}

/**
 * - `removed`: the name is gone now, by us.
 * - `over`: the name was gone, or somebody else has dealt with it.
 * - `busy`: another window has it locked.
 * - `later`: it is there still, or its file system is not. The next start tries again.
 */
export type OldNameEnd = 'removed' | 'over' | 'busy' | 'later';

/** The old names that all windows of this user have left; see `oldNames.ts`. Nothing here blocks the calling thread. */
export interface OldNames {
  /** Never rejects: what cannot be read is a problem for the log. */
  list(): Promise<readonly NotedName[]>;
  /** Whether it is on the file system with this `st_dev`. Never rejects. As long as a file system does not answer, it does not resolve. */
  isOn(noted: NotedName, device: bigint): Promise<boolean>;
  /** Whether it is due is not asked. Never rejects. As long as a file system does not answer, it does not resolve. */
  remove(noted: NotedName): Promise<OldNameEnd>;
  /**
   * Calls `changed` when notes come or go. The returned function ends that. `undefined`: no process has noted any yet, and nothing is watched.
   *
   * @throws SystemError
   */
  watch(changed: () => void): (() => void) | undefined;
}

/** What this process can do at all, found once at start. */
export type Platform =
  | {
      readonly supported: true;
      readonly targets: TargetSystem;
      readonly names: NameSystem;
      readonly flags: Flags;
      readonly oldNames: OldNames;
      /** From now on the gate must be quick to know its editor: until the returned function is called, or `limits.expectEditor`. */
      readonly expectEditor: () => () => void;
      /** Resolves when nobody has the inode of a descriptor open for writing (true), or the time is over (false). */
      readonly closedForWriting: (descriptor: number, path: string, milliseconds: number) => Promise<boolean>;
      /** Looks for temporary names that processes left which have ended, and deals with each. Never rejects. */
      readonly recover: (salvage: Salvage, signal: AbortSignal) => Promise<void>;
    }
  | { readonly supported: false; readonly why: 'platform' | 'library'; readonly detail: string };

/** Milliseconds that never go back. */
export type Clock = () => number;
