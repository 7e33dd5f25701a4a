import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';

import { describeError, SystemError, type ErrorFacts } from '../core/errors';
import type { HandedPlace, Locked } from '../core/gate/ports';
import { leftBecause, notJoined, type Joined, type Left } from '../core/join';
import { joinTries } from '../core/limits';
import type { Flags, FoundName, NameSystem, OldInode, Target, TargetSystem } from '../core/ports';
import { isSameIdentity, withSeparation, type Separation } from '../core/separation';
import type { SeparationFiles } from '../platform/separationFiles';

/** What joining asks of the keeper. */
export interface PathDoor {
  /** Gets the path when no save has it. */
  lock(place: HandedPlace): Promise<Locked>;
  unlock(): void;
}

/** An old inode, and the names that lead to it. */
interface Opened {
  readonly inode: OldInode;
  readonly of: Separation;
  readonly names: readonly FoundName[];
  /** What is said of each name if they are not to be taken from it. */
  readonly kept: ((path: string) => Left) | undefined;
}

/** Remembers what saves have separated, and joins it again; see `core/join.ts`. */
export class NameJoiner {
  readonly #targets: TargetSystem;
  readonly #names: NameSystem;
  readonly #files: SeparationFiles;
  readonly #flags: Pick<Flags, 'raise'>;

  constructor(targets: TargetSystem, names: NameSystem, files: SeparationFiles, flags: Pick<Flags, 'raise'>) {
    this.#targets = targets;
    this.#names = names;
    this.#files = files;
    this.#flags = flags;
  }

  /**
   * To be called when a save has ended, for a target with other names. The target may be closed when this has returned. Whether the
   * save has separated them.
   *
   * @throws SystemError of what cannot be looked at; Node's errors of what cannot be noted
   */
  async note(target: Target): Promise<boolean> {
    const { realPath } = target.facts;
    const separation = await this.#names.separation(target);
    if (!separation) return false;
    this.#files.set(realPath, withSeparation(this.#files.of(realPath), separation));
    return true;
  }

  /** Whether there is something to join. What cannot be looked at is said when it is joined. */
  isSeparated(path: string): boolean {
    try {
      const known = this.#files.of(realpathSync.native(path));
      return known.length > 0 && this.#names.isSeparated(path, known);
    } catch {
      return false;
    }
  }

  /** Never rejects. @param folders where to look for names, besides the folder of the file */
  async join(path: string, folders: readonly string[], signal: AbortSignal, door: PathDoor): Promise<Joined> {
    try {
      const realPath = realpathSync.native(path);
      const known = this.#files.of(realPath);
      if (known.length === 0) return notJoined('nothingKnown');
      const { names, late } = await this.#names.find(known, dirname(realPath), folders, signal);
      const result = await this.#joinFound(realPath, known, names, signal, door);
      return late && result.is === 'done' ? { ...result, late } : result;
    } catch (thrown) {
      if (signal.aborted) return notJoined('cancelled');
      const error = describeError(thrown, 'join', path);
      return notJoined(error.errno === 'ENOENT' ? 'gone' : 'failed', error);
    }
  }

  async #joinFound(
    path: string,
    known: readonly Separation[],
    found: readonly FoundName[],
    signal: AbortSignal,
    door: PathDoor,
  ): Promise<Joined> {
    const opened: Opened[] = [];
    try {
      for (const of of known) {
        const names = found.filter((name) => name.of === of);
        const inode = this.#openOne(names);
        if (inode) opened.push({ inode, of, names, kept: undefined });
      }
      const verified: Opened[] = [];
      for (const one of opened) verified.push({ ...one, kept: await whyKept(one.inode, signal) });
      return await this.#withPath(path, signal, door, (target) => this.#joinAll(target, known, verified));
    } finally {
      for (const { inode } of opened) inode.close();
    }
  }

  #openOne(names: readonly FoundName[]): OldInode | undefined {
    for (const name of names) {
      const inode = this.#names.open(name);
      if (inode) return inode;
    }
    return undefined;
  }

  /** Runs `work` while no save of the path is under way. */
  async #withPath(
    path: string,
    signal: AbortSignal,
    door: PathDoor,
    work: (target: Target) => Joined,
  ): Promise<Joined> {
    for (let attempt = 1; attempt <= joinTries; attempt++) {
      const how = await this.#lock(path, door);
      if (how === undefined) return notJoined('gone');
      if (how === 'otherWindow') continue;
      try {
        return signal.aborted ? notJoined('cancelled') : this.#onTarget(path, work);
      } finally {
        // Without a keeper a save is written to what the path leads to, under all its names.
        if (how !== 'stopped') door.unlock();
      }
    }
    return notJoined('busy');
  }

  async #lock(path: string, door: PathDoor): Promise<Locked | undefined> {
    const target = this.#targets.open(path);
    if (!target) return undefined;
    try {
      return await door.lock(target.place);
    } finally {
      target.close();
    }
  }

  /** Looked at anew: a save may have come between. */
  #onTarget(path: string, work: (target: Target) => Joined): Joined {
    const target = this.#targets.open(path);
    if (!target) return notJoined('gone');
    try {
      const { kind, realPath } = target.facts;
      return kind === 'regular' && realPath === path ? work(target) : notJoined('gone');
    } finally {
      target.close();
    }
  }

  /** Synchronous: a save of this window that asks for the path meanwhile is answered after it, and looks at the target again. */
  #joinAll(target: Target, known: readonly Separation[], opened: readonly Opened[]): Joined {
    const all: Left[] = [];
    const remembered: Separation[] = [];
    let joined = 0;
    let missing = 0;
    for (const of of known) {
      // Joined by hand.
      if (isSameIdentity(of.identity, target.facts.identity)) continue;
      const one = opened.find((candidate) => candidate.of === of);
      const left = one ? this.#joinNames(one, target) : [];
      all.push(...left);
      joined += (one?.names.length ?? 0) - left.length;
      // A changed one is a file of its own by now.
      if (left.some(({ why }) => why === 'changed')) continue;
      const otherNames = one ? one.inode.links() : of.otherNames;
      missing += Math.max(0, otherNames - left.filter(({ why }) => why !== 'replaced').length);
      if (otherNames > 0) remembered.push({ ...of, otherNames });
    }
    return { is: 'done', joined, left: all, missing, ...this.#remember(target.facts.realPath, remembered) };
  }

  #joinNames({ inode, names, kept }: Opened, target: Target): readonly Left[] {
    return names.flatMap((name) => {
      const left = kept?.(name.path) ?? inode.join(name, target);
      if (left) return left;
      this.#flags.raise(Buffer.concat([name.folder, Buffer.from('/'), name.name]));
      return [];
    });
  }

  #remember(path: string, separations: readonly Separation[]): { readonly error?: ErrorFacts } {
    try {
      this.#files.set(path, separations);
      return {};
    } catch (thrown) {
      return { error: describeError(thrown, 'note', path) };
    }
  }
}

/** `undefined`: its names may be taken from it. */
async function whyKept(inode: OldInode, signal: AbortSignal): Promise<Opened['kept']> {
  try {
    return (await inode.isUnchanged(signal)) ? undefined : (path) => ({ path, why: 'changed' });
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    return (path) => leftBecause(path, thrown);
  }
}
