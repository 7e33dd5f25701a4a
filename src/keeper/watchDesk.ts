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
  /** Watches of the symbolic links on its path. */
  links: readonly number[];
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
  readonly tell: (answer: Extract<LookoutAnswer, { kind: 'inUse' | 'closed' | 'problem' }>) => void;
}

/** The files that are watched, and when to look at what. Does one thing after the other, and sleeps nowhere. */
export class WatchDesk {
  readonly #parts: WatchDeskParts;
  readonly #desks = new Map<string, Desk>();
  readonly #byWatch = new Map<number, Desk>();
  readonly #pace = new Pace();
  #wanted: ReadonlySet<string> = new Set();
  #rereadFrom: number | undefined;
  /** Something was mounted or unmounted since the last pass, */
  #mounted = false;
  /** and something else has happened besides: who has the files is to be looked at. */
  #toSearch = false;
  /** What was told last of processes that could not be looked into, */
  #closed = 0;
  /** and of failed passes. */
  #problems: ReadonlySet<string> = new Set();

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
      links: [],
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
    this.#toSearch = true;
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
    if (wake.ended || isChange(wake)) this.#wantSearch(now);
    else if (wake.mounted) this.#pace.want(now);
    else if (wake.read.size > 0) this.#rereadFrom ??= now + lookout.betweenRereads;
    if (wake.ended) {
      // Who has ended may have been the only one, and a file system is to be unmounted now.
      for (const desk of this.#desks.values()) this.#letGo(desk, desk.file.current);
    }
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
    for (const watch of wake.closed) {
      const desk = this.#byWatch.get(watch);
      if (desk?.watches.get(desk.file.current) === watch) this.#letGo(desk, desk.file.current);
    }
    for (const watch of wake.lost) {
      const desk = this.#byWatch.get(watch);
      if (desk) this.#lose(desk, watch);
    }
    this.#mounted ||= wake.mounted;
    if (!wake.overflow) return;
    for (const desk of this.#desks.values()) {
      desk.moved = true;
      // Whether a watch was lost was not told. What is at the path is asked for when it is looked at.
      for (const [pin, watch] of desk.watches) {
        if (pin && !pin.held && pin !== desk.file.current) this.#lose(desk, watch);
      }
    }
  }

  /** A watch is over, or is of another inode than its pin. */
  #lose(desk: Desk, watch: number): void {
    const [pin] = [...desk.watches].find(([, one]) => one === watch) ?? [];
    desk.watches = new Map([...desk.watches].filter(([, one]) => one !== watch));
    desk.moved = true;
    this.#byWatch.delete(watch);
    this.#parts.system.waiter.unwatch(watch);
    if (pin) desk.file.lost(pin);
    this.#rewatch(desk);
  }

  /** Only what is watched can be let go; what is older is held until it is known that nobody has it. */
  #letGo(desk: Desk, pin: Pin | undefined): void {
    if (pin && desk.watches.has(pin)) pin.letGo();
  }

  #pass(): void {
    const { system, clock, editor } = this.#parts;
    // What has happened since then is looked at now.
    const uses = system.waiter.take();
    this.#note(uses);
    this.#toSearch ||= isChange(uses);
    const began = clock();
    if (this.#mounted) this.#lookAtPaths();
    this.#mounted = false;
    for (const desk of this.#desks.values()) {
      const { current } = desk.file;
      if (desk.moved) this.#resolve(desk);
      this.#toSearch ||= desk.file.current !== current;
    }
    if (!this.#toSearch) {
      this.#pace.passed(clock(), clock() - began);
      return;
    }
    this.#toSearch = false;
    const pins = [...this.#desks.values()].flatMap(({ file }) => file.pins);
    const held = new Set(pins.filter((pin) => pin.held));
    try {
      const found = system.finder.pass(pins, new Set([editor]));
      this.#pace.passed(clock(), clock() - began);
      const meanwhile = system.waiter.take();
      this.#note(meanwhile);
      if (isChange(meanwhile)) this.#wantSearch(clock());
      else if (meanwhile.mounted) this.#pace.want(clock());
      this.#confirm(held);
      this.#take(found);
      this.#tellProblems(found.refused ?? []);
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) throw thrown;
      this.#tellProblems([thrown]);
      this.#pace.passed(clock(), clock() - began);
    }
  }

  /** Each of them once, as long as it lasts. */
  #tellProblems(problems: readonly SystemError[]): void {
    for (const problem of problems) {
      if (!this.#problems.has(problem.message)) this.#parts.tell({ kind: 'problem', error: describeError(problem) });
    }
    this.#problems = new Set(problems.map(({ message }) => message));
  }

  /** Where machines mount something every second, most of it has nothing to do with these paths. */
  #lookAtPaths(): void {
    for (const desk of this.#desks.values()) {
      desk.moved ||= !desk.file.current?.atPath();
    }
  }

  #wantSearch(now: number): void {
    this.#toSearch = true;
    this.#pace.want(now);
  }

  /** What the pass has taken hold of may be another file by now that was given the same number: the watch tells. */
  #confirm(heldBefore: ReadonlySet<Pin>): void {
    for (const desk of this.#desks.values()) {
      const taken = [...desk.watches].filter(([pin]) => pin?.held === true && !heldBefore.has(pin));
      for (const [pin, watch] of taken) {
        if (!pin || this.#isOf(watch, pin)) continue;
        this.#lose(desk, watch);
        this.#wantSearch(this.#parts.clock());
      }
    }
  }

  #isOf(watch: number, pin: Pin): boolean {
    try {
      return this.#parts.system.waiter.isOf(watch, pin);
    } catch (thrown) {
      // No watch more is to be had: then this one is not its.
      facts(thrown);
      return false;
    }
  }

  #take(found: Found): void {
    if (found.closed !== this.#closed) this.#parts.tell({ kind: 'closed', processes: found.closed });
    this.#closed = found.closed;
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
      for (const pin of desk.file.free) this.#letGo(desk, pin);
    }
    if (probes === lookout.probes) this.#wantSearch(this.#parts.clock());
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
    desk.quiet = false;
    // What comes to the folder after this look is told, and what becomes of links.
    if (!file.current) this.#rewatch(desk);
    this.#watchLinks(desk);
    try {
      const pin = system.finder.pin(file.path);
      this.#loseUnlike(desk, pin);
      file.leadsTo(pin, now());
    } catch (thrown) {
      file.leadsNowhere(facts(thrown));
    }
    desk.moved = false;
    this.#rewatch(desk);
    for (const pin of file.free) this.#letGo(desk, pin);
  }

  /** A number is given again: what has the number of this pin, which is held, and is not held itself, is asked whether it is the same. */
  #loseUnlike(desk: Desk, { identity: { device, inode } }: Pin): void {
    const known = [...desk.watches].filter(([pin]) => pin?.identity.device === device && pin.identity.inode === inode);
    for (const [pin, watch] of known) {
      if (pin && !pin.held && !this.#isOf(watch, pin)) this.#lose(desk, watch);
    }
  }

  #watchLinks(desk: Desk): void {
    const { waiter, finder } = this.#parts.system;
    for (const watch of desk.links) {
      this.#byWatch.delete(watch);
      waiter.unwatch(watch);
    }
    desk.links = finder.linksOn(desk.file.path).flatMap((link) => {
      try {
        const watch = waiter.watchLink(link);
        this.#byWatch.set(watch, desk);
        return watch;
      } catch (thrown) {
        // It has just gone, or no watch is left: the next look tells.
        facts(thrown);
        return [];
      }
    });
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
        const watch = pin ? waiter.watch(pin) : waiter.watchFolder(file.path);
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
    if (file.unnamed) pin.hold();
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

  #close({ file, watches, links }: Desk): void {
    for (const watch of [...watches.values(), ...links]) {
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

/** Whether processes are to be looked at for it. */
function isChange({ used, moved, lost, overflow }: Uses): boolean {
  return overflow || [used, moved, lost].some(({ size }) => size > 0);
}

/** @throws what is not an answer of the system */
function facts(thrown: unknown): ErrorFacts {
  if (thrown instanceof SystemError) return describeError(thrown);
  throw thrown;
}
