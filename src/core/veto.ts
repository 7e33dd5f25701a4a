/**
 * The veto: a save that VS Code's own write would begin by destroying the only complete version, with no room for another one, is made
 * to fail before anything is truncated. What is decided here: whether, and by what. How it is done: `gate/veto.ts`.
 */
import type { ErrorFacts } from './errors';
import { report, type Report } from './level';
import type { Target, TargetFacts } from './ports';

/**
 * What makes an `open` for writing fail:
 * - `writeBit`: the owner's write permission is taken from the file (EACCES). Whoever may override permissions does not mind.
 * - `immutable`: the file attribute of that name (EPERM). It stops everybody, and takes a privilege to set.
 */
export type VetoBy = 'writeBit' | 'immutable';

/**
 * Why the editor cannot be stopped:
 * - `leases`: its `open` cannot be held here, so that nothing tells when it has failed.
 * - `editor`: what it waits in cannot be made to begin again; it does not handle the signal for that, or may not be looked at.
 * - `privileged`: it may override permissions, and we may not set the file attribute.
 * - `attribute`: it may override permissions, and the file system has no such attribute.
 * - `otherUser`: the permissions are not ours to take.
 */
export type Unstoppable = 'leases' | 'editor' | 'privileged' | 'attribute' | 'otherUser';

export type VetoMeans = { readonly by: VetoBy } | { readonly by: 'none'; readonly why: Unstoppable };

/** In bytes. */
export interface Room {
  /** What the new version takes, in whole blocks of the disk. */
  readonly needed: number;
  readonly free: number;
}

/** What a file system says of the room that is left for this user. */
export interface DiskRoom {
  readonly free: bigint;
  /** What is written takes a multiple of this. */
  readonly block: bigint;
  /** More than `free` can surely not be written: nothing is compressed. */
  readonly exact: boolean;
}

/** Who is to be asked how an `open` could fail. */
export interface VetoFacts {
  /** Whether the editor's `open` can be held and made to begin again. */
  readonly leases: boolean;
  readonly interruptible: boolean;
  /** The editor writes as the file's owner, and so may we change its permissions. */
  readonly editorOwns: boolean;
  /** The editor may write whatever the permissions say. */
  readonly editorOverrides: boolean;
  /** Taking the write permission and giving it back would take the set-group-ID bit along; chmod(2). */
  readonly bitsAreLost: boolean;
  readonly mayMakeImmutable: boolean;
  readonly hasAttributes: boolean;
}

/** By what the editor can be stopped. The permission is tried first: what is left of it after a crash, everybody can put right. */
export function vetoMeans(facts: VetoFacts): VetoMeans {
  if (!facts.leases) return { by: 'none', why: 'leases' };
  if (!facts.interruptible) return { by: 'none', why: 'editor' };
  if (facts.editorOwns && !facts.editorOverrides && !facts.bitsAreLost) return { by: 'writeBit' };
  if (facts.mayMakeImmutable) return facts.hasAttributes ? { by: 'immutable' } : { by: 'none', why: 'attribute' };
  return { by: 'none', why: facts.editorOverrides ? 'privileged' : 'otherUser' };
}

/** `undefined`: there is room, or the file system does not tell. */
export function missingRoom(disk: DiskRoom | undefined, bytes: bigint): Room | undefined {
  if (!disk) return undefined;
  const room = roomFor(disk, bytes);
  return room.needed > room.free ? room : undefined;
}

export function roomFor({ free, block }: DiskRoom, bytes: bigint): Room {
  const needed = ((bytes + block - 1n) / block) * block;
  return { needed: Number(needed), free: Number(free) };
}

/**
 * What a save will surely fail for, known without filling the disk first: that takes time, after which the editor would not wait any
 * more, and takes the room from everybody else. `undefined`: it is to be tried, or there is nothing to lose.
 */
export function surelyNoRoom(target: Target, bytes: number): Report | undefined {
  if (!isWorthAVeto(target.facts)) return undefined;
  const disk = target.room();
  const room = disk?.exact ? missingRoom(disk, BigInt(bytes)) : undefined;
  return room && report('noRoom', { room });
}

/** Where the old version is empty there is nothing to lose. */
export function isWorthAVeto({ size, kind, sealed, synthetic }: TargetFacts): boolean {
  return size > 0n && kind === 'regular' && !sealed && !synthetic;
}

/**
 * What a save of a target will be for want of room, before it is tried. The old version's size stands for the new one's.
 * `undefined`: there seems to be room, or nothing to lose.
 */
export function foreseeVeto(target: Target): Report | undefined {
  if (!isWorthAVeto(target.facts)) return undefined;
  const room = missingRoom(target.room(), target.facts.size);
  if (!room) return undefined;
  const means = target.vetoMeans();
  return means.by === 'none' ? report('noRoom', { room, unstoppable: means.why }) : report('vetoed', { room });
}

/** What is refused with ENOSPC or EDQUOT where there are no inodes left, or no names. */
const makesInodes: ReadonlySet<string> = new Set(['open', 'create', 'linkat']);

/** A save for which there was no room. `leave`: it goes on as it is. */
export type Vetoed =
  { readonly is: 'leave'; readonly report: Report } | { readonly is: 'stop'; readonly by: VetoBy; readonly room: Room };

/**
 * What becomes of a save that could not be staged for want of room.
 *
 * @param found what it has come to without a veto
 * @param bytes how long the new version is; `undefined`: as long as the old one
 */
export function decideVeto(target: Target, found: Report, bytes: bigint | undefined): Vetoed {
  if (found.reason !== 'noRoom' || !isWorthAVeto(target.facts)) return { is: 'leave', report: found };
  const disk = target.room();
  const room = roomFor(disk ?? { free: 0n, block: 1n, exact: false }, bytes ?? target.facts.size);
  if (isOfNoConcern(found.error, disk, room)) return { is: 'leave', report: found };
  const means = target.vetoMeans();
  if (means.by === 'none') return { is: 'leave', report: { ...found, room, unstoppable: means.why } };
  return { is: 'stop', by: means.by, room };
}

/** There is room for what is written into the old inode: only a new one was refused, or something else than the file. */
function isOfNoConcern(error: ErrorFacts | undefined, disk: DiskRoom | undefined, room: Room): boolean {
  if (!error || disk?.exact !== true || room.free < room.needed) return false;
  return makesInodes.has(error.operation) || !error.path.startsWith('/');
}
