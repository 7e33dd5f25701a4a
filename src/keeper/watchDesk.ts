import { describeError, SystemError } from '../core/errors';
import type { ErrorFacts } from '../core/errors';
import type { ProcessKey } from '../core/holders/holder';
import type { FileInUse } from '../core/holders/inUse';
import { lookout } from '../core/holders/limits';
import type { LookoutAnswer } from '../core/holders/messages';
import { Pace } from '../core/holders/pace';
import type { Found, LookoutSystem, Pin, Uses, UseWake } from '../core/holders/ports';
import { WatchedFile } from '../core/holders/watchedFile';
import type { LineCounts } from './lineCounts';

/** A watched file, and the watches that tell of it. */
interface Desk {
  readonly file: WatchedFile;
  /** Watches of its inodes, or of the folder where there is none. */
  watches: ReadonlyMap<Pin | undefined, number>;
  /** What the extension host was told last; empty: nothing. */
  told: string;
  /** Nobody has it, and that was told. */
  quiet: boolean;
  /** What the path leads to is to be looked at. */
  moved: boolean;
  /** Passes in a row during which it was moved. */
  movedDuring: number;
  /** Whether somebody has it who cannot be named is to be asked, too. */
  probe: boolean;
}

/** Who the desk speaks with. */
export interface WatchDeskParts {
  readonly system: LookoutSystem;
  readonly lines: LineCounts;
  /** Not told as a holder. */
  readonly editor: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds of a clock that nobody sets. */
  readonly clock: () => number;
  readonly tell: (answer: Extract<LookoutAnswer, { kind: 'inUse' | 'problem' }>) => void;
}

/** The files that are watched, and when to look at what. Does one thing after the other, and sleeps nowhere. */
export class WatchDesk {
  readonly #parts: WatchDeskParts;
  readonly #desks = new Map<string, Desk>();
  readonly #byWatch = new Map<number, Desk>();
  readonly #pace = new Pace();
  #wanted: ReadonlySet<string> = new Set();
  #rereadFrom: number | undefined;
  /** What was told of failed passes last. */
  #problem = '';

  constructor(parts: WatchDeskParts) {
    this.#parts = parts;
  }

  watch(paths: readonly string[]): void {
    this.#wanted = new Set(paths.slice(0, Math.min(lookout.files, this.#parts.system.pinsAtMost)));
    for (const path of this.#wanted) {
      if (!this.#desks.has(path)) this.look(path);
    }
    this.#drop();
  }

  /**
   * Nothing if it is not watched.
   *
   * @param when `soon`: the user waits for it
   */
  look(path: string, when: 'soon' | 'inTurn' = 'inTurn'): void {
    if (!this.#wanted.has(path) && !this.#desks.has(path)) return;
    const desk = this.#desks.get(path) ?? {
      file: new WatchedFile(path),
      watches: new Map(),
      told: '',
      quiet: false,
      moved: true,
      movedDuring: 0,
      probe: true,
    };
    desk.moved = true;
    desk.probe = true;
    this.#desks.set(path, desk);
    const now = this.#parts.clock();
    if (when === 'soon') this.#pace.hurry(now);
    else this.#pace.want(now);
  }

  /** How long to sleep, and whether to be woken by the use of files: not while a pass is due anyway. */
  sleep(): { readonly milliseconds: number | undefined; readonly uses: boolean } {
    const now = this.#parts.clock();
    const left = [this.#pace.left(now), this.#rereadFrom === undefined ? undefined : this.#rereadFrom - now].flatMap(
      (one) => one ?? [],
    );
    return {
      milliseconds: left.length === 0 ? undefined : Math.max(0, Math.min(...left)),
      uses: !this.#pace.wanted && this.#rereadFrom === undefined,
    };
  }

  woken(wake: UseWake): void {
    const now = this.#parts.clock();
    this.#note(wake);
    if (wake.ended || wake.overflow || wake.used.size > 0 || wake.moved.size > 0) this.#pace.want(now);
    else if (wake.read.size > 0) this.#rereadFrom ??= now + lookout.betweenRereads;
    if (this.#pace.left(now) === 0) {
      this.#pass();
      this.#rereadFrom = undefined;
    } else if (this.#rereadFrom !== undefined && this.#rereadFrom <= now) {
      this.#rereadFrom = undefined;
      this.#reread();
    }
  }

  /**
   * The bytes of the version that a process has.
   *
   * @throws SystemError as `Lookout.read`
   */
  read(path: string, process: ProcessKey): Uint8Array {
    const desk = this.#desks.get(path);
    const version = desk?.file.versionOf(process);
    if (!desk || !version) throw new SystemError('read', path, 'ESRCH');
    const { pin } = version;
    if (!pin) throw new SystemError('read', path, 'ENODATA');
    const size = pin.size();
    if (size > lookout.compared) throw new SystemError('read', path, 'EFBIG');
    const watch = desk.watches.get(pin);
    return watch === undefined ? pin.read(size) : this.#parts.system.waiter.unseen(watch, () => pin.read(size));
  }

  close(): void {
    this.#wanted = new Set();
    for (const desk of this.#desks.values()) this.#close(desk);
  }

  #note(wake: Uses): void {
    for (const watch of wake.moved) {
      const desk = this.#byWatch.get(watch);
      if (desk) desk.moved = true;
    }
    for (const watch of wake.used) {
      const desk = this.#byWatch.get(watch);
      // Who cannot be named tells by nothing else that he goes. Others are not asked for now: that opens the file, and a save may be
      // under way, to which every reader is a reason to make a clone.
      if (desk?.file.unnamed) desk.probe = true;
    }
    if (!wake.overflow) return;
    for (const desk of this.#desks.values()) {
      desk.moved = true;
    }
  }

  #pass(): void {
    const { system, clock, editor, tell } = this.#parts;
    // What has happened since then is looked at now.
    this.#note(system.waiter.take());
    for (const desk of this.#desks.values()) {
      if (desk.moved) this.#resolve(desk);
    }
    const pins = [...this.#desks.values()].flatMap(({ file }) => file.pins);
    const began = clock();
    try {
      const found = system.finder.pass(pins, new Set([editor]));
      this.#pace.passed(clock(), clock() - began);
      const meanwhile = system.waiter.take();
      this.#note(meanwhile);
      if (meanwhile.overflow || meanwhile.used.size > 0 || meanwhile.moved.size > 0) this.#pace.want(clock());
      this.#take(found);
      this.#problem = '';
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) throw thrown;
      if (this.#problem !== thrown.message) tell({ kind: 'problem', error: describeError(thrown) });
      this.#problem = thrown.message;
      this.#pace.passed(clock(), clock() - began);
    }
  }

  #take(found: Found): void {
    let probes = 0;
    for (const desk of this.#desks.values()) {
      // A save moves the path more than once. Who has loaded a script is looked for at the path: at a moved one nobody is found, and the
      // version that they have would be forgotten.
      desk.movedDuring = desk.moved ? desk.movedDuring + 1 : 0;
      if (isUnsettled(desk)) continue;
      desk.file.found(found);
      if (desk.probe && probes < lookout.probes) {
        this.#probe(desk, found);
        probes++;
      }
      if (!desk.quiet || desk.file.inUse) this.#rewatch(desk);
    }
    if (probes === lookout.probes) this.#pace.want(this.#parts.clock());
    this.#drop();
    this.#awaitEnds();
    this.#tell();
  }

  #reread(): void {
    const { finder } = this.#parts.system;
    for (const { file } of this.#desks.values()) {
      for (const [pin, holder] of file.readers()) file.hasRead(pin, holder, finder.reread(pin, holder));
    }
    this.#tell();
  }

  /** What the path leads to now. */
  #resolve(desk: Desk): void {
    const { system, now } = this.#parts;
    const { file } = desk;
    desk.moved = false;
    desk.quiet = false;
    // What comes to the folder after this look is told.
    if (!file.current) this.#rewatch(desk);
    try {
      file.leadsTo(system.finder.pin(file.path), now());
    } catch (thrown) {
      file.leadsNowhere(facts(thrown));
    }
    this.#rewatch(desk);
  }

  /** As many watches as there are inodes; or one of the folder, where the path leads to nothing. */
  #rewatch(desk: Desk): void {
    const { waiter } = this.#parts.system;
    const { file } = desk;
    const wanted: readonly (Pin | undefined)[] = file.current ? file.pins : [undefined, ...file.pins];
    const watches = new Map(desk.watches);
    for (const [pin, watch] of desk.watches) {
      if (wanted.includes(pin)) continue;
      watches.delete(pin);
      this.#byWatch.delete(watch);
      waiter.unwatch(watch);
    }
    try {
      for (const pin of wanted) {
        if (watches.has(pin)) continue;
        const watch = pin ? waiter.watch(pin, file.path) : waiter.watchFolder(file.path);
        watches.set(pin, watch);
        this.#byWatch.set(watch, desk);
      }
    } catch (thrown) {
      // A folder that is not there either: the next look tells.
      const problem = facts(thrown);
      if (file.current) file.unwatchable(problem);
    }
    desk.watches = watches;
    file.closeReleased();
    const reading = new Set(file.readers().map(([pin]) => pin));
    for (const [pin, watch] of watches) {
      if (pin) waiter.tellReads(watch, reading.has(pin));
    }
  }

  /** Whether anybody has it who cannot be named: where a pass has seen nobody. */
  #probe(desk: Desk, found: Found): void {
    const { waiter, finder } = this.#parts.system;
    const { file } = desk;
    const pin = file.current;
    const watch = desk.watches.get(pin);
    desk.probe = false;
    if (!pin || watch === undefined) return;
    const seen = found.untold.has(pin) || (found.holders.get(pin) ?? []).some(({ harm }) => harm !== 'loaded');
    file.heldByOthers(seen ? 'free' : waiter.unseen(watch, () => finder.probe(pin)));
  }

  /** Files that nobody wants watched any more, and nobody holds. */
  #drop(): void {
    const dropped = [...this.#desks].filter(([path, { file }]) => !this.#wanted.has(path) && !file.inUse);
    for (const [path, desk] of dropped) {
      this.#close(desk);
      this.#desks.delete(path);
    }
    const known = dropped.filter(([, { told }]) => told !== '').map(([path]) => path);
    if (known.length > 0) this.#parts.tell({ kind: 'inUse', files: [], dropped: known });
  }

  #close({ file, watches }: Desk): void {
    for (const watch of watches.values()) {
      this.#byWatch.delete(watch);
      this.#parts.system.waiter.unwatch(watch);
    }
    file.close();
  }

  /** A child inherits what its parent has open without opening it: only the parent's end tells. */
  #awaitEnds(): void {
    const holders = [...this.#desks.values()].flatMap(({ file }) => file.holders);
    this.#parts.system.waiter.await(holders.slice(0, lookout.awaited).map((holder) => holder.process));
  }

  #tell(): void {
    const files: FileInUse[] = [];
    for (const desk of this.#desks.values()) {
      if (isUnsettled(desk) || (desk.quiet && !desk.file.inUse)) continue;
      desk.quiet = !desk.file.inUse;
      const view = desk.file.view((pin, holder) => this.#parts.lines.lineOf(pin, holder));
      const told = JSON.stringify(view);
      if (told === desk.told) continue;
      desk.told = told;
      files.push(view);
    }
    if (files.length > 0) this.#parts.tell({ kind: 'inUse', files, dropped: [] });
  }
}

/** What the last pass has found of it is not to be believed; the next one will be. */
function isUnsettled({ movedDuring }: Desk): boolean {
  return movedDuring > 0 && movedDuring <= lookout.movedDuring;
}

/** @throws what is not an answer of the system */
function facts(thrown: unknown): ErrorFacts {
  if (thrown instanceof SystemError) return describeError(thrown);
  throw thrown;
}
