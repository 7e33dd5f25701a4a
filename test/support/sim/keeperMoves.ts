/** The keeper: runs the reactions of one gate, operation by operation, and the stager that works for it. */
import { SystemError } from '../../../src/core/errors';
import { type Gate, isWaitingForEditor, TARGET } from '../../../src/core/gate/gate';
import type { Call, GateEvent, Reaction, TimerName } from '../../../src/core/gate/operations';
import type { Slot } from '../../../src/core/gate/ports';
import { abandonOpen, changeInode, fileOf, inodeOf, isOpenForWriting, leaseOf, makeInode, Violation } from './kernel';
import * as site from './simSite';
import { type Answer, EDITOR, type Job, type Keeper, type Setup, type World } from './world';

export interface Move {
  /** Who moves: a thread of the world. */
  readonly who: string;
  /** For the trace, of which nobody reads most. */
  readonly what: string | (() => string);
  /** On a copy of the world. */
  make(world: World): void;
}

export type React = (gate: Gate, event: GateEvent) => Reaction<Gate>;

type Reacting = NonNullable<Keeper['reacting']>;

type Step = { readonly call: Call } | { readonly done: Gate } | { readonly failed: string };

/** Replays reactions up to a point: a generator cannot be copied. Remembers where each point leads. */
export class Reactor {
  readonly #react: React;
  readonly #known = new Map<string, Step>();
  readonly #gates = new WeakMap<Gate, string>();
  readonly #points = new WeakMap<Reacting, { readonly gate: Gate; readonly step: Step }>();

  constructor(react: React) {
    this.#react = react;
  }

  next(gate: Gate, reacting: Reacting): Step {
    const point = this.#points.get(reacting);
    if (point?.gate === gate) return point.step;
    const step = this.#lookUp(gate, reacting);
    this.#points.set(reacting, { gate, step });
    return step;
  }

  #lookUp(gate: Gate, { event, answers }: Reacting): Step {
    const gateKey = this.#gates.get(gate) ?? JSON.stringify(gate);
    this.#gates.set(gate, gateKey);
    const key = `${gateKey}${JSON.stringify(event)}${JSON.stringify(answers)}`;
    const known = this.#known.get(key) ?? this.#replay(gate, { event, answers });
    this.#known.set(key, known);
    return known;
  }

  #replay(gate: Gate, { event, answers }: Reacting): Step {
    try {
      const reaction = this.#react(gate, event);
      let step = reaction.next();
      for (const { value, threw } of answers) {
        step = threw === undefined ? reaction.next(value) : reaction.throw(new SystemError('call', '', threw));
      }
      return step.done ? { done: step.value } : { call: step.value };
    } catch (thrown) {
      return { failed: String(thrown) };
    }
  }
}

/** What does not change in the course of a run. */
export interface Rules {
  readonly setup: Setup;
  readonly reactor: Reactor;
}

/** Operations that nobody else can observe at the instant at which they are asked for: done with the one before. */
const LOCAL: ReadonlySet<string> = new Set(['timer', 'answer', 'clone', 'restage', 'keep', 'alignTime', 'acknowledge']);

/** What is done to an inode that nobody can reach. */
function isAlone({ kernel }: World, keeper: Keeper, { name, args }: Call): boolean {
  if (args[0] === TARGET) return false;
  if (name !== 'take' && name !== 'lease' && name !== 'drop') return false;
  const [slot] = args;
  const inode = [...keeper.handed, ...keeper.site.taken.map((one) => [one.slot, one.inode] as const)].find(
    ([known]) => known === slot,
  )?.[1];
  if (inode === undefined || kernel.path === inode || kernel.temporary.includes(inode)) return false;
  return !kernel.files.some((file) => file.inode === inode);
}

/** What one keeper, its stager and its clock can do next. */
export function keeperMoves(world: World, index: number, rules: Rules): readonly Move[] {
  const keeper = keeperOf(world, index);
  const who = `keeper${index}`;
  if (!keeper.alive || keeper.ended) return [];
  if (keeper.reacting) {
    return [{ who, what: () => describe(keeper, rules.reactor), make: (next) => perform(next, index, rules) }];
  }
  const moves: Move[] = [];
  const react = (event: GateEvent, before: (world: World) => void): void => {
    moves.push({
      who,
      what: () => `hears ${JSON.stringify(event)}`,
      make: (next) => {
        before(next);
        start(next, index, event, rules);
      },
    });
  };
  const [order] = keeper.inbox;
  const { lock } = rules.setup;
  if (order?.is === 'started' && lock !== 'none' && world.keepers.some((other) => isBusy(other))) {
    return lock === 'wait' ? [] : [{ who, what: 'does not get the lock', make: (next) => refuse(next, index) }];
  }
  // A wake brings all events that came before it; that a file was closed is heard before anything else.
  const closed = world.kernel.notices.find((one) => one.keeper === index && one.what === 'closed');
  if (order && !closed) react(order, (next) => changeKeeper(next, index, { inbox: keeper.inbox.slice(1) }));
  const notice = closed ?? world.kernel.notices.find((one) => one.keeper === index);
  if (notice) {
    const slot = site.slotOf(keeper.site, notice.inode);
    react(notice.what === 'moved' ? { is: 'moved' } : { is: notice.what, slot: slot as Slot }, (next) => {
      next.kernel.notices = next.kernel.notices.filter((one) => one !== notice);
    });
    if (world.left.losses > 0) {
      react({ is: 'lost' }, (next) => {
        next.left = { ...next.left, losses: next.left.losses - 1 };
        next.kernel.notices = next.kernel.notices.filter((one) => one.keeper !== index);
      });
    }
  }
  if (world.kernel.signalled.includes(index) && !closed) {
    moves.push({ who, what: 'asks every lease', make: (next) => askLeases(next, index) });
  }
  if (world.left.stops > 0 && order?.is !== 'started') {
    react({ is: 'over', why: rules.setup.why }, (next) => {
      next.left = { ...next.left, stops: next.left.stops - 1 };
    });
  }
  return moves;
}

function isBusy(keeper: Keeper): boolean {
  return keeper.alive && !keeper.ended && keeper.inbox[0]?.is !== 'started';
}

function refuse(world: World, index: number): void {
  changeKeeper(world, index, { ended: { kind: 'refused', why: 'noLease' }, inbox: [], handed: [] });
}

/** Timers that tick. */
export function ticks(world: World, index: number, names: readonly TimerName[], rules: Rules): readonly Move[] {
  const keeper = keeperOf(world, index);
  if (!keeper.alive || keeper.ended || keeper.reacting) return [];
  return keeper.timers
    .filter((name) => names.includes(name))
    .map((name) => ({
      who: `keeper${index}`,
      what: `tick ${name}`,
      make: (next) => {
        changeKeeper(next, index, {
          timers: keeper.timers.filter((other) => other !== name),
          late: keeper.late || name === 'expect',
        });
        start(next, index, { is: 'tick', name }, rules);
      },
    }));
}

export function keeperOf(world: World, index: number): Keeper {
  const keeper = world.keepers[index];
  if (!keeper) throw new Error(`no keeper ${index}`);
  return keeper;
}

export function changeKeeper(world: World, index: number, change: Partial<Keeper>): void {
  world.keepers = world.keepers.with(index, { ...keeperOf(world, index), ...change });
}

/** On a signal: which of our leases does anybody want to break? */
function askLeases(world: World, index: number): void {
  const keeper = keeperOf(world, index);
  world.kernel.signalled = world.kernel.signalled.filter((one) => one !== index);
  const broken = keeper.site.taken
    .filter(({ slot }) => slot !== 'foreign' && site.leaseState(world.kernel, keeper.site, slot) === 'breaking')
    .map(({ slot }): GateEvent => ({ is: 'broken', slot: slot as Slot }));
  const news = broken.filter((event) => !keeper.inbox.some((old) => JSON.stringify(old) === JSON.stringify(event)));
  changeKeeper(world, index, { inbox: [...news, ...keeper.inbox] });
}

function start(world: World, index: number, event: GateEvent, rules: Rules): void {
  changeKeeper(world, index, { reacting: { event, answers: [] }, found: 0 });
  excuse(world, event);
  if (event.is === 'tick' && event.name === 'hold' && world.jobs.some((job) => job.kind === 'keep')) {
    world.writers = world.writers.map((writer) => ({ ...writer, raced: true }));
  }
  // There is no time any more to send the editor away from them.
  if (event.is === 'tick' && (event.name === 'drain' || event.name === 'hold')) {
    world.writers = world.writers.map((writer) => (writer.known ? { ...writer, known: false } : writer));
  }
  goOn(world, index, rules);
}

/** Performs what nobody can observe, and ends the reaction if it is over. */
function goOn(world: World, index: number, rules: Rules): void {
  for (;;) {
    const keeper = keeperOf(world, index);
    if (!keeper.reacting) return;
    const step = rules.reactor.next(keeper.gate, keeper.reacting);
    if ('failed' in step) throw new Violation('a reaction failed', step.failed);
    if ('done' in step) {
      // What does nothing any more need not be told apart by whether it has happened.
      const isOver = !isWaitingForEditor(step.done);
      const timers = isOver ? keeper.timers.filter((name) => name !== 'expect') : keeper.timers;
      const isLate = rules.setup.expects === 'late';
      const gate = isLate && step.done.expecting ? { ...step.done, expecting: false } : step.done;
      changeKeeper(world, index, { gate, reacting: undefined, timers, late: !isOver && (keeper.late || isLate) });
      checkRest(world, index);
      return;
    }
    if (keeper.ended) throw new Violation('an operation after the end', step.call.name);
    if (!LOCAL.has(step.call.name) && !isAlone(world, keeper, step.call)) return;
    operate(world, index, step.call, rules);
  }
}

/** Whoever waits has a deadline. */
function checkRest(world: World, index: number): void {
  const { gate, timers, ended } = keeperOf(world, index);
  if ((gate.phase === 'ended') !== (ended !== undefined)) throw new Violation('ended without an end');
  if (gate.phase !== 'ended' && timers.length === 0) throw new Violation('a state without a deadline', gate.phase);
}

function describe(keeper: Keeper, reactor: Reactor): string {
  if (!keeper.reacting) return '';
  const step = reactor.next(keeper.gate, keeper.reacting);
  return 'call' in step ? `${step.call.name}(${step.call.args.map((value) => JSON.stringify(value)).join(', ')})` : '';
}

function perform(world: World, index: number, rules: Rules): void {
  const { gate, reacting } = keeperOf(world, index);
  if (!reacting) return;
  const step = rules.reactor.next(gate, reacting);
  if ('call' in step) operate(world, index, step.call, rules);
  goOn(world, index, rules);
}

function operate(world: World, index: number, call: Call, { setup }: Rules): void {
  const before = keeperOf(world, index);
  if (before.ended) throw new Violation('an operation after the end', call.name);
  let answer: Answer;
  try {
    const value = run(world, index, call, setup);
    answer = value === undefined ? {} : { value };
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    answer = { threw: thrown.errno };
  }
  const { reacting } = keeperOf(world, index);
  if (reacting) changeKeeper(world, index, { reacting: { ...reacting, answers: [...reacting.answers, answer] } });
}

function run(world: World, index: number, call: Call, setup: Setup): unknown {
  const keeper = keeperOf(world, index);
  const mine = { ...keeper.site };
  const { kernel } = world;
  const set = (change: Partial<Keeper> = {}): void => changeKeeper(world, index, { site: mine, ...change });
  switch (call.name) {
    case 'take': {
      const [slot] = call.args;
      const given = keeper.handed.find(([handed]) => handed === slot)?.[1];
      // Who has waited for the lock has looked at the file afterwards.
      const inode = slot === TARGET && setup.lock === 'wait' ? kernel.path : given;
      if (inode === undefined) throw new Violation('took what was not handed in', String(slot));
      site.take(kernel, mine, slot, inode);
      // What was there before is what the save starts from.
      if (slot === TARGET) world.writers = world.writers.map((writer) => ({ ...writer, raced: writer.written > 0 }));
      set({ handed: keeper.handed.filter(([handed]) => handed !== slot) });
      return;
    }
    case 'probe':
      return site.probe(kernel, mine, call.args[0], (inode) => holders(world, inode));
    case 'lease': {
      site.lease(kernel, mine, call.args[0]);
      return;
    }
    case 'isBroken':
      return site.leaseState(kernel, mine, call.args[0]) === 'breaking';
    case 'waiting': {
      const processes = site.waiting(kernel, mine, call.args[0]);
      const isLate = keeper.reacting?.event.is === 'tick' && ['drain', 'hold'].includes(keeper.reacting.event.name);
      if (setup.interrupts && !isLate) {
        world.writers = world.writers.map((writer, number) =>
          processes.includes(30 + number) && !writer.known ? { ...writer, known: true } : writer,
        );
      }
      return processes;
    }
    case 'interrupt':
      return setup.interrupts && interrupt(world);
    case 'mayBeUnfinished':
      return setup.saves[index]?.failsAfter !== undefined;
    case 'isAtPath':
      return site.isAtPath(kernel, mine, call.args[0]);
    case 'adopt': {
      const slot = site.adopt(kernel, mine, call.args[0]);
      set();
      return slot;
    }
    case 'restamp':
      site.restamp(kernel);
      return;
    case 'exchange': {
      const out = kernel.path;
      const displaced = site.exchange(kernel, mine, call.args[0]);
      // In the middle of their open, where nobody can see them.
      world.writers = world.writers.map((writer) =>
        writer.at === out && writer.stage === 'access' ? { ...writer, raced: true } : writer,
      );
      set();
      return displaced;
    }
    case 'takeBack': {
      const back = site.takeBack(kernel, mine, call.args[0]);
      set();
      return back;
    }
    case 'glance':
      return glance(world, index);
    case 'search':
      return search(world, index, call.args[0]);
    case 'compare':
      if (!site.isTouched(kernel, mine, call.args[0])) return 'untouched';
      return site.compareBytes(bytesOf(world, mine, call.args[0]), setup.saves[index]?.staged ?? []);
    case 'letGo':
      giveUp(world, index, site.takenOf(mine, call.args[0]).inode);
      {
        site.letGo(kernel, mine, call.args[0]);
        return;
      }
    case 'drop': {
      site.drop(kernel, mine, call.args[0]);
      set({ handed: keeper.handed.filter(([handed]) => handed !== call.args[0]) });
      return;
    }
    case 'alignTime': {
      const [slot, like] = call.args;
      const { mtime } = inodeOf(kernel, site.takenOf(mine, like).inode);
      changeInode(kernel, site.takenOf(mine, slot).inode, { mtime });
      return;
    }
    case 'tellOpens': {
      site.tellOpens(kernel, mine, ...call.args);
      return;
    }
    case 'acknowledge':
      site.acknowledge(kernel, mine, call.args[0]);
      {
        set();
        return;
      }
    case 'clone': {
      order(world, index, 'clone', call.args[1], site.takenOf(mine, call.args[0]).inode);
      return;
    }
    case 'restage': {
      order(world, index, 'restage', call.args[0], undefined);
      return;
    }
    case 'keep': {
      order(world, index, 'keep', call.args[0], site.takenOf(mine, call.args[0]).inode);
      return;
    }
    case 'timer': {
      set({ timers: [...new Set([...keeper.timers, call.args[0]])].sort() });
      return;
    }
    case 'answer':
      if (keeper.answered) throw new Violation('answered twice');
      {
        set({ answered: true });
        return;
      }
    case 'end': {
      if (!keeper.answered && call.args[0].kind !== 'refused') throw new Violation('ended without an answer');
      site.closeSite(kernel, mine);
      set({ ended: call.args[0], timers: [], inbox: [], handed: [] });
      return;
    }
  }
}

function bytesOf(world: World, mine: site.SiteState, slot: Slot): readonly string[] {
  return inodeOf(world.kernel, site.takenOf(mine, slot).inode).bytes;
}

function interrupt(world: World): boolean {
  const waiting = world.editors.filter(({ stage }) => stage === 'wait');
  world.editors = world.editors.map((editor, index) => {
    if (editor.stage !== 'wait') return editor;
    abandonOpen(world.kernel, `editor${index}`);
    return { ...editor, stage: 'resolve', at: undefined };
  });
  return waiting.length > 0;
}

/** Descriptors of keepers. */
function holders(world: World, inode: number): number {
  return world.keepers.flatMap((keeper) => keeper.site.taken).filter((taken) => taken.inode === inode).length;
}

function glance(world: World, index: number): readonly Slot[] {
  const { kernel } = world;
  const { site: mine } = keeperOf(world, index);
  const opened = kernel.notices.filter((notice) => notice.keeper === index && notice.what === 'opened');
  kernel.notices = kernel.notices.filter((notice) => !opened.includes(notice));
  // In the middle of their open, where nobody can see them.
  world.readers = world.readers.map((reader) =>
    reader.stage === 'count' || reader.stage === 'report' ? { ...reader, excuse: 'unseen' } : reader,
  );
  return opened.map((notice) => site.slotOf(mine, notice.inode) as Slot).sort();
}

function search(world: World, index: number, slot: Slot): number {
  const { site: mine } = keeperOf(world, index);
  const { inode } = site.takenOf(mine, slot);
  world.readers = world.readers.map((reader, number) =>
    reader.at === inode && reader.stage !== 'done'
      ? { ...reader, excuse: fileOf(world.kernel, `reader${number}`)?.state === 'visible' ? undefined : 'unseen' }
      : reader,
  );
  const found = site.search(world.kernel, mine, slot, [EDITOR]).length;
  changeKeeper(world, index, { found });
  return found;
}

/** There is no time any more for those who are about to write where the editor writes. */
function excuse(world: World, event: GateEvent): void {
  if (event.is === 'over' || (event.is === 'tick' && event.name === 'expire')) {
    // An editor in the middle of its open, where nobody can see it, in the instant in which its time is over.
    world.editors = world.editors.map((editor) =>
      editor.stage === 'access' && editor.at !== world.kernel.path ? { ...editor, stock: true } : editor,
    );
  }
  const hurried = event.is === 'over' && event.why !== 'saved';
  if (!hurried && !(event.is === 'tick' && event.name === 'close')) return;
  world.writers = world.writers.map((writer) =>
    writer.at !== undefined && writer.at !== world.kernel.path ? { ...writer, raced: true } : writer,
  );
}

/** Those whom the last search has found are known, and are to be counted. */
function giveUp(world: World, index: number, inode: number): void {
  if (keeperOf(world, index).found === 0) return;
  world.readers = world.readers.map((reader) =>
    reader.at === inode && reader.stage !== 'done' && reader.excuse === undefined
      ? { ...reader, excuse: 'known' }
      : reader,
  );
}

function order(world: World, keeper: number, kind: Job['kind'], slot: Job['slot'], from: number | undefined): void {
  const job: Job = { keeper, kind, slot, from, stage: 'begin', copied: [] };
  world.jobs = [...world.jobs, kind === 'keep' ? { ...job, stage: 'copy' } : job];
}

/** The stager reads an inode chunk by chunk, through the keeper's descriptor. */
export function jobMoves(world: World, setup: Setup): readonly Move[] {
  return world.jobs.flatMap((job, at) => {
    if (isKeptWaiting(world, job)) return [];
    const who = `stager${job.keeper}.${job.kind}${job.slot}`;
    return { who, what: `${job.kind} ${job.slot}: ${job.stage}`, make: (next) => work(next, job, at, setup) };
  });
}

/**
 * What is kept is pinned as soon as that is ordered, whatever becomes of the save, and copied when nobody writes it any more;
 * behind a lease nobody does.
 */
function isKeptWaiting({ kernel }: World, { kind, stage, from, keeper }: Job): boolean {
  if (kind !== 'keep' || stage !== 'copy' || from === undefined) return false;
  return isOpenForWriting(kernel, from) && !leaseOf(kernel, keeper, from);
}

function work(world: World, job: Job, at: number, setup: Setup): void {
  const { kernel } = world;
  const change = (now: Partial<Job>): void => {
    world.jobs = world.jobs.with(at, { ...job, ...now });
  };
  const keeper = keeperOf(world, job.keeper);
  const from = job.from;
  const isGone = keeper.ended !== undefined || !keeper.alive;
  if (job.kind === 'clone' && job.stage === 'begin') {
    world.jobs = isGone ? world.jobs.toSpliced(at, 1) : world.jobs.with(at, { ...job, stage: 'copy' });
    return;
  }
  if (job.stage === 'copy' && from !== undefined) {
    const { bytes } = inodeOf(kernel, from);
    const chunk = bytes[job.copied.length];
    if (chunk !== undefined && !setup.coarse) {
      change({ copied: [...job.copied, chunk] });
      return;
    }
    const copied = setup.coarse ? bytes : job.copied;
    if (job.kind === 'keep') world.kept = [...world.kept, copied.join()].sort();
    change({ stage: 'end', copied });
    return;
  }
  world.jobs = world.jobs.toSpliced(at, 1);
  if (isGone) return;
  const tell = (event: GateEvent): void =>
    changeKeeper(world, job.keeper, { inbox: [...keeperOf(world, job.keeper).inbox, event] });
  if (job.kind === 'keep') {
    tell({ is: 'kept' });
    return;
  }
  const slot = job.slot as Slot;
  if (job.kind === 'sync') {
    tell({ is: 'synced', slot });
    return;
  }
  if (world.left.faults > 0) {
    world.left = { ...world.left, faults: world.left.faults - 1 };
    const error = { operation: 'write', path: '', errno: 'ENOSPC', detail: '' };
    tell({ is: job.kind === 'clone' ? 'notCloned' : 'notRestaged', error });
    return;
  }
  const bytes = job.kind === 'clone' ? job.copied : (setup.saves[job.keeper]?.staged ?? []);
  const inode = makeInode(kernel, bytes, from === undefined ? 2 : inodeOf(kernel, from).mtime, 'us');
  if (from !== undefined) changeInode(kernel, inode, { stock: inodeOf(kernel, from).stock });
  changeKeeper(world, job.keeper, { handed: [...keeper.handed, [slot, inode]] });
  tell({ is: job.kind === 'clone' ? 'cloned' : 'restaged', slot });
}
