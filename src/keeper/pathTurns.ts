import type { GateSystem, HandedPlace, Locked, Wake } from '../core/gate/ports';
import { limits } from '../core/limits';
import type { Clock } from '../core/ports';

/** Milliseconds that a close may take to its end. */
const closing = 2;

interface Waiting {
  readonly place: HandedPlace;
  readonly due: number;
  /** It waits for this window, too. */
  readonly yields: boolean;
}

interface Held {
  readonly path: string;
  readonly release: () => void;
}

/** The paths that this window's saves have for themselves, and the saves that wait until another window is done. */
export class PathTurns {
  readonly #system: GateSystem;
  readonly #now: Clock;
  readonly #answer: (id: number, how: Locked) => void;
  readonly #isSaved: (path: string) => boolean;
  readonly #held = new Map<number, Held>();
  readonly #waiting = new Map<number, Waiting>();
  /** Under which the waiter reports that another window may be done. */
  #watch: number | undefined;
  #again: number | undefined;

  /** @param isSaved whether a save of this window is under way to which the path was handed over */
  constructor(
    system: GateSystem,
    now: Clock,
    isSaved: (path: string) => boolean,
    answer: (id: number, how: Locked) => void,
  ) {
    this.#system = system;
    this.#now = now;
    this.#isSaved = isSaved;
    this.#answer = answer;
  }

  /** When somebody has waited for long enough. */
  get due(): number | undefined {
    if (this.#waiting.size === 0) return undefined;
    return Math.min(this.#again ?? Infinity, ...Array.from(this.#waiting.values(), ({ due }) => due));
  }

  /**
   * @param changed the path may have changed since the save has looked at it
   * @param yields it is no save: it waits for those of this window as for those of others
   */
  ask(id: number, place: HandedPlace, changed: boolean, yields: boolean): void {
    const shared = this.#isHeld(place.path);
    if (this.#take(id, place, yields)) {
      this.#answer(id, changed || shared ? 'waited' : 'atOnce');
      return;
    }
    this.#waiting.set(id, { place, due: this.#now() + limits.otherWindow, yields });
    this.#watch ??= this.#system.watchClaims();
    // It may have been given up before we watched.
    this.#tryAgain();
  }

  /** What gives the path up, from now on in the caller's hands. */
  handOver(id: number): (() => void) | undefined {
    const held = this.#held.get(id);
    this.#held.delete(id);
    return held?.release;
  }

  giveUp(id: number): void {
    this.#waiting.delete(id);
    this.#restIfNobodyWaits();
    const release = this.handOver(id);
    release?.();
    if (release) this.#tryAgain();
  }

  giveUpAll(): void {
    for (const id of [...this.#waiting.keys(), ...this.#held.keys()]) this.giveUp(id);
  }

  heed(wake: Wake): void {
    if (this.#watch === undefined) return;
    if (!wake.overflow && !wake.events.some(({ watch }) => watch === this.#watch)) return;
    this.#tryAgain();
    // The kernel tells of a close before it takes the locks away (fs/file_table.c, __fput).
    this.#again = this.#now() + closing;
  }

  tick(now: number): void {
    if (this.#again !== undefined && this.#again <= now) {
      this.#again = undefined;
      this.#tryAgain();
    }
    // Of the end of a save of this window no watch tells.
    if ([...this.#waiting.values()].some(({ yields }) => yields)) this.#tryAgain();
    for (const [id, { due }] of [...this.#waiting]) {
      if (due > now) continue;
      this.#waiting.delete(id);
      this.#answer(id, 'otherWindow');
    }
    this.#restIfNobodyWaits();
  }

  #tryAgain(): void {
    for (const [id, { place, yields }] of [...this.#waiting]) {
      if (!this.#take(id, place, yields)) continue;
      this.#waiting.delete(id);
      this.#answer(id, 'waited');
    }
    this.#restIfNobodyWaits();
  }

  #take(id: number, place: HandedPlace, yields: boolean): boolean {
    const { path } = place;
    if (yields && (this.#isHeld(path) || this.#isSaved(path))) return false;
    const release = this.#system.claim(place);
    if (release) this.#held.set(id, { path, release });
    return release !== undefined;
  }

  #isHeld(path: string): boolean {
    return [...this.#held.values()].some((held) => held.path === path);
  }

  #restIfNobodyWaits(): void {
    if (this.#watch === undefined || this.#waiting.size > 0) return;
    this.#system.unwatchClaims(this.#watch);
    this.#watch = undefined;
  }
}
