import type { HandedPlace } from '../core/gate/ports';
import type { Flags } from '../core/ports';

/**
 * Decides when readers are told that a path has a new version. Of a gated save at each publish, before the editor has written the bait;
 * of every other save when the editor calls it saved: it has written in place, and half a version is nothing to read again for.
 */
export class Announcements {
  readonly #flags: Flags;
  /** Saves, by their path, that the editor has not called saved yet. */
  readonly #underWay = new Set<string>();
  /** Of these, the ones of which readers were told, and of what version (`Flags.versionAt`). */
  readonly #told = new Map<string, string>();

  constructor(flags: Flags) {
    this.#flags = flags;
  }

  /** A save begins. */
  begun(path: string): void {
    this.#underWay.add(path);
    this.#told.delete(path);
  }

  /** The gate has put a complete new version to a place, to which the path of the save led. */
  published(path: string, place: HandedPlace): void {
    const version = this.#flags.raiseAt(place);
    if (version !== undefined && this.#underWay.has(path)) this.#told.set(path, version);
  }

  /** After that the editor has written, or writes, what is at the path. */
  writtenInPlace(path: string): void {
    this.#told.delete(path);
    // What it has yet to write it will call saved.
    if (!this.#underWay.has(path)) this.#flags.raise(path);
  }

  /**
   * The editor calls it saved. That need not be the save that readers were told of: not every save is announced before it, and one that
   * fails is never called saved.
   */
  saved(path: string): void {
    const told = this.#told.get(path);
    this.#told.delete(path);
    this.#underWay.delete(path);
    if (told === undefined || told !== this.#flags.versionAt(path)) this.#flags.raise(path);
  }
}
