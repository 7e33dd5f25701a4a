/** One state of the simulated world: the kernel, and everybody in it. Immutable but for the outermost object. */
import type { Gate } from '../../../src/core/gate/gate';
import { newGate, STAGED, TARGET } from '../../../src/core/gate/gate';
import type { EndReason, GateEvent, Outcome, TimerName } from '../../../src/core/gate/operations';
import type { Slot } from '../../../src/core/gate/ports';
import { changeInode, type Kernel, makeInode, newKernel } from './kernel';
import type { SiteState } from './simSite';

/** What one `call` has come to. */
export interface Answer {
  readonly value?: unknown;
  readonly threw?: string;
}

export interface Keeper {
  readonly gate: Gate;
  readonly site: SiteState;
  readonly reacting: { readonly event: GateEvent; readonly answers: readonly Answer[] } | undefined;
  /** Orders and the stager's answers. */
  readonly inbox: readonly GateEvent[];
  readonly timers: readonly TimerName[];
  /** Inodes that were handed in, and are not taken. */
  readonly handed: readonly (readonly [slot: Slot, inode: number])[];
  readonly answered: boolean;
  /** The editor is not expected any more. */
  readonly late: boolean;
  readonly ended: Outcome | undefined;
  /** What the last search of this reaction has found. */
  readonly found: number;
  readonly alive: boolean;
}

export type EditorStage =
  | 'asked'
  | 'stat'
  | 'resolve'
  | 'access'
  | 'break'
  | 'wait'
  | 'enter'
  | 'write'
  | 'close'
  | 'tell'
  | 'saved'
  | 'failed';

export interface Editor {
  readonly stage: EditorStage;
  readonly at: number | undefined;
  readonly written: number;
  /** What it opened for this save was ever written without a gate. */
  readonly stock: boolean;
  /** What it has found at the path when it was done, if that was not what it had written. */
  readonly saw: { readonly inode: number; readonly mtime: number; readonly changes: number } | undefined;
}

export interface Reader {
  readonly stage: 'resolve' | 'count' | 'report' | 'show' | 'read' | 'close' | 'done';
  readonly at: number | undefined;
  readonly got: readonly string[];
  /**
   * Why it may be disturbed. `unseen`: in the middle of its open, where nobody can see it, when the keeper looked. `known`: let
   * down when the time was over, and counted.
   */
  readonly excuse: 'unseen' | 'known' | undefined;
}

export interface Writer {
  /** It came in the same instant as the editor, or where nobody could see it: without us, too, one of them would lose. */
  readonly raced: boolean;
  /** It was let in while the editor was expected: whatever it writes then is not to be overwritten unseen. */
  readonly early: boolean;
  /** The keeper has seen it wait. */
  readonly known: boolean;
  readonly stage: 'resolve' | 'access' | 'break' | 'wait' | 'enter' | 'write' | 'close' | 'done';
  readonly at: number | undefined;
  readonly written: number;
}

/** Work of the stager, side by side. */
export interface Job {
  readonly keeper: number;
  readonly kind: 'clone' | 'restage' | 'keep' | 'sync';
  readonly slot: Slot | 'foreign';
  /** The inode that is read. */
  readonly from: number | undefined;
  readonly stage: 'begin' | 'copy' | 'end';
  readonly copied: readonly string[];
}

export interface World {
  kernel: Kernel;
  keepers: readonly Keeper[];
  editors: readonly Editor[];
  readers: readonly Reader[];
  writers: readonly Writer[];
  jobs: readonly Job[];
  /** Versions that were kept aside for the user. */
  kept: readonly string[];
  /** What may still happen, so many times. */
  left: Readonly<Record<'signals' | 'deaths' | 'stops' | 'losses' | 'faults', number>>;
}

export interface Save {
  /** The bytes that are staged. */
  readonly staged: readonly string[];
  /** What the editor writes; another text if a later save participant changed it. */
  readonly writes: readonly string[];
  /** Its write fails after so many chunks, or it is killed then. */
  readonly failsAfter?: number;
  /** What it tells us of a save that failed. */
  readonly afterFailure?: EndReason;
}

export type WriterKind =
  /** `>>` */
  | 'append'
  /** `>>`, without waiting: fails with EAGAIN if there is a lease. */
  | 'nonblocking'
  /** `cp` */
  | 'rewrite'
  /** As `git checkout`: unlink and create. */
  | 'recreate'
  /** Another atomic save. */
  | 'rename';

export interface Setup {
  readonly saves: readonly Save[];
  /** `free`: opens, reads, closes. `holder`: has had the file open since before. `stays`: keeps it open until the save is over. */
  readonly readers: readonly ('free' | 'holder' | 'stays')[];
  readonly writers: readonly WriterKind[];
  readonly left: Partial<World['left']>;
  /** Deadlines pass at any time, or only when nobody else can go on. */
  readonly hasty: boolean;
  /** The time in which the editor is expected is over when nobody else can go on, as soon as it begins, or at any time. */
  readonly expects: 'prompt' | 'late' | 'any';
  readonly synced: boolean;
  readonly probe: boolean;
  /** The editor's `open` can be made to begin again. */
  readonly interrupts: boolean;
  /**
   * Windows take a lock on the file first. Who does not get it is refused, and its editor writes as it does without us; or waits
   * for it before anything is staged.
   */
  readonly lock: 'none' | 'refuse' | 'wait';
  /** Steps of others that only they themselves can tell apart are one. */
  readonly coarse: boolean;
  readonly why: EndReason;
}

export const plainSetup: Setup = {
  saves: [{ staged: ['n1', 'n2'], writes: ['n1', 'n2'] }],
  readers: [],
  writers: [],
  left: {},
  hasty: false,
  expects: 'prompt',
  synced: true,
  probe: true,
  interrupts: true,
  lock: 'none',
  coarse: false,
  why: 'stop',
};

/** All windows of one server: the editor's process is the same. */
export const EDITOR = 1;

export function keeperProcess(keeper: number): number {
  return 10 + keeper;
}

export function begin(setup: Setup): World {
  const kernel = newKernel();
  const world: World = {
    kernel,
    keepers: setup.saves.map((save, index) => newKeeper(kernel, setup, save, index)),
    editors: setup.saves.map(() => ({ stage: 'asked', at: undefined, written: 0, stock: false, saw: undefined })),
    readers: setup.readers.map((kind) => ({
      stage: kind === 'holder' ? 'read' : 'resolve',
      at: kind === 'holder' ? 0 : undefined,
      got: [],
      excuse: undefined,
    })),
    writers: setup.writers.map(() => ({
      stage: 'resolve',
      at: undefined,
      written: 0,
      raced: false,
      early: false,
      known: false,
    })),
    jobs: [],
    kept: [],
    left: { signals: 0, deaths: 0, stops: 0, losses: 0, faults: 0, ...setup.left },
  };
  setup.readers.forEach((kind, index) => {
    if (kind !== 'holder') return;
    kernel.files = [
      ...kernel.files,
      { owner: `reader${index}`, process: 20 + index, inode: 0, write: false, state: 'visible' },
    ];
  });
  if (!setup.synced) {
    world.jobs = setup.saves.map((_save, keeper) => ({
      keeper,
      kind: 'sync',
      slot: STAGED,
      from: undefined,
      stage: 'end',
      copied: [],
    }));
  }
  return world;
}

function newKeeper(kernel: Kernel, setup: Setup, save: Save, index: number): Keeper {
  const staged = makeInode(kernel, save.staged, 2, 'us');
  changeInode(kernel, staged, { changes: 0 });
  return {
    gate: newGate(EDITOR, setup.synced),
    site: { keeper: index, process: keeperProcess(index), probeBelieved: setup.probe, taken: [] },
    reacting: undefined,
    inbox: [{ is: 'started' }],
    timers: [],
    handed: [
      [TARGET, 0],
      [STAGED, staged],
    ],
    answered: false,
    late: false,
    ended: undefined,
    found: 0,
    alive: true,
  };
}

let numbers = new WeakMap<object, number>();
let texts = new Map<string, number>();
let flagged = new Map<string, object>();

/** Before an exploration: keys of one are not those of another, and what they are made from takes room. */
export function forgetKeys(): void {
  numbers = new WeakMap();
  texts = new Map();
  flagged = new Map();
}

/** A number for everything that looks the same. */
function numberOf(part: object): number {
  const known = numbers.get(part);
  if (known !== undefined) return known;
  const text = Array.isArray(part) ? textOfList(part) : JSON.stringify(part);
  const number = texts.get(text) ?? texts.size;
  texts.set(text, number);
  numbers.set(part, number);
  return number;
}

/** Most of its elements were in other lists before. */
function textOfList(list: readonly unknown[]): string {
  const textOf = (one: unknown): string =>
    typeof one === 'object' && one !== null ? `#${numberOf(one).toString(36)}` : JSON.stringify(one);
  return `[${list.map(textOf).join()}]`;
}

/** Exact: two states have the same key if and only if they are the same. */
export function keyOf(world: World): string {
  const { kernel } = world;
  const lists = [
    kernel.inodes,
    kernel.temporary,
    kernel.files,
    kernel.leases,
    kernel.watches,
    kernel.notices,
    kernel.signalled,
    ...world.keepers.flatMap(partsOf),
    ...world.editors,
    ...world.readers,
    ...world.writers,
    world.jobs,
    world.kept,
    world.left,
  ];
  return `${kernel.path ?? 'none'},${lists.map((list) => numberOf(list).toString(36)).join()}`;
}

const NOTHING = {};

/** One by one, because most of them stay as they are. */
function partsOf(keeper: Keeper): readonly object[] {
  const { gate, site, reacting, inbox, timers, handed, answered, late, ended, found, alive } = keeper;
  const rest = `${answered ? 1 : 0}${late ? 1 : 0}${alive ? 1 : 0}${found}`;
  const { event = NOTHING, answers = NOTHING } = reacting ?? {};
  return [gate, site.taken, event, answers, inbox, timers, handed, ended ?? NOTHING, flags(rest)];
}

function flags(text: string): object {
  const found = flagged.get(text) ?? { text };
  flagged.set(text, found);
  return found;
}

export function copy(world: World): World {
  return { ...world, kernel: { ...world.kernel } };
}
