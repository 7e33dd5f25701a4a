import type { ErrorFacts } from '../errors';
import type { Identity } from '../ports';
import type { Holder, ProcessKey } from './holder';
import type { FileInUse, Generation, HolderInUse } from './inUse';
import { lookout } from './limits';
import type { Found, Pin } from './ports';

/** One version of the file, as long as it is at the path or somebody has it. */
interface Version {
  readonly identity: Identity;
  /** As `Generation.since`. */
  readonly since: number;
  /** Its bytes are what they are at least since then: when it came, or was last written. Milliseconds since the epoch. */
  from: number;
  /** While it is at the path, and while somebody has the inode itself. */
  pin: Pin | undefined;
  size: number;
  holders: readonly Holder[];
}

/** In which line a holder has stopped reading, in the bytes of what it has. */
export type LineOf = (pin: Pin, holder: Holder) => number | undefined;

/**
 * One watched file: what its path leads to, and the versions before that which somebody still has.
 *
 * A version ends when it is neither at the path nor anybody's. Whoever has an inode is found by it. Whoever has loaded a script and
 * closed it is found by the path, and belongs to the version that was there when it started.
 */
export class WatchedFile {
  readonly path: string;
  #current: Version | undefined;
  /** The newest first. */
  #older: Version[] = [];
  #others: 'held' | 'free' | 'unknown' = 'unknown';
  #problem: ErrorFacts | undefined;
  /** Nothing was at the path so far. */
  #first = true;
  /** Not needed any more, and not closed yet. */
  #released: Pin[] = [];

  constructor(path: string) {
    this.path = path;
  }

  /** All inodes that are remembered for it. */
  get pins(): readonly Pin[] {
    return [this.#current, ...this.#older].flatMap((version) => version?.pin ?? []);
  }

  /** Those of them that nobody is known to have. Who has loaded a script has let it go. */
  get free(): readonly Pin[] {
    const isFree = (version: Version): boolean =>
      version.holders.every(({ harm }) => harm === 'loaded') && !(version === this.#current && this.unnamed);
    return this.#versions().flatMap((version) => (version.pin && isFree(version) ? version.pin : []));
  }

  get current(): Pin | undefined {
    return this.#current?.pin;
  }

  /** Whether anybody holds any version of it. */
  get inUse(): boolean {
    return this.unnamed || this.#older.length > 0 || (this.#current?.holders.length ?? 0) > 0;
  }

  /** Whether somebody has the current version who cannot be named. */
  get unnamed(): boolean {
    return this.#others === 'held';
  }

  /** Of all versions. */
  get holders(): readonly Holder[] {
    return this.#versions().flatMap(({ holders }) => holders);
  }

  /**
   * The path leads there now. The pin is taken over.
   *
   * @param now milliseconds since the epoch
   */
  leadsTo(pin: Pin, now: number): void {
    this.#problem = undefined;
    if (this.#current && isSame(this.#current.identity, pin.identity)) {
      this.#released.push(pin);
      return;
    }
    this.#retire();
    const back = this.#older.find(({ identity }) => isSame(identity, pin.identity));
    if (back?.pin) {
      this.#older = this.#older.filter((version) => version !== back);
      this.#current = back;
      this.#released.push(pin);
      return;
    }
    // What was there before we looked has come at some time; its bytes have when it was last written.
    const since = this.#first ? modified(pin) : now;
    this.#first = false;
    this.#current = { identity: pin.identity, since, from: since, pin, size: pin.size(), holders: [] };
  }

  /** The path leads to nothing, or to nothing that can be watched. */
  leadsNowhere(problem: ErrorFacts): void {
    this.#problem = problem;
    this.#retire();
  }

  /** This inode cannot be told from another one any more. */
  lost(pin: Pin): void {
    const version = this.#versions().find((one) => one.pin === pin);
    if (!version) return;
    if (version === this.#current) this.#retire();
    this.#unpin(version);
  }

  /** There is no watch for it: what is found is still told, but not when it changes. */
  unwatchable(problem: ErrorFacts): void {
    this.#problem = problem;
  }

  /** What a pass has found. */
  found(found: Found): void {
    const current = this.#current;
    if (current?.pin && found.holders.has(current.pin)) {
      current.size = current.pin.size();
      current.from = Math.max(current.from, modified(current.pin));
    }
    // Told by the path, and started before what is there now came.
    const earlier = current?.pin
      ? (found.holders.get(current.pin) ?? []).filter((holder) => isOlder(holder, current))
      : [];
    for (const version of this.#versions()) {
      const own = ((version.pin && found.holders.get(version.pin)) ?? []).map((holder) => sinceBefore(version, holder));
      version.holders = inOrder([
        ...own.filter((holder) => !earlier.includes(holder)),
        ...earlier.filter((holder) => this.#versionAt(holder.since) === version),
      ]);
      if (version !== current && own.length === 0) this.#unpin(version);
    }
    // Of a version that is forgotten, or that we have never seen.
    const unknown = earlier.filter((holder) => this.#versionAt(holder.since) === undefined);
    if (current && unknown.length > 0) current.holders = inOrder([...current.holders, ...unknown]);
    this.#older = this.#older.filter(({ holders }) => holders.length > 0);
  }

  /** Whether anybody has the current version but those who were found. */
  heldByOthers(others: 'held' | 'free' | 'unknown'): void {
    this.#others = others;
  }

  /** The version that this process has: a pin, where somebody has its inode. */
  versionOf({ pid, started }: ProcessKey): { readonly pin: Pin | undefined } | undefined {
    return this.#versions().find(({ holders }) =>
      holders.some(({ process }) => process.pid === pid && process.started === started),
    );
  }

  /** Holders that read as they run, each with what it reads. */
  readers(): readonly (readonly [Pin, Holder])[] {
    return this.#versions().flatMap(({ pin, holders }) =>
      pin ? holders.filter(({ harm }) => harm === 'readsAsItRuns').map((holder) => [pin, holder] as const) : [],
    );
  }

  /** A holder has read on. */
  hasRead(pin: Pin, holder: Holder, read: Holder['read']): void {
    for (const version of this.#versions()) {
      if (version.pin !== pin) continue;
      version.holders = version.holders.map((one) =>
        one === holder ? sinceBefore(version, withRead(holder, read)) : one,
      );
    }
  }

  view(lineOf: LineOf): FileInUse {
    return {
      path: this.path,
      current: this.#current && this.#generation(this.#current, lineOf),
      older: this.#older.map((version) => this.#generation(version, lineOf)),
      unnamed: this.unnamed,
      uncertain: this.#current !== undefined && this.#others === 'unknown',
      ...(this.#problem ? { problem: this.#problem } : {}),
    };
  }

  /** Everything is over. */
  close(): void {
    this.#versions().forEach((version) => {
      this.#unpin(version);
    });
    this.#current = undefined;
    this.#older = [];
    this.closeReleased();
  }

  /** Closes the pins that are not among `pins` any more: to be called when nothing uses them. */
  closeReleased(): void {
    for (const pin of this.#released.splice(0)) pin.close();
  }

  #versions(): readonly Version[] {
    return this.#current ? [this.#current, ...this.#older] : this.#older;
  }

  /** What is at the path becomes an older version, until it is known that nobody has it. */
  #retire(): void {
    if (!this.#current) return;
    const older = [this.#current, ...this.#older];
    older.slice(lookout.versions).forEach((version) => {
      this.#unpin(version);
    });
    this.#older = older.slice(0, lookout.versions);
    this.#current = undefined;
    this.#others = 'unknown';
  }

  /** The version that was at the path then, as far as is known. */
  #versionAt(time: number): Version | undefined {
    return this.#versions().find(({ from }) => from <= time + clockStep);
  }

  #unpin(version: Version): void {
    if (version.pin) this.#released.push(version.pin);
    version.pin = undefined;
  }

  #generation(version: Version, lineOf: LineOf): Generation {
    const { since, size, holders, pin } = version;
    return {
      since,
      ...(pin ? {} : { gone: true }),
      size,
      holders: holders.map((holder): HolderInUse => {
        const line = pin && holder.read ? lineOf(pin, holder) : undefined;
        const unknown = isOlder(holder, version);
        return { ...holder, ...(line === undefined ? {} : { line }), ...(unknown ? { version: 'unknown' } : {}) };
      }),
    };
  }
}

/** The kernel tells starts in hundredths of a second. */
const clockStep = 20;

/** It has loaded something else than this version, or this version before it was written in place. */
function isOlder({ harm, since }: Holder, { from }: Version): boolean {
  return harm === 'loaded' && since + clockStep < from;
}

/** The longest-lived first. */
function inOrder(holders: readonly Holder[]): readonly Holder[] {
  return holders.toSorted(
    (one, other) => one.process.started - other.process.started || one.process.pid - other.process.pid,
  );
}

function modified(pin: Pin): number {
  return Number(pin.mtime() / 1_000_000n);
}

function isSame(one: Identity, other: Identity): boolean {
  return one.device === other.device && one.inode === other.inode;
}

/** bash tells where it will read on only while it waits for a child: what it told last is not given up when it does not. */
function sinceBefore({ holders }: Version, holder: Holder): Holder {
  if (holder.read || holder.harm !== 'readsAsItRuns') return holder;
  const { pid, started } = holder.process;
  const before = holders.find((one) => one.process.pid === pid && one.process.started === started);
  return before?.read?.by === 'command' ? { ...holder, read: before.read } : holder;
}

function withRead(holder: Holder, read: Holder['read']): Holder {
  const { process, program, since, harm, uid, ancestors } = holder;
  return { process, program, since, harm, ...(read ? { read } : {}), uid, ancestors };
}
