import { describeError, SystemError, type ErrorFacts } from '../core/errors';
import { limits } from '../core/limits';
import { forRoom, surplus } from '../core/oldNames';
import type { NotedName, OldNames } from '../core/ports';

/** More than a day is not asked for, and no timer runs for more than 24 of them. */
const LONGEST = 86_400_000;

/** Whom the desk tells. */
export interface OldNameEvents {
  removed(path: string): void;
  problem(error: ErrorFacts): void;
}

/**
 * Removes old names when they are due or too many: this window's, those of windows that have ended, and those of others that live, whichever
 * comes first. One after the other, in Node's pool: a file system that does not answer costs one of its threads, and nobody waits for it
 * but the other old names.
 */
export class OldNameDesk {
  readonly #names: OldNames;
  readonly #events: OldNameEvents;
  readonly #patience: number;
  /** Notes of names that could not be removed: the next start tries again. */
  readonly #later = new Set<string>();
  #unwatch: (() => void) | undefined;
  #begun = false;
  #ended = false;
  #looking = false;
  #makingRoom = false;
  /** How often it was asked to look. */
  #asked = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param patience milliseconds after which it is told that a file system does not answer */
  constructor(names: OldNames, events: OldNameEvents, patience: number = limits.recoveryLook) {
    this.#patience = patience;
    this.#names = names;
    this.#events = events;
  }

  /** To be called once this process may do it, and whenever it has left an old name. */
  look(): void {
    if (this.#ended) return;
    this.#watchOnce();
    this.#asked += 1;
    if (!this.#looking) void this.#lookAll();
  }

  /**
   * Removes names of one file system though they are not due, the oldest first. Whether any of them is gone: by then, or when the time is over.
   * One save at a time, as a file system that does not answer may keep it. Never rejects.
   *
   * @param fileSystem its `f_type`, `device` its `st_dev`
   * @param enough whether more need not go
   */
  async makeRoom(fileSystem: bigint, device: bigint, enough: () => boolean, milliseconds: number): Promise<boolean> {
    if (this.#ended || this.#makingRoom || milliseconds <= 0) return false;
    this.#makingRoom = true;
    const job = { over: false, gone: false };
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, milliseconds);
    });
    const removing = this.#removeForRoom(job, fileSystem, device, enough).finally(() => {
      this.#makingRoom = false;
    });
    await Promise.race([removing, late]);
    clearTimeout(timer);
    job.over = true;
    return job.gone;
  }

  async #removeForRoom(
    job: { readonly over: boolean; gone: boolean },
    fileSystem: bigint,
    device: bigint,
    enough: () => boolean,
  ): Promise<void> {
    const isOver = (): boolean => job.over || this.#ended;
    for (const one of forRoom(await this.#names.list(), fileSystem)) {
      if (this.#later.has(one.note)) continue;
      const isThere = !isOver() && (await this.#names.isOn(one, device));
      // The time may be over since.
      if (!isThere || isOver()) continue;
      const end = await this.#names.remove(one);
      if (end !== 'removed') continue;
      this.#events.removed(Buffer.from(one.path, 'latin1').toString());
      job.gone = true;
      if (enough()) return;
    }
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#unwatch?.();
  }

  /** What other windows leave is seen at once, that it may be removed if they end. Most users' never leave any, and nothing is watched. */
  #watchOnce(): void {
    if (this.#begun) return;
    try {
      this.#unwatch = this.#names.watch(() => {
        this.look();
      });
      this.#begun = this.#unwatch !== undefined;
    } catch (thrown) {
      // Then it is looked at when this window leaves one, and when the next one is due.
      this.#begun = true;
      this.#events.problem(describeError(thrown, 'watch'));
    }
  }

  /** Never rejects: `OldNames` does not. */
  async #lookAll(): Promise<void> {
    this.#looking = true;
    clearTimeout(this.#timer);
    const busy = new Set<string>();
    let next: number | undefined;
    for (let more = true; more && !this.#ended;) {
      const asked = this.#asked;
      const all = (await this.#names.list()).filter(({ left, note }) => left !== undefined && !this.#later.has(note));
      const tooMany = new Set(surplus(all));
      const going = all.filter((one) => !busy.has(one.note) && (one.left === 0 || tooMany.has(one)));
      for (const one of going) await this.#remove(one, busy);
      next = Math.min(...all.map(({ left, note }) => (busy.has(note) ? limits.oldNamesAgain : (left ?? LONGEST))));
      more = this.#asked !== asked || going.length > 0;
    }
    this.#looking = false;
    if (this.#ended || next === undefined || next === Infinity) return;
    this.#timer = setTimeout(
      () => {
        this.look();
      },
      Math.min(next, LONGEST),
    );
    // Nobody waits for it.
    this.#timer.unref();
  }

  async #remove(one: NotedName, busy: Set<string>): Promise<void> {
    if (this.#ended) return;
    const path = Buffer.from(one.path, 'latin1').toString();
    const late = setTimeout(() => {
      this.#events.problem(describeError(new SystemError('remove', path, 'ETIMEDOUT')));
    }, this.#patience);
    late.unref();
    const end = await this.#names.remove(one);
    clearTimeout(late);
    switch (end) {
      case 'removed':
        this.#events.removed(path);
        return;
      case 'busy':
        busy.add(one.note);
        return;
      case 'later':
        this.#later.add(one.note);
        return;
      case 'over':
    }
  }
}
