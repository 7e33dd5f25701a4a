import type { Holder } from '../holders/holder';
import type { FileInUse, Generation, HolderInUse } from '../holders/inUse';
import { reopen } from './limits';

/** A program that goes on with an older version of a file that was saved. */
export interface StaleHolder {
  readonly holder: HolderInUse;
  readonly version: Generation;
}

/** Whom the user is to be told of now. `dismissed` is to follow. */
export interface News {
  readonly path: string;
  readonly stale: readonly StaleHolder[];
}

interface Told {
  /** When it was saved, of the last `reopen.loop`. */
  saves: readonly number[];
  /** A save has begun, and not ended well until now. */
  saving: boolean;
  /** Programs that the user was told of, as long as they have the file. */
  readonly known: Set<string>;
  /** The notification that is there, and whom it tells of. */
  shown: { readonly news: News; readonly of: ReadonlySet<string> } | undefined;
}

/**
 * When a person is told that programs go on with older versions of a file. For each file:
 *
 * - *quiet*: nothing was saved here lately, so nothing that happens to its holders is news;
 * - *saving*: a version may be at the path whose save is not told yet. What there is to tell is that save's, and waits for it;
 * - *saved*, for `reopen.savedRecently` after a save in this window: a program that has an older version is told of, once and never again;
 *   those that are known by then in one notification;
 * - *shown*: as long as a notification is there and one that it tells of has the file, there is no other;
 * - *in a loop*: when it is saved for the fourth time in ten minutes, somebody tries something out. Nobody is told, or counts as told.
 *
 * All times in milliseconds since the epoch.
 */
export class Telling {
  readonly #files = new Map<string, Told>();

  /** Something else is known of who uses it; `undefined`: it is not looked at any more. */
  changed(path: string, file: FileInUse | undefined, now: number): News | undefined {
    const told = this.#files.get(path);
    return told && this.#news(path, told, file, now);
  }

  /** A save of it begins in this window. */
  saving(path: string): void {
    const told = this.#files.get(path);
    if (told) told.saving = true;
  }

  /** It was saved in this window. */
  saved(path: string, file: FileInUse | undefined, now: number): News | undefined {
    this.#sweep(now);
    const told = this.#files.get(path) ?? { saves: [], saving: false, known: new Set(), shown: undefined };
    told.saving = false;
    told.saves = [...recent(told.saves, now), now];
    this.#files.set(path, told);
    return this.#news(path, told, file, now);
  }

  /** The notification of these news is gone, or there was none after all. */
  dismissed(news: News): void {
    const told = this.#files.get(news.path);
    if (told?.shown?.news === news) told.shown = undefined;
  }

  #news(path: string, told: Told, file: FileInUse | undefined, now: number): News | undefined {
    const holders = new Set(
      (file ? [file.current, ...file.older] : []).flatMap((one) => one?.holders ?? []).map(keyOf),
    );
    for (const known of told.known) if (!holders.has(known)) told.known.delete(known);
    if (told.shown && ![...told.shown.of].some((key) => holders.has(key))) told.shown = undefined;
    told.saves = recent(told.saves, now);
    const last = told.saves.at(-1);
    if (told.saving || told.shown || last === undefined || now - last > reopen.savedRecently) return undefined;
    if (told.saves.length >= reopen.savesInALoop) return undefined;
    const stale = staleOf(file).filter(({ holder }) => !told.known.has(keyOf(holder)));
    if (stale.length === 0) return undefined;
    const of = new Set(stale.map(({ holder }) => keyOf(holder)));
    for (const key of of) told.known.add(key);
    const news = { path, stale };
    told.shown = { news, of };
    return news;
  }

  /** Files of which there is nothing to be remembered. */
  #sweep(now: number): void {
    for (const [path, { saves, known, shown }] of this.#files) {
      if (!shown && known.size === 0 && recent(saves, now).length === 0) this.#files.delete(path);
    }
  }
}

/**
 * Those that nobody else of them has started: a script's subshells are of one program with it, and end with it.
 */
export function leading<Stale extends StaleHolder>(stale: readonly Stale[]): readonly Stale[] {
  const pids = new Set(stale.map(({ holder }) => holder.process.pid));
  return stale.filter(({ holder }) => !holder.ancestors.some((pid) => pids.has(pid)));
}

/**
 * Programs that run an older version, or have it mapped; those that have loaded it, where that is known. Who has it merely open reads or
 * writes it as data, and means this inode (`tail -f`, a log).
 */
function staleOf(file: FileInUse | undefined): readonly StaleHolder[] {
  return (file?.older ?? []).flatMap((version) =>
    version.holders
      .filter(({ harm, version: which }) => harm !== 'open' && which !== 'unknown')
      .map((holder) => ({ holder, version })),
  );
}

function recent(saves: readonly number[], now: number): readonly number[] {
  return saves.filter((save) => now - save < reopen.loop);
}

function keyOf({ process: { pid, started } }: Pick<Holder, 'process'>): string {
  return `${String(pid)} ${String(started)}`;
}
