/**
 * The gate: one save at level `gated`, from the moment that the new bytes are staged. The editor's own `open` for writing
 * is held in the kernel by a read lease on the inode that the path leads to (the bait) until the complete new version is
 * at the path; then the editor is let go, and writes an inode that no path leads to.
 *
 *   opening ──► cloning ──► armed ──► broken ──► draining ──► writing ──► written ──► ended: published
 *      │           │         │ ▲ │                  │ ▲          │ │                     ▲
 *      ▼           ▼         ▼ │ └► ended:          ▼ │          ▼ ▼                     │
 *    ended: refused       yielded   withdrawn    restarted    unsure, settling ──────────┘
 *
 * - opening: target and staged inode are taken over, the staged one is leased, and the target is probed: is anybody on it?
 *   Nobody: it is the bait itself, its read lease came with the answer.
 * - cloning: somebody is, or may be. A private clone is on its way. Leased before anybody can reach it, it is exchanged
 *   with the target, which stays with its holders and is never written. The target is leased, too: who wants to write it
 *   while it is copied ends the save before it has begun (`refused`).
 * - armed: the path leads to a complete old version on which only the editor will be. A reader who opens the bait makes it
 *   dirty; a new clone takes the bait's place, and the bait keeps its lease, because the editor may have resolved to it. If
 *   another program wants to write a retired bait, that one is put back to the path first. As long as the editor is expected any
 *   moment, other programs are put off: they wait where they are, a clone takes that bait's place for the editor, and they are let
 *   in when it has come, or when the time for that is over.
 * - yielded: another program wanted to write and was let in, or has put its own file at the path. When nobody writes that any more,
 *   it is the bait.
 * - broken: the editor waits on a bait. The staged inode must have reached the disk, and another program's version that the editor
 *   may not know must be kept aside, as far as time allows; then one exchange publishes it.
 * - draining: the bait is off the path. Nobody new gets to it; whoever opened it before has time to end. Where the editor
 *   waits is looked at once more: a signal may have brought it to another bait in the meantime.
 * - writing: the editor is let go and truncates, writes, syncs and closes the bait. It is looked at when nobody has it open
 *   for writing any more (`isLeft`): another program may have closed it.
 * - written: it has closed it, and has yet to look at the path, and to say that it is saved. Other programs that want to write what
 *   is published wait until then: the editor would take their version for its own.
 * - restarted: a signal made the editor's `open` begin again, and now it waits on what is published. The same bytes are
 *   being staged once more, to be published over it. If another program has come to where the editor waits, the signal is ours:
 *   nobody else writes where the editor does.
 * - unsure: what it wrote is only the beginning of what was staged. Its disk may be full, or a later save participant has
 *   cut the end off: whether the editor calls that saved decides. Or it is another text, and may be cut off just so (`mayBeUnfinished`):
 *   that is kept if the editor says nothing.
 * - settling: what it wrote is other than what was staged, and is published. Another program's version that this brought
 *   out of the path is being kept.
 *
 * What holds:
 * 1. A lease is given up only for the end of the save, for another program that is let in, or for the editor when the path
 *    leads to the complete new version and nobody else is on the bait (`release`; the one exception is counted, `residual`).
 * 2. The path is changed by `exchange` alone: it always leads to a complete version.
 * 3. What an exchange brings out of the path and is not what we put or found there belongs to somebody else: it is kept.
 *    So is an inode off the path that another program writes or is on the way to write (`leave`). Who keeps it holds on to it
 *    from then on, also beyond the end, and copies it when nobody writes it any more.
 * 4. What the editor wrote is compared with what was published before the save ends, and published if it differs.
 * 5. The staged inode is leased from before it is published until the editor has closed the bait: an `open` of the
 *    editor's that starts again (a signal) resolves to it. Then it is the bait, and the same bytes are staged once more.
 * 6. Every state but `ended` has a deadline.
 */
import { describeError, SystemError } from '../errors';
import { gateLimits } from './limits';
import {
  call,
  type Counts,
  type EndReason,
  type GateEvent,
  type Outcome,
  type Reaction,
  type RefusedWhy,
  type TimerName,
  type WithdrawnWhy,
} from './operations';
import type { Displaced, Slot } from './ports';

/** The slots that every gate begins with. */
export const TARGET: Slot = 0;
export const STAGED: Slot = 1;

export type Phase =
  | 'opening'
  | 'cloning'
  | 'armed'
  | 'yielded'
  | 'broken'
  | 'restarted'
  | 'draining'
  | 'writing'
  | 'written'
  | 'unsure'
  | 'settling'
  | 'ended';

/** An inode on which the editor may come to wait. */
interface Bait {
  readonly slot: Slot;
  /**
   * Somebody has opened it since it became the bait, or may have: others may be about to. While the target is being cloned: since
   * then; whoever comes then will come to the clone, too. Who had it open before is why it is cloned.
   */
  readonly dirty: boolean;
}

/** Plain data. */
export interface Gate {
  readonly phase: Phase;
  /** The process (thread group id) that writes for this window. */
  readonly editor: number;
  /** The complete new version that waits, or is at the path. */
  readonly staged: Slot;
  /** It has reached the disk, or need not. */
  readonly synced: boolean;
  /** What the path leads to, as far as we know. */
  readonly path: Slot;
  /** All inodes on which the editor may wait. */
  readonly baits: readonly Bait[];
  /** The one on which it waits, or which it writes. */
  readonly broken: Slot | undefined;
  /** The clone that is on its way. */
  readonly cloning: Slot | undefined;
  /** The editor is about to come: other programs that want to write wait until it has. */
  readonly expecting: boolean;
  /** At least one of them waits, or did. */
  readonly puttingOff: boolean;
  /** How often the editor, which waited together with another program, was sent to what is published. */
  readonly interrupts: number;
  /** The version at the path is another program's, and the editor may not know it. */
  readonly unseen: boolean;
  /** So many versions of other programs are being kept aside. */
  readonly keeping: number;
  /** Inodes into which another program was let, of which nothing is kept yet. */
  readonly admitted: readonly Slot[];
  readonly nextSlot: Slot;
  readonly clones: number;
  readonly pause: number;
  /** A lease of which it is not known yet who broke it. */
  readonly asking: Slot | undefined;
  readonly counts: Counts;
}

/**
 * @param editor the process (thread group id) that writes for this window
 * @param synced whether the staged inode need not be waited for
 * @param unseen whether the editor may not know what it would overwrite
 */
export function newGate(editor: number, synced: boolean, unseen = false): Gate {
  return {
    phase: 'opening',
    editor,
    staged: STAGED,
    synced,
    path: TARGET,
    baits: [],
    broken: undefined,
    cloning: undefined,
    expecting: false,
    puttingOff: false,
    interrupts: 0,
    unseen,
    keeping: 0,
    admitted: [],
    nextSlot: STAGED + 1,
    clones: 0,
    pause: gateLimits.quiet,
    asking: undefined,
    counts: { publishes: 0, retired: 0, residual: 0, raced: 0, kept: 0 },
  };
}

/** What happens next. Pure: everything it needs of the world it asks for. */
export function* react(gate: Gate, event: GateEvent): Reaction<Gate> {
  if (gate.phase === 'ended') return gate;
  switch (event.is) {
    case 'started':
      return yield* open(gate);
    case 'cloned':
      return yield* cloned(gate, event.slot);
    case 'notCloned':
      return yield* notCloned(gate, event.error);
    case 'restaged':
      return yield* restaged(gate, event.slot);
    case 'notRestaged':
      return gate.phase === 'restarted' ? yield* admit(gate) : gate;
    case 'synced':
      return yield* synced(gate, event.slot);
    case 'kept':
      return yield* kept({ ...gate, keeping: Math.max(gate.keeping - 1, 0) });
    case 'opened':
      return yield* opened(gate, event.slot);
    case 'lost':
      return yield* lost(gate);
    case 'closed':
      return yield* closed(gate, event.slot);
    case 'moved':
      return gate.phase === 'armed' ? yield* moved(gate) : gate;
    case 'broken':
      return yield* broken(gate, event.slot);
    case 'tick':
      return yield* tick(gate, event.name);
    case 'over':
      return yield* over(gate, event.why);
  }
}

function* open(gate: Gate): Reaction<Gate> {
  try {
    yield* takeStaged(gate.staged);
    yield* call('take', TARGET);
  } catch (thrown) {
    return yield* refuse(gate, 'noLease', thrown);
  }
  if ((yield* call('probe', TARGET)) !== 'free') {
    try {
      // Whoever wants to write it while it is copied waits.
      yield* call('lease', TARGET);
    } catch (thrown) {
      return yield* refuse(gate, SystemError.is(thrown, 'EAGAIN') ? 'changed' : 'noLease', thrown);
    }
    yield* call('timer', 'expire', gateLimits.cloning);
    const asking = yield* askForClone({ ...gate, baits: [{ slot: TARGET, dirty: false }] });
    return { ...asking, phase: 'cloning' };
  }
  if (!(yield* call('isAtPath', TARGET))) return yield* refuse(gate, 'changed');
  return yield* arm({ ...gate, baits: [{ slot: TARGET, dirty: false }] });
}

/** Whoever opens it when it is published is welcome. */
function* takeStaged(slot: Slot): Reaction<void> {
  yield* call('take', slot);
  yield* call('tellOpens', slot, false);
  yield* call('lease', slot);
}

function* askForClone(gate: Gate): Reaction<Gate> {
  yield* call('clone', gate.path, gate.nextSlot);
  return { ...gate, cloning: gate.nextSlot, clones: gate.clones + 1, nextSlot: gate.nextSlot + 1 };
}

function* arm(gate: Gate): Reaction<Gate> {
  yield* call('timer', 'expire', gateLimits.armed);
  yield* call('answer');
  return { ...gate, phase: 'armed', expecting: true };
}

function* cloned(asked: Gate, slot: Slot): Reaction<Gate> {
  const gate = { ...asked, cloning: asked.cloning === slot ? undefined : asked.cloning };
  // One that is not wanted any more may be of a version that another program has written since.
  if (asked.cloning !== slot || (gate.phase !== 'cloning' && gate.phase !== 'armed')) {
    yield* call('drop', slot);
    return gate;
  }
  try {
    yield* call('take', slot);
    yield* call('lease', slot);
    // The editor, most likely: it is not to write off the path if we die before the publish.
    if (gate.phase === 'armed' && !gate.puttingOff && (yield* call('isBroken', gate.path))) {
      return yield* stay(gate, slot);
    }
    if (!(yield* call('isAtPath', gate.path))) return yield* notOurs(gate, slot);
    const displaced = yield* call('exchange', slot);
    if (!isExpected(gate, displaced)) {
      yield* call('takeBack', slot);
      return yield* notOurs(gate, slot);
    }
  } catch (thrown) {
    if (gate.phase === 'cloning') return yield* refuse(gate, 'noLease', thrown);
    return yield* stay(gate, slot);
  }
  // Readers who were at the last bait will be at this one.
  const baits = [...gate.baits, { slot, dirty: gate.phase === 'armed' || isDirty(gate, TARGET) }];
  if (gate.phase === 'cloning') return yield* arm(soil({ ...gate, path: slot, baits }, TARGET));
  const now: Gate = { ...gate, path: slot, baits, counts: { ...gate.counts, retired: gate.counts.retired + 1 } };
  return gate.puttingOff ? yield* lookForEditor(now) : now;
}

/** The bait stays where it is, with a reader who may have to be waited for. Whoever comes next lets another clone be asked for. */
function* stay(gate: Gate, clone: Slot): Reaction<Gate> {
  yield* call('drop', clone);
  yield* call('tellOpens', gate.path, true);
  return gate;
}

function* notCloned(gate: Gate, error: unknown): Reaction<Gate> {
  if (gate.phase === 'cloning') return yield* refuse(gate, 'noClone', error);
  if (gate.phase === 'armed') yield* call('tellOpens', gate.path, true);
  return { ...gate, cloning: undefined };
}

/** Nobody tells us of an editor that has come to where another program waits already. */
function* lookForEditor(gate: Gate): Reaction<Gate> {
  for (const { slot } of gate.baits) {
    if (slot === gate.path || !(yield* call('waiting', slot)).includes(gate.editor)) continue;
    return yield* broken(gate, slot);
  }
  return gate;
}

/** Another program has replaced or rewritten the file: the clone that was to stand in for it is of no use. */
function* notOurs(gate: Gate, clone: Slot): Reaction<Gate> {
  if (gate.phase === 'cloning') return yield* refuse(gate, 'changed');
  return yield* stay(gate, clone);
}

function* opened(gate: Gate, slot: Slot): Reaction<Gate> {
  if (gate.phase === 'draining' && slot === gate.broken) {
    yield* call('timer', 'search', gateLimits.quiet);
    return { ...soil(gate, slot), pause: gateLimits.quiet };
  }
  const soiled = soil(gate, slot);
  // Who comes after the first one says nothing new.
  if (gate.phase === 'cloning' || gate.phase === 'armed') yield* call('tellOpens', slot, false);
  if (gate.phase !== 'armed' || slot !== gate.path) return soiled;
  // Whether somebody is still there is not asked: the editor may come while the write lease is ours for that, and then there is
  // no way back to the read lease. Readers would sleep in their `open` until the editor is let go, and read what it writes.
  return soiled.cloning !== undefined || soiled.clones >= gateLimits.clones ? soiled : yield* askForClone(soiled);
}

/** Events were lost: anybody may have opened anything, or closed it. */
function* lost(gate: Gate): Reaction<Gate> {
  if (gate.phase === 'yielded') return yield* armAgain(gate);
  if (gate.phase === 'armed') {
    const now = yield* moved(soil(gate, gate.path));
    return now.phase === 'armed' && now.path === gate.path ? yield* opened(now, gate.path) : now;
  }
  return yield* opened(soil(gate, gate.broken ?? gate.path), gate.broken ?? gate.path);
}

function* broken(gate: Gate, slot: Slot): Reaction<Gate> {
  const isBait = gate.baits.some((bait) => bait.slot === slot);
  const waited = gate.phase === 'cloning' || gate.phase === 'armed' || (gate.phase === 'yielded' && slot !== gate.path);
  // Otherwise it was let in before, or is being dealt with.
  if (!(waited && isBait) && !mayRestart(gate, slot)) return gate;
  const processes = yield* call('waiting', slot);
  if (processes.length === 0) return yield* leaseAgain(gate, slot);
  return yield* waitedFor(gate.asking === slot ? { ...gate, asking: undefined } : gate, slot, processes);
}

/** What waits for this lease may be an `open` of the editor's that has started again. */
function mayRestart(gate: Gate, slot: Slot): boolean {
  return gate.counts.publishes > 0 && slot === gate.staged && gate.phase !== 'restarted';
}

function* waitedFor(gate: Gate, slot: Slot, processes: readonly number[]): Reaction<Gate> {
  if (gate.phase === 'cloning') return yield* refuse(gate, 'changed');
  if (!processes.includes(gate.editor)) {
    if (gate.phase === 'armed' && gate.expecting) return yield* putOff(gate, slot);
    return mayRestart(gate, slot) && isBusyWriting(gate) ? yield* holdUp(gate) : yield* letIn(gate, slot);
  }
  if (slot === gate.staged) return yield* restart(gate);
  yield* call('timer', 'hold', gateLimits.hold);
  const waits: Gate = { ...gate, phase: 'broken', broken: slot, expecting: false, puttingOff: false };
  const held = waits.unseen ? yield* keep({ ...waits, unseen: false }, gate.path) : waits;
  return held.synced && held.keeping === 0 ? yield* publish(held) : held;
}

/**
 * The editor may have looked at the file already, and would overwrite unseen what another program writes before its `open`. It is to
 * come to a bait of its own. When it has written that, or does not come, the other program is let in.
 */
function* putOff(gate: Gate, slot: Slot): Reaction<Gate> {
  if (!gate.puttingOff) yield* call('timer', 'expect', gateLimits.expecting);
  const now: Gate = { ...gate, puttingOff: true };
  const isCloned = gate.cloning !== undefined || gate.clones >= gateLimits.clones;
  return slot !== gate.path || isCloned ? now : yield* askForClone(now);
}

/** The editor has not come in time: whoever waits is let in. */
function* expectNoMore(gate: Gate): Reaction<Gate> {
  let now: Gate = { ...gate, expecting: false, puttingOff: false };
  for (const { slot } of gate.baits) {
    if (isWaitingForEditor(now) && (yield* call('waiting', slot)).length > 0) now = yield* broken(now, slot);
  }
  return now;
}

/** It is told to come, and has not. */
export function isWaitingForEditor({ phase }: Gate): boolean {
  return phase === 'armed' || phase === 'yielded';
}

function isBusyWriting({ phase }: Gate): boolean {
  return phase === 'draining' || phase === 'writing' || phase === 'written';
}

/** Another program wants to write what was published, and the editor has not looked at it yet. */
function* holdUp(gate: Gate): Reaction<Gate> {
  // While the editor is held, too, that time bounds both.
  if (gate.phase !== 'draining') yield* call('timer', 'hold', gateLimits.hold);
  return gate;
}

/**
 * Nobody waits: it did not want to wait (O_NONBLOCK), has died, or its open starts again (a signal). A lease that stays broken
 * would not tell us of the next one. It is not given up in between: that one would slip in.
 */
function* leaseAgain(gate: Gate, slot: Slot): Reaction<Gate> {
  const first = gate.asking !== slot;
  try {
    yield* call('lease', slot);
    return first ? gate : { ...gate, asking: undefined };
  } catch {
    const pause = first ? gateLimits.quiet : gate.pause * 2;
    // It is open for writing, and not by anybody who has waited for us.
    if (pause > gateLimits.searchPause) return yield* letIn({ ...gate, asking: undefined }, slot);
    // Counted already, and about to wait; no signal will tell us.
    yield* call('timer', 'search', pause);
    return { ...gate, asking: slot, pause };
  }
}

/** Another program writes: it is not our save that it waits for. */
function* letIn(gate: Gate, slot: Slot): Reaction<Gate> {
  if (gate.phase === 'cloning') return yield* refuse(gate, 'changed');
  const path = slot === gate.path || gate.phase !== 'armed' ? gate.path : yield* bringBack(gate, slot);
  yield* call('letGo', slot);
  const now: Gate = { ...gate, path, admitted: [...gate.admitted, slot] };
  // A clone on its way is one of the version before.
  return slot === path && gate.phase === 'armed' ? { ...now, phase: 'yielded', cloning: undefined, unseen: true } : now;
}

/** A retired bait is as good a complete old version as the one at the path: what is written into it must not be lost. */
function* bringBack(gate: Gate, slot: Slot): Reaction<Slot> {
  try {
    if (isExpected(gate, yield* call('exchange', slot))) return slot;
    yield* call('takeBack', slot);
  } catch {
    // Somebody else has removed the file.
  }
  return gate.path;
}

/** The editor's `open` has started again and waits on what is published. The same bytes are put there once more. */
function* restart(gate: Gate): Reaction<Gate> {
  if (gate.phase !== 'draining' && gate.phase !== 'writing') return yield* letIn(gate, gate.staged);
  // Since it has come to the bait it is held, however often its `open` begins again.
  if (gate.phase === 'writing') yield* call('timer', 'hold', gateLimits.hold);
  yield* call('restage', gate.nextSlot);
  // The bait that it has left was let go.
  const left = gate.phase === 'writing' && gate.broken !== undefined ? [gate.broken] : [];
  const admitted = [...gate.admitted, ...left];
  return { ...gate, phase: 'restarted', broken: undefined, nextSlot: gate.nextSlot + 1, admitted };
}

function* restaged(gate: Gate, slot: Slot): Reaction<Gate> {
  const early = gate.phase === 'cloning' || gate.phase === 'armed' || gate.phase === 'yielded';
  if (!early && gate.phase !== 'broken' && gate.phase !== 'restarted') {
    yield* call('drop', slot);
    return gate;
  }
  try {
    yield* takeStaged(slot);
  } catch {
    yield* call('drop', slot);
    return gate.phase === 'restarted' ? yield* admit(gate) : gate;
  }
  if (gate.phase === 'restarted') {
    const baits = [...gate.baits, { slot: gate.staged, dirty: true }];
    return yield* publish({ ...gate, baits, broken: gate.staged, staged: slot });
  }
  // The text changed before the editor wrote it.
  yield* call('drop', gate.staged);
  return { ...gate, staged: slot, synced: false };
}

function* synced(gate: Gate, slot: Slot): Reaction<Gate> {
  if (slot !== gate.staged) return gate;
  const now = { ...gate, synced: true };
  return now.phase === 'broken' && now.keeping === 0 ? yield* publish(now) : now;
}

/** The editor waits; here it gets its version to the path. */
function* publish(gate: Gate): Reaction<Gate> {
  let displaced: Displaced;
  try {
    // Who is in the middle of an open then.
    if (gate.broken !== undefined) yield* call('tellOpens', gate.broken, true);
    displaced = yield* call('exchange', gate.staged);
  } catch (thrown) {
    return yield* withdraw(gate, 'failed', thrown);
  }
  let now: Gate = {
    ...gate,
    phase: 'draining',
    path: gate.staged,
    counts: { ...gate.counts, publishes: gate.counts.publishes + 1 },
  };
  if (!isExpected(gate, displaced)) now = yield* keep(now, displaced.slot);
  yield* call('timer', 'drain', gateLimits.drain);
  return yield* drain(now);
}

/** Lets the editor go if the bait is known to be nobody else's, and looks for them in a moment if not. */
function* drain(gate: Gate): Reaction<Gate> {
  if (gate.keeping > 0) return gate;
  return isDirty(gate, gate.broken) ? yield* searchSoon(gate) : yield* release(gate, 0);
}

function* searchSoon(gate: Gate): Reaction<Gate> {
  yield* call('timer', 'search', gateLimits.quiet);
  return { ...gate, pause: gateLimits.quiet };
}

function* searchAgain(gate: Gate): Reaction<Gate> {
  return gate.phase === 'draining' ? yield* search(gate) : gate;
}

function* search(gate: Gate): Reaction<Gate> {
  if (gate.broken === undefined || gate.keeping > 0) return gate;
  if ((yield* call('search', gate.broken)) === 0) return yield* release(gate, 0);
  const pause = Math.min(gate.pause * 2, gateLimits.searchPause);
  yield* call('timer', 'search', pause);
  return { ...gate, pause };
}

/**
 * @param residual how many others still have the bait open
 * @param last there is no time left to look again
 */
function* release(gate: Gate, residual: number, last = false): Reaction<Gate> {
  for (const { slot } of gate.baits) {
    // Whom we have let in there has no lease to wait for.
    if (slot === gate.broken || slot === gate.path || gate.admitted.includes(slot)) continue;
    if (yield* isLeft(slot)) continue;
    const processes = yield* call('waiting', slot);
    if (processes.includes(gate.editor)) {
      // A signal has made its open begin again before the publish, and it has come to another bait.
      const moved: Gate = { ...gate, broken: slot };
      yield* call('tellOpens', slot, true);
      return last ? yield* release(moved, yield* call('search', slot), last) : yield* drain(moved);
    }
    if (processes.length > 0 || last) continue;
    // Somebody is about to wait.
    return yield* searchSoon(gate);
  }
  let raced = 0;
  if (gate.broken !== undefined) {
    const processes = yield* call('waiting', gate.broken);
    raced = processes.filter((process) => process !== gate.editor).length;
    if (raced > 0 && !last) {
      const apart = yield* partFromOthers(gate, processes);
      if (apart) return yield* searchSoon(apart);
    }
    if (!last && !isDirty(gate, gate.broken)) {
      // As late as can be: who was in the middle of an `open` at the publish has come out of it in most cases.
      const now = (yield* call('glance')).reduce(soil, gate);
      if (isDirty(now, gate.broken)) return yield* searchSoon(now);
    }
    yield* call('letGo', gate.broken);
  }
  const { counts: before } = gate;
  const counts = { ...before, residual: before.residual + residual, raced: before.raced + raced };
  const left = yield* leaveBaits({ ...gate, phase: 'writing', counts });
  yield* call('timer', 'close', gateLimits.close);
  // For whoever has come to what is published while the editor was held.
  yield* call('timer', 'hold', gateLimits.hold);
  return left;
}

/**
 * Whoever waits together with the editor would be let go with it, and the two would write one inode. If the editor's `open` begins
 * again, it comes to what is published (`restart`), and what the other one writes can be kept. `undefined`: they cannot be parted.
 */
function* partFromOthers(gate: Gate, processes: readonly number[]): Reaction<Gate | undefined> {
  // Its open has begun again, and it is on its way.
  if (!processes.includes(gate.editor)) return gate;
  const mayBeSent = gate.interrupts < gateLimits.interrupts;
  return mayBeSent && (yield* call('interrupt')) ? { ...gate, interrupts: gate.interrupts + 1 } : undefined;
}

/** Nothing will be published: whoever is on the way to a retired bait, be it the editor, is to write what the path leads to. */
function* reopen(gate: Gate): Reaction<Gate> {
  for (const { slot } of gate.baits) {
    if (slot === gate.path || (yield* isLeft(slot))) continue;
    return { ...gate, path: yield* bringBack(gate, slot) };
  }
  return gate;
}

/** Drops every bait but the one at the path and the one that the editor writes. */
function* leaveBaits(gate: Gate): Reaction<Gate> {
  let now = gate;
  for (const { slot } of gate.baits) {
    if (slot !== gate.path && slot !== gate.broken) now = yield* leave(now, slot);
  }
  return { ...now, baits: now.baits.filter(({ slot }) => slot === now.path || slot === now.broken) };
}

/** Drops an inode that is off the path; or keeps what another program has written or is about to write into it. */
function* leave(gate: Gate, slot: Slot): Reaction<Gate> {
  const alone = yield* isLeft(slot);
  const written = gate.admitted.includes(slot) && (yield* call('compare', slot, gate.staged)) !== 'untouched';
  if (written || !alone) {
    yield* call('letGo', slot);
    return yield* keep(gate, slot);
  }
  yield* call('drop', slot);
  return gate;
}

/** The time for holding the editor is over. What it waits on is at the path, and it writes in place. */
function* admit(gate: Gate): Reaction<Gate> {
  return yield* withdraw(gate, 'failed');
}

function* closed(gate: Gate, slot: Slot): Reaction<Gate> {
  const now = { ...gate, pause: gateLimits.closing };
  if (gate.phase === 'yielded' && slot === gate.path) return yield* armAgain(now);
  return gate.phase === 'writing' && slot === gate.broken ? yield* closedByEditor(now, slot) : gate;
}

function* closedByEditor(gate: Gate, slot: Slot): Reaction<Gate> {
  if (!(yield* isLeft(slot))) return yield* lookAgain(gate);
  return yield* judge(gate, slot);
}

/**
 * The kernel tells of a close before it counts the writer off (fs/file_table.c, __fput): a thread that is woken by that may be
 * too early. Or there is one more writer.
 */
function* lookAgain(gate: Gate): Reaction<Gate> {
  yield* call('timer', 'look', gate.pause);
  return { ...gate, pause: Math.min(gate.pause * 2, gateLimits.searchPause) };
}

/** What was closed may be free by now. */
function* closingAgain(gate: Gate): Reaction<Gate> {
  if (gate.phase === 'yielded') return yield* armAgain(gate);
  if (gate.phase === 'writing' && gate.broken !== undefined) return yield* closedByEditor(gate, gate.broken);
  return gate;
}

/** Nobody has it open for writing, and nobody will until the end. */
function* isLeft(slot: Slot): Reaction<boolean> {
  try {
    yield* call('lease', slot);
    return true;
  } catch {
    return false;
  }
}

/** The editor has closed the bait. */
function* judge(gate: Gate, slot: Slot): Reaction<Gate> {
  switch (yield* call('compare', slot, gate.staged)) {
    case 'untouched':
      // It was somebody else who has closed it.
      return gate;
    case 'equal':
      return yield* written(gate, slot);
    case 'beginning':
      return yield* doubt(gate);
    case 'told':
      return yield* settle(gate);
    case 'other':
      return (yield* call('mayBeUnfinished', gate.staged)) ? yield* doubt(gate) : yield* settle(gate);
  }
}

/** It may not be all that was to be written. */
function* doubt(gate: Gate): Reaction<Gate> {
  yield* call('timer', 'close', gateLimits.unsure);
  return { ...gate, phase: 'unsure' };
}

/** The editor says neither that it is saved nor that it is not. Another text than what is at the path is kept, be it half of one. */
function* giveUpDoubting(gate: Gate): Reaction<Gate> {
  if (gate.broken === undefined || (yield* call('compare', gate.broken, gate.staged)) === 'beginning')
    return yield* finish(gate);
  yield* call('timer', 'close', gateLimits.unsure);
  return { ...(yield* keep(gate, gate.broken)), phase: 'settling' };
}

/** What has been at the path until now is off it: the editor has what it wrote there, and it is at the path. */
function* written(gate: Gate, slot: Slot): Reaction<Gate> {
  const left = yield* leave({ ...gate, phase: 'written', broken: undefined }, slot);
  yield* call('timer', 'close', gateLimits.unsure);
  return { ...left, baits: left.baits.filter((bait) => bait.slot !== slot) };
}

/** The names of the file have changed, or its attributes: another program may have put its own file at the path. */
function* moved(gate: Gate): Reaction<Gate> {
  const slot = yield* atPath(gate);
  if (slot === gate.path) return gate;
  return yield* armAgain({ ...gate, phase: 'yielded', cloning: undefined, pause: gateLimits.closing }, slot);
}

/**
 * Another program was let in, or came with a file of its own.
 * @param at what the path leads to, if that has been looked at
 */
function* armAgain(gate: Gate, at?: Slot): Reaction<Gate> {
  const slot = at ?? (yield* atPath(gate));
  if (slot === undefined) {
    // It may be between its removal and its creation.
    return gate.pause < gateLimits.searchPause ? yield* lookAgain(gate) : yield* withdraw(gate, 'passedBy');
  }
  const now = slot === gate.path ? gate : adopted(gate, slot);
  try {
    yield* call('lease', slot);
  } catch {
    // The lease is ours still: the file was away for a moment, or could not be looked at.
    const waits = !now.admitted.includes(slot) && (yield* call('waiting', slot)).length > 0;
    return waits ? yield* broken({ ...now, phase: 'armed' }, slot) : yield* lookAgain(now);
  }
  yield* call('acknowledge', slot);
  const admitted = now.admitted.filter((other) => other !== slot);
  // Whoever reads what the other program has put there has opened it unseen.
  return yield* opened({ ...now, phase: 'armed', unseen: true, admitted }, slot);
}

/** What the path leads to; `undefined`: nothing that could be a bait. */
function* atPath(gate: Gate): Reaction<Slot | undefined> {
  try {
    return yield* call('adopt', gate.nextSlot);
  } catch {
    return undefined;
  }
}

function adopted(gate: Gate, slot: Slot): Gate {
  const isNew = slot === gate.nextSlot;
  return {
    ...gate,
    path: slot,
    unseen: true,
    nextSlot: isNew ? slot + 1 : gate.nextSlot,
    baits: isNew ? [...gate.baits, { slot, dirty: true }] : gate.baits,
    admitted: isNew ? [...gate.admitted, slot] : gate.admitted,
  };
}

function* keep(gate: Gate, slot: Slot | 'foreign'): Reaction<Gate> {
  yield* call('keep', slot);
  return { ...gate, keeping: gate.keeping + 1, counts: { ...gate.counts, kept: gate.counts.kept + 1 } };
}

function* kept(gate: Gate): Reaction<Gate> {
  if (gate.keeping > 0) return gate;
  switch (gate.phase) {
    case 'broken':
      return gate.synced ? yield* publish(gate) : gate;
    case 'draining':
      return yield* drain(gate);
    case 'settling':
      return yield* finish(gate);
    default:
      return gate;
  }
}

/** A later save participant changed the text: what the editor wrote is published, and for watchers at the same time as the first. */
function* settle(gate: Gate): Reaction<Gate> {
  const { broken: written } = gate;
  if (written === undefined) return yield* finish(gate);
  yield* call('alignTime', written, gate.staged);
  yield* call('acknowledge', written);
  let displaced: Displaced;
  try {
    displaced = yield* exchangeOrAgain(written);
  } catch (thrown) {
    // The editor's own words are not at the path, but they are not lost.
    return yield* withdraw(yield* keep(gate, written), 'failed', thrown);
  }
  const now: Gate = { ...gate, path: written, counts: { ...gate.counts, publishes: gate.counts.publishes + 1 } };
  if (displaced.slot === gate.staged && !displaced.touched) return yield* finish(yield* leave(now, gate.staged));
  return { ...(yield* keep(now, displaced.slot)), phase: 'settling' };
}

function* tick(gate: Gate, name: TimerName): Reaction<Gate> {
  switch (name) {
    case 'expire':
      if (gate.phase === 'cloning') return yield* refuse(gate, 'noClone');
      return isWaitingForEditor(gate) ? yield* disarm(gate, 'notWritten') : gate;
    case 'expect':
      return isWaitingForEditor(gate) ? yield* expectNoMore(gate) : gate;
    case 'search':
      return yield* searchAgain(gate.asking === undefined ? gate : yield* broken(gate, gate.asking));
    case 'look':
      return yield* closingAgain(gate);
    case 'drain':
      return gate.phase === 'draining' ? yield* giveUpDraining(gate) : gate;
    case 'hold':
      return yield* giveUpHolding(gate);
    case 'close':
      if (gate.phase === 'unsure') return yield* giveUpDoubting(gate);
      if (gate.phase === 'settling' || gate.phase === 'written') return yield* finish(gate);
      yield* call('timer', 'close', gateLimits.close);
      // Still writing, which holds nobody up; or it has failed, and does not say so.
      if (gate.phase !== 'writing' || gate.broken === undefined || !(yield* isLeft(gate.broken))) return gate;
      return yield* finish(gate);
  }
}

/** The end of waiting for the editor, unless it has just come. */
function* disarm(gate: Gate, why: WithdrawnWhy): Reaction<Gate> {
  for (const { slot } of gate.baits) {
    if (!(yield* call('waiting', slot)).includes(gate.editor)) continue;
    const now = yield* broken(gate, slot);
    if (!isWaitingForEditor(now)) return why === 'stopped' ? yield* hurry(now) : now;
  }
  return yield* withdraw(gate, why);
}

function* giveUpDraining(gate: Gate): Reaction<Gate> {
  if (gate.broken === undefined || gate.keeping > 0) return gate;
  return yield* release(gate, yield* call('search', gate.broken), true);
}

function* giveUpHolding(gate: Gate): Reaction<Gate> {
  switch (gate.phase) {
    case 'broken':
      // What is still being kept then has a little longer.
      yield* call('timer', 'hold', gateLimits.drain);
      return yield* publish({ ...gate, synced: true });
    case 'restarted':
      return yield* admit(gate);
    case 'draining':
      return yield* giveUpDraining({ ...gate, keeping: 0 });
    case 'writing':
    case 'written':
      return yield* giveUpHoldingUp(gate);
    default:
      return gate;
  }
}

/** The editor takes so long that others need not wait for it any more. */
function* giveUpHoldingUp(gate: Gate): Reaction<Gate> {
  if (gate.path !== gate.staged) return gate;
  const processes = yield* call('waiting', gate.staged);
  if (processes.length === 0) return gate;
  return processes.includes(gate.editor) ? yield* restart(gate) : yield* letIn(gate, gate.staged);
}

function* over(gate: Gate, why: EndReason): Reaction<Gate> {
  switch (gate.phase) {
    case 'opening':
    case 'cloning':
      return yield* refuse(gate, 'stopped');
    case 'armed':
      return yield* disarm(gate, notWritten(why));
    case 'yielded':
      return yield* withdraw(gate, 'otherWriter');
    case 'writing':
      if (why === 'givenUp') return gate;
      // Until it calls it saved, it may be in the middle of writing: nothing of that is to be seen.
      return why === 'saved' ? yield* ending(gate) : yield* finish(gate);
    case 'written':
      return why === 'givenUp' ? gate : yield* finish(gate);
    case 'unsure':
      // That the text is not dirty any more is said before it is called saved.
      if (why === 'givenUp') return gate;
      return why === 'saved' ? yield* settle(gate) : yield* finish(gate);
    case 'broken':
      // A signal has taken it to where another program was let in, and there it has written.
      if (why === 'saved') return yield* withdraw(gate, 'passedBy');
      return why === 'stop' ? yield* hurry(gate) : gate;
    case 'draining':
      // A signal has taken it to another program's file, just before that was displaced, and there it has written.
      if (why === 'saved') return yield* passedBy(gate);
      return why === 'stop' ? yield* hurry(gate) : gate;
    case 'restarted':
      return why === 'stop' ? yield* admit(gate) : gate;
    default:
      return why === 'stop' ? yield* finish(gate) : gate;
  }
}

/** What is at the path is not what the editor takes for its own. */
function* passedBy(gate: Gate): Reaction<Gate> {
  yield* call('restamp');
  // It does not write the bait: another program may be waiting there.
  return yield* withdraw({ ...gate, broken: undefined }, 'passedBy');
}

/** The editor calls it saved, and we have not seen it close the bait. */
function* ending(gate: Gate): Reaction<Gate> {
  if (gate.broken === undefined) return yield* finish(gate);
  // Another program has it open, too, and goes on writing: at the path, as it would without us.
  if (!(yield* isLeft(gate.broken))) return yield* settle(gate);
  const written = yield* call('compare', gate.broken, gate.staged);
  // Untouched: its open began again, and another program was let in where it then wrote.
  return written === 'equal' || written === 'untouched' ? yield* finish(gate) : yield* settle(gate);
}

function* hurry(gate: Gate): Reaction<Gate> {
  // There is no time to send the editor anywhere.
  const hasty: Gate = { ...gate, synced: true, interrupts: gateLimits.interrupts };
  const published = gate.phase === 'broken' ? yield* publish(hasty) : gate;
  const released = published.phase === 'draining' ? yield* giveUpDraining({ ...published, keeping: 0 }) : published;
  return released.phase === 'writing' ? yield* finish(released) : released;
}

/** It is the only version of what the editor wrote: one refusal is not taken for the last word. */
function* exchangeOrAgain(slot: Slot): Reaction<Displaced> {
  try {
    return yield* call('exchange', slot);
  } catch {
    return yield* call('exchange', slot);
  }
}

function* finish(gate: Gate): Reaction<Gate> {
  // The editor has looked at what another program has put there since, and takes it for its own.
  if (!(yield* isThere(gate.path))) yield* call('restamp');
  return yield* end(gate, { kind: 'published', counts: gate.counts });
}

function* isThere(slot: Slot): Reaction<boolean> {
  try {
    return yield* call('isAtPath', slot);
  } catch {
    return false;
  }
}

function* withdraw(gate: Gate, why: WithdrawnWhy, thrown?: unknown): Reaction<Gate> {
  const error = thrown === undefined ? {} : { error: describeError(thrown) };
  // Nobody is to write an inode off the path and nothing be left of it, be it the editor on an older bait.
  const { counts } = yield* leaveBaits(
    gate.counts.publishes === 0 ? yield* reopen({ ...gate, broken: undefined }) : gate,
  );
  return yield* end(gate, { kind: 'withdrawn', why, counts, ...error });
}

function* refuse(gate: Gate, why: RefusedWhy, thrown?: unknown): Reaction<Gate> {
  const error = thrown === undefined ? {} : { error: describeError(thrown) };
  return yield* end(gate, { kind: 'refused', why, ...error });
}

function* end(gate: Gate, outcome: Outcome): Reaction<Gate> {
  yield* call('end', outcome);
  return { ...gate, phase: 'ended' };
}

/** Why the editor has not come to the bait. */
function notWritten(why: EndReason): WithdrawnWhy {
  switch (why) {
    case 'saved':
      // It has written something else: another program had just replaced the file.
      return 'passedBy';
    case 'givenUp':
      return 'notWritten';
    default:
      return 'stopped';
  }
}

/** What came out of the path is what we know to have been there, as we know it. */
function isExpected(gate: Gate, displaced: Displaced): boolean {
  return displaced.slot === gate.path && !displaced.touched;
}

function isDirty({ baits }: Gate, slot: Slot | undefined): boolean {
  return baits.some((bait) => bait.slot === slot && bait.dirty);
}

function soil(gate: Gate, slot: Slot): Gate {
  return { ...gate, baits: gate.baits.map((bait) => (bait.slot === slot ? { slot, dirty: true } : bait)) };
}
