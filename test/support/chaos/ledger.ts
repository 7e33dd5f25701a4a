/** Who wrote which version of what, and who had seen it before it was overwritten. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { plainVersion, wholeText } from '../scenarios/versions';

const start = /^[le] (\d{8}) /;

export interface Missing {
  readonly version: number;
  readonly path: string;
  readonly by: string;
  /** Milliseconds since the epoch. */
  readonly begun: number;
  /** What was done to the file from then on, in order. */
  readonly then: readonly string[];
}

interface Entry {
  readonly path: string;
  readonly by: string;
  readonly bytes: number;
  readonly begun: number;
  /** Its writer says that it is done, or VS Code that it is saved. */
  done: boolean;
}

/** Each version of each file has a number of its own, and its text tells it. */
export class Ledger {
  readonly #entries: Entry[] = [];
  readonly #seen = new Set<number>();
  readonly #events: { readonly path: string; readonly what: string; readonly version: number }[] = [];

  /** A new version of about so many bytes, of which nothing is known yet. */
  begin(path: string, by: string, bytes: number): number {
    const version = this.#entries.push({ path, by, bytes, begun: Date.now(), done: false }) - 1;
    this.#note('begins', version);
    return version;
  }

  text(version: number): string {
    return wholeText(plainVersion(version, this.#entry(version).bytes));
  }

  done(version: number): void {
    this.#entry(version).done = true;
    this.#note('done', version);
  }

  doneSoFar(): ReadonlySet<number> {
    return new Set(this.#entries.flatMap(({ done }, version) => (done ? [version] : [])));
  }

  /** Whoever overwrites it knows what it was: it was in a window, or another program had read it. */
  seen(text: string): void {
    const version = this.whole(text);
    if (version !== undefined) this.#seen.add(version);
  }

  /** Which version a text is; undefined: no whole one. */
  whole(text: string): number | undefined {
    const number = start.exec(text)?.[1];
    if (number === undefined || Number(number) >= this.#entries.length) return undefined;
    return this.text(Number(number)) === text ? Number(number) : undefined;
  }

  /** How many each has written. */
  counts(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { by, done } of this.#entries) if (done) counts[by] = (counts[by] ?? 0) + 1;
    return counts;
  }

  /**
   * Versions that nobody has seen who overwrote them, and that are nowhere.
   * @param kept the folders of kept versions
   */
  missing(kept: readonly string[]): readonly Missing[] {
    const found = new Set(this.#seen);
    const look = (path: string): void => {
      const version = this.whole(readFileSync(path, 'utf8'));
      if (version !== undefined) found.add(version);
    };
    for (const path of new Set(this.#entries.map((entry) => entry.path))) look(path);
    for (const folder of kept) for (const name of names(folder)) look(join(folder, name));
    return this.#entries.flatMap(({ path, by, begun, done }, version) =>
      done && !found.has(version) ? [{ version, path, by, begun, then: this.#after(path, version) }] : [],
    );
  }

  #note(what: string, version: number): void {
    const { path, by } = this.#entry(version);
    this.#events.push({ path, what: `${by} ${what} ${String(version)} at ${String(Date.now())}`, version });
  }

  #after(path: string, version: number): readonly string[] {
    const about = this.#events.filter((event) => event.path === path);
    const from = about.findIndex((event) => event.version === version);
    return about.slice(from, from + 8).map(({ what }) => what);
  }

  #entry(version: number): Entry {
    const entry = this.#entries[version];
    if (entry === undefined) throw new Error(`there is no version ${String(version)}`);
    return entry;
  }
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    // It is made for the first version.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
