import { mkdirSync, realpathSync } from 'node:fs';
import type { SystemError } from '../../../core/errors';
import type { Owner } from '../../../core/ownerRecord';
import { violationLimits } from '../../../core/violations/limits';
import type { NotHealed } from '../../../core/violations/violation';
import { system } from '../errors';
import { sameInode } from '../clone';
import type { GateCalls } from '../gate/calls';
import type { PathLocks } from '../gate/coordination';
import { gateable } from '../gate/gateable';
import type { PinnedInode } from '../holders/pin';
import type { Stat } from '../layouts';
import type { Host } from '../linux';
import { knownMountsOfPlace } from '../mounts';
import { Place } from '../place';
import { HealNote } from './healNote';

/** What all heals of the thread have in common. */
export interface HealParts {
  readonly host: Host;
  readonly calls: GateCalls;
  readonly owner: Owner;
  /** Where heals are written down. */
  readonly folder: string;
  /** Who saves which path. `undefined`: nobody can be asked. */
  readonly saving: PathLocks | undefined;
  /** inotify's, for heals alone. */
  readonly events: number;
  nextId(): number;
  problem(error: SystemError): void;
  /** The thread is not stuck. */
  progress(): void;
  leased(descriptor: number, on: boolean): void;
  /** What this O_PATH descriptor has open is to get to the disk; whoever takes it closes it. */
  sync(descriptor: number, path: string): void;
}

/** The file that is to be healed. */
export interface Subject {
  readonly path: string;
  readonly pin: PinnedInode;
  /** What it is to have again. */
  readonly running: Uint8Array;
}

/**
 * What a heal needs that has nothing to do with what is written: it can be made ready before anybody writes. As long as the temporary
 * name leads to nothing, the record says that nothing was begun.
 */
export class ReadyHeal {
  readonly place: Place;
  readonly temporary: Buffer;
  readonly note: HealNote;
  readonly #running: Uint8Array;

  private constructor(place: Place, temporary: Buffer, note: HealNote, running: Uint8Array) {
    this.place = place;
    this.temporary = temporary;
    this.note = note;
    this.#running = running;
  }

  /** Whether it is for that: the path leads where it led, and what was written down is what is to be there again. @throws SystemError */
  isFor({ libc }: Host, { path, running }: Subject): boolean {
    if (Buffer.compare(this.#running, running) !== 0) return false;
    const now = Place.open(realPathOf(path));
    try {
      const isSame = (one: number, other: number): boolean =>
        sameInode(libc.statDescriptor(one, path), libc.statDescriptor(other, path));
      const { realPath, directory, pin } = this.place;
      return now.realPath.equals(realPath) && isSame(now.directory, directory) && isSame(now.pin, pin);
    } finally {
      now.release();
    }
  }

  /** @throws SystemError what the system refuses; then nothing is left */
  static make(parts: HealParts, { path, pin, running }: Subject): ReadyHeal | NotHealed {
    const { host, calls, folder, owner } = parts;
    const place = Place.open(realPathOf(path));
    try {
      const why = refusal(host, place, host.libc.statDescriptor(place.pin, path), pin);
      if (why !== undefined) {
        place.release();
        return why;
      }
      const temporary = host.temporaryName(0);
      system('mkdir', folder, () => mkdirSync(folder, { recursive: true, mode: 0o700 }));
      const names = { path: place.realPath.toString('latin1'), temporary: temporary.toString('latin1') };
      const { device, inode } = pin.identity;
      const note = HealNote.write(calls, folder, parts.nextId(), { owner, ...names, device, inode }, running);
      parts.progress();
      return new ReadyHeal(place, temporary, note, running);
    } catch (thrown) {
      place.release();
      throw thrown;
    }
  }

  /**
   * Finds out where the file is mounted, which is remembered for a moment. Reads from no disk.
   *
   * @param until when to give up, in milliseconds of the clock
   */
  lookAhead(host: Host, until: number): void {
    knownMountsOfPlace(host, this.place, until);
  }

  /** It does not come to a heal. @throws SystemError */
  drop(): void {
    this.place.release();
    this.note.end();
  }
}

/** @throws SystemError */
function realPathOf(path: string): Buffer {
  return system('realpath', path, () => realpathSync.native(path, 'buffer'));
}

/** Why this file is not to be healed, as it is now. `undefined`: nothing speaks against it. */
export function refusal(host: Host, place: Place, held: Stat, pin: PinnedInode): NotHealed | undefined {
  const { device, inode } = pin.identity;
  if (held.device !== device || held.inode !== inode) return 'moved';
  if (held.links !== 1n) return 'otherNames';
  if (held.uid !== host.uid) return 'owner';
  if (held.size > BigInt(violationLimits.compared)) return 'noCopy';
  const gate = gateable(place.pin, place.path);
  // Where the probe is not believed, a read lease does not tell of every mapping either.
  if (!gate.gate || !gate.probe) return 'fileSystem';
  return undefined;
}
