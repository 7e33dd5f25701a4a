import assert from 'node:assert/strict';

import { assess } from '../../../src/core/detach';
import { describeError, SystemError } from '../../../src/core/errors';
import type { EndReason, Outcome } from '../../../src/core/gate/operations';
import {
  newVeto,
  reactToVeto,
  type Veto,
  type VetoEvent,
  type VetoOperations,
  type VetoTimer,
} from '../../../src/core/gate/veto';
import { reportOf } from '../../../src/core/gateReport';
import { report } from '../../../src/core/level';
import { statusView, vetoedMessage } from '../../../src/core/status';
import { english } from '../../../src/core/text';
import {
  decideVeto,
  missingRoom,
  surelyNoRoom,
  vetoMeans,
  type DiskRoom,
  type VetoFacts,
} from '../../../src/core/veto';
import type { TargetFacts } from '../../../src/core/ports';
import { FakeTargets, type FakeOptions } from '../../support/fakes/targets';

const because = describeError(new SystemError('write', '/somewhere/run.sh', 'ENOSPC'));
const room = { needed: 5_000_000, free: 4096 };
const full: DiskRoom = { free: 0n, block: 4096n, exact: true };
const gate: TargetFacts['gate'] = { gate: true, probe: true };

describe('whether a save is vetoed', () => {
  const able: VetoFacts = {
    leases: true,
    interruptible: true,
    editorOwns: true,
    editorOverrides: false,
    bitsAreLost: false,
    mayMakeImmutable: false,
    hasAttributes: false,
  };

  it('is by the owner’s permission, or by the attribute where permissions do not bind the editor', () => {
    const rows: readonly [Partial<VetoFacts>, string][] = [
      [{}, 'writeBit'],
      [{ mayMakeImmutable: true, hasAttributes: true }, 'writeBit'],
      [{ editorOverrides: true, mayMakeImmutable: true, hasAttributes: true }, 'immutable'],
      [{ editorOwns: false, mayMakeImmutable: true, hasAttributes: true }, 'immutable'],
      [{ bitsAreLost: true, mayMakeImmutable: true, hasAttributes: true }, 'immutable'],
      [{ editorOverrides: true, mayMakeImmutable: true }, 'attribute'],
      [{ editorOverrides: true }, 'privileged'],
      [{ editorOwns: false }, 'otherUser'],
      [{ leases: false }, 'leases'],
      [{ interruptible: false, mayMakeImmutable: true, hasAttributes: true }, 'editor'],
    ];
    for (const [facts, wanted] of rows) {
      const means = vetoMeans({ ...able, ...facts });
      assert.equal(means.by === 'none' ? means.why : means.by, wanted, JSON.stringify(facts));
    }
  });

  function target(options: FakeOptions): NonNullable<ReturnType<FakeTargets['open']>> {
    const opened = new FakeTargets(options).open('/somewhere/run.sh');
    assert.ok(opened);
    return opened;
  }

  it('counts in whole blocks, and believes no file system that does not count', () => {
    assert.deepEqual(missingRoom({ free: 4096n, block: 4096n, exact: true }, 4097n), { needed: 8192, free: 4096 });
    assert.equal(missingRoom({ free: 4096n, block: 4096n, exact: true }, 4096n), undefined);
    assert.equal(missingRoom(undefined, 1n << 60n), undefined);
  });

  it('is so only where the old version is endangered, and there was no room', () => {
    const able = { facts: { gate }, room: full, vetoMeans: { by: 'writeBit' } } as const;
    const found = report('noRoom', { error: because });
    assert.deepEqual(decideVeto(target(able), found, 5000n), {
      is: 'stop',
      by: 'writeBit',
      room: { needed: 8192, free: 0 },
    });
    const roomy = { ...full, free: 1n << 30n };
    assert.equal(decideVeto(target({ ...able, room: roomy }), found, 5000n).is, 'stop', 'its bytes were refused');
    const others: readonly [FakeOptions, typeof found][] = [
      [{ ...able, facts: { gate, size: 0n } }, found],
      [{ ...able, facts: { gate, kind: 'other' } }, found],
      [{ ...able, facts: { gate, sealed: true } }, found],
      [able, report('gated')],
      [able, report('tooSlow')],
      [{ ...able, room: roomy }, report('noRoom', { error: { ...because, operation: 'open' } })],
      // A record of ours, on another disk.
      [{ ...able, room: roomy }, report('noRoom', { error: { ...because, path: '1-2-3.owner' } })],
    ];
    for (const [options, reached] of others) {
      assert.deepEqual(decideVeto(target(options), reached, 5000n), { is: 'leave', report: reached });
    }
  });

  it('says why it is not, where the editor cannot be stopped', () => {
    const decided = decideVeto(
      target({ room: full, vetoMeans: { by: 'none', why: 'privileged' } }),
      report('noRoom', { error: because }),
      undefined,
    );
    assert.ok(decided.is === 'leave');
    const { reason, unstoppable, error } = decided.report;
    assert.deepEqual([reason, unstoppable, error], ['noRoom', 'privileged', because]);
    assert.deepEqual(decided.report.room, { needed: 4096, free: 0 });
  });

  it('is foreseen, and so is that it is not to be had', () => {
    const look = (options: FakeOptions): ReturnType<typeof report> =>
      assess(new FakeTargets({ facts: { gate }, room: full, ...options }), '/somewhere/run.sh');
    assert.equal(look({ vetoMeans: { by: 'immutable' } }).reason, 'vetoed');
    const without = look({ vetoMeans: { by: 'none', why: 'attribute' } });
    assert.deepEqual([without.reason, without.unstoppable], ['noRoom', 'attribute']);
    const view = statusView({ name: 'run.sh', report: without, when: 'foreseen' });
    assert.match(
      english(view.tooltip),
      /^run\.sh: a save may destroy the file, because .* \(4\.1 kB needed, 0 bytes free\)/,
    );
    assert.ok(view.warning);
    assert.equal(look({ room: { ...full, free: 1n << 30n } }).reason, 'gated');
    assert.equal(look({ facts: { gate, size: 0n } }).reason, 'gated');
  });

  it('is known before the disk is filled only where the file system counts what it will take', () => {
    assert.equal(surelyNoRoom(target({ room: full }), 1)?.reason, 'noRoom');
    assert.equal(surelyNoRoom(target({ room: { ...full, exact: false } }), 1), undefined);
    assert.equal(surelyNoRoom(target({}), 1), undefined);
    assert.equal(surelyNoRoom(target({ room: full, facts: { size: 0n } }), 1), undefined);
  });

  it('is told with the true reason', () => {
    const vetoed: Outcome = { kind: 'withdrawn', why: 'vetoed', error: because, room, counts: counts() };
    const reached = reportOf(vetoed, []);
    assert.deepEqual([reached.level, reached.reason, reached.error], ['none', 'vetoed', because]);
    const sentence = english(vetoedMessage('run.sh', reached));
    assert.match(
      sentence,
      /^run\.sh was not saved, because .* \(5\.0 MB needed, 4\.1 kB free\)\. The file is as it was/,
    );
    const quota = { ...reached, error: { ...because, errno: 'EDQUOT' } };
    assert.match(english(vetoedMessage('run.sh', quota)), /because your quota leaves no room/);
    assert.equal(reportOf({ ...vetoed, why: 'failed' }, []).reason, 'noRoom');
  });
});

function counts(): Extract<Outcome, { kind: 'withdrawn' }>['counts'] {
  return { publishes: 0, retired: 0, residual: 0, raced: 0, kept: 0 };
}

const EDITOR = 7;
const OTHER = 8;

/**
 * - `again`: a signal has taken it out of its wait, and its `open` is about to begin again.
 * - `refused`: its `open` has failed; nothing was changed.
 */
type Opener = 'away' | 'waits' | 'again' | 'refused' | 'writes' | 'done';

/** One file in the kernel, one editor, another program that no permission binds: plain data. */
interface World {
  readonly veto: Veto;
  readonly leased: boolean;
  readonly isProtected: boolean;
  readonly editor: Opener;
  readonly other: Opener;
  readonly events: readonly ('broken' | 'closed')[];
  readonly timers: readonly VetoTimer[];
  readonly outcome: Outcome | undefined;
  /** The time for holding the editor was over, or we were told to stop: from then on nothing is promised. */
  readonly excused: boolean;
  /** How often a signal that is not ours has come, or a timer has run: the world would go round for ever. */
  readonly rounds: number;
}

const first: World = {
  veto: newVeto(EDITOR, because, room),
  leased: false,
  isProtected: false,
  editor: 'away',
  other: 'away',
  events: [],
  timers: [],
  outcome: undefined,
  excused: false,
  rounds: 0,
};

/** What this world does not do as it should, to see whether the search finds it. */
interface Rules {
  /** The lease is given up together with the protection. */
  readonly letsGoEarly?: boolean;
  /** Nobody is waited for who is in the middle of an `open`. */
  readonly settlesAtOnce?: boolean;
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** What the kernel does with who opens the file for writing. */
function opens(world: Mutable<World>, who: 'editor' | 'other'): void {
  if (who === 'editor' && world.isProtected) world.editor = 'refused';
  else if (world.leased) {
    world[who] = 'waits';
    world.events = [...world.events, 'broken'];
  } else world[who] = 'writes';
}

function reacted(before: World, event: VetoEvent, rules: Rules): World {
  const world: Mutable<World> = { ...before };
  const letGo = (): void => {
    world.leased = false;
    for (const who of ['editor', 'other'] as const) if (world[who] === 'waits') world[who] = 'writes';
  };
  const system: VetoOperations = {
    take: () => undefined,
    lease: () => {
      const isBusy = [world.editor, world.other].some((one) => one === 'writes' || one === 'waits');
      if (isBusy) throw new SystemError('lease', '', 'EAGAIN');
      world.leased = true;
    },
    isAtPath: () => true,
    isStillThere: () => true,
    protect: () => {
      world.isProtected = true;
    },
    unprotect: () => {
      world.isProtected = false;
      if (rules.letsGoEarly) letGo();
    },
    waiting: () => [...(world.editor === 'waits' ? [EDITOR] : []), ...(world.other === 'waits' ? [OTHER] : [])],
    interrupt: () => {
      if (world.editor === 'waits') world.editor = 'again';
    },
    letGo,
    timer: (name) => {
      world.timers = [...new Set([...world.timers, name])].toSorted();
    },
    answer: () => undefined,
    end: (outcome) => {
      assert.equal(world.outcome, undefined, 'it ends once');
      world.outcome = outcome;
      world.isProtected = false;
      letGo();
    },
  };
  world.veto = reactToVeto(before.veto, event, system);
  return world;
}

/** Whatever can happen next. */
function next(world: World, rules: Rules): readonly World[] {
  const worlds: World[] = [];
  const happens = (change: (world: Mutable<World>) => void): void => {
    const now = { ...world };
    change(now);
    worlds.push(now);
  };
  for (const who of ['editor', 'other'] as const) {
    if (world[who] === 'away' || world[who] === 'again') {
      happens((now) => {
        opens(now, who);
      });
    }
    if (world[who] === 'writes') {
      happens((now) => {
        now[who] = 'done';
        now.events = [...now.events, 'closed'];
      });
    }
  }
  if (world.rounds < 3 && world.editor === 'waits') {
    happens((now) => {
      now.editor = 'again';
      now.rounds++;
    });
  }
  if (world.outcome) return worlds;
  const [event, ...rest] = world.events;
  if (event) worlds.push(reacted({ ...world, events: rest }, { is: event }, rules));
  for (const name of world.timers) {
    // It waits for whoever is in the middle of an `open`.
    if (name === 'settle' && world.editor === 'again' && !rules.settlesAtOnce) continue;
    if (world.rounds >= 6 && name === 'look') continue;
    const timers = world.timers.filter((other) => other !== name);
    const excused = world.excused || name === 'hold';
    worlds.push(reacted({ ...world, timers, excused, rounds: world.rounds + 1 }, { is: 'tick', name }, rules));
  }
  for (const why of ['saved', 'givenUp', 'superseded', 'stop'] as const satisfies readonly EndReason[]) {
    const excused = world.excused || why === 'stop';
    worlds.push(reacted({ ...world, excused }, { is: 'over', why }, rules));
  }
  return worlds;
}

/** Everything that can happen, from the beginning to the end of the veto. */
function explore(rules: Rules): ReadonlyMap<string, number> {
  const seen = new Set<string>();
  const ends = new Map<string, number>([['worlds', 0]]);
  const count = (what: string): void => {
    ends.set(what, (ends.get(what) ?? 0) + 1);
  };
  const open = [reacted(first, { is: 'started' }, rules)];
  for (let world = open.pop(); world; world = open.pop()) {
    const key = JSON.stringify(world);
    if (seen.has(key)) continue;
    seen.add(key);
    count('worlds');
    const { outcome, editor, other } = world;
    const otherWrote = other === 'writes' || other === 'done';
    if (outcome) {
      assert.equal(world.isProtected || world.leased, false, key);
      const why = outcome.kind === 'withdrawn' ? outcome.why : outcome.kind;
      count(why);
      if (why === 'vetoed') assert.ok(editor === 'refused' || otherWrote, `its open has failed: ${key}`);
      // What the editor does after the end is another save.
      continue;
    }
    const wrote = editor === 'writes' || editor === 'done';
    assert.ok(!wrote || otherWrote || world.excused, `it writes: ${key}`);
    if (world.isProtected) assert.equal(world.veto.phase, 'protected', key);
    open.push(...next(world, rules));
  }
  return ends;
}

describe('a veto, whatever comes first', () => {
  it('lets the editor change nothing, leaves nothing protected, and says what happened', () => {
    const ends = explore({});
    console.log(`      ${JSON.stringify(Object.fromEntries(ends))}`);
    assert.ok(['vetoed', 'otherWriter', 'notWritten', 'failed'].every((why) => ends.has(why)));
  });

  it('would be found to fail by this search', () => {
    for (const rules of [{ letsGoEarly: true }, { settlesAtOnce: true }]) {
      assert.throws(() => explore(rules), assert.AssertionError, JSON.stringify(rules));
    }
  });
});
