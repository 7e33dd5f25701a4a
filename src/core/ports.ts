/**
 * The doors through which the core reaches the world. `src/platform` implements them; tests put fakes behind them.
 *
 * Ownership: whoever is given a `Target` or a `Staged` closes it, on every way out. `close` never throws.
 * Every method throws `SystemError` for what the system refuses, and nothing else.
 */

import type { SystemError } from './errors';
import type { Gateable, Handed, HandedPlace } from './gate/ports';

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
  /** We may give a new file this file's group. */
  readonly groupKeepable: boolean;
  /** Whether the editor's own `open` can be held here. */
  readonly gate: Gateable;
  /** An attribute that is known beforehand not to be ours to give. Others are found while staging. */
  readonly unkeepable?: { readonly what: Loss['what']; readonly name: string };
}

/** What a clone could not be given. `name` tells which attribute, for the log. */
export interface Loss {
  readonly what: 'owner' | 'mode' | 'attribute' | 'flags' | 'project' | 'times' | 'bytes';
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
   */
  publish(): Published;
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
   * flags, project id, times in nanoseconds. Long copies are cut short when `signal` is aborted (ECANCELED).
   */
  stage(signal: AbortSignal): Promise<Staged>;
  /** Calls `work` with a descriptor to read the target's bytes from, and closes it afterwards. Rejects as `work` does. */
  read<T>(work: (descriptor: number) => Promise<T>): Promise<T>;
  /** Whether anybody else uses it, as the kernel tells in microseconds. Never throws. */
  probe(): Held;
  /** Looks for somebody who uses it, for `limits.search` at most. Finding nobody is `unknown`. Never throws. */
  search(): Held;
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
  /** Resolves when the names in the target's folder are on the disk. Does not block the calling thread. */
  syncDirectory(): Promise<void>;
  close(): void;
}

export interface TargetSystem {
  /** Opens what `path` leads to. `undefined` if there is nothing (ENOENT: a new file, or a dangling link). */
  open(path: string): Target | undefined;
}

/** What becomes of the temporary names that processes left which have ended. */
export interface Salvage {
  /** Copies what a descriptor has open to a place of Holdfast's own. A rejection leaves the name where it is. */
  keep(descriptor: number, path: string): Promise<void>;
  /** All its bytes are elsewhere by now; the name is gone. */
  removed(name: string): void;
  /** It could not be looked at or removed, or was not ours to touch. */
  problem(error: SystemError): void;
}

/** What this process can do at all, found once at start. */
export type Platform =
  | {
      readonly supported: true;
      readonly targets: TargetSystem;
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
