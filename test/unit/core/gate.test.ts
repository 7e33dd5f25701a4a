import assert from 'node:assert/strict';

import { describeError, SystemError } from '../../../src/core/errors';
import { type Gate, newGate, react, STAGED } from '../../../src/core/gate/gate';
import type { Call, GateEvent } from '../../../src/core/gate/operations';

const EDITOR = 1;

/** A bait that a reader has taken is off the path, and the editor waits there. */
const onOlderBait: Gate = {
  ...newGate(EDITOR, false),
  phase: 'broken',
  path: 2,
  broken: 0,
  baits: [
    { slot: 0, dirty: true },
    { slot: 2, dirty: false },
  ],
};

/** What is asked for, in a world where somebody waits at the older bait. */
function asked(
  gate: Gate,
  event: GateEvent,
  fails: (call: Call) => boolean,
  displaced: unknown,
  isBroken = true,
  waiting: readonly number[] = [],
): readonly string[] {
  const reaction = react(gate, event);
  const calls: string[] = [];
  const answers: Readonly<Record<string, unknown>> = { isBroken, waiting, exchange: displaced };
  let step = reaction.next();
  while (!step.done) {
    const call = step.value;
    calls.push(`${call.name} ${call.args.map((value) => (typeof value === 'object' ? value.kind : value)).join()}`);
    const isHeld = call.name === 'lease' && call.args[0] === 0;
    if (isHeld || fails(call)) step = reaction.throw(new SystemError('call', '', 'EAGAIN'));
    else step = reaction.next(answers[call.name]);
  }
  return calls;
}

describe('a gate that cannot publish', () => {
  const cannotPublish = ({ name, args }: Call): boolean => name === 'exchange' && args[0] === STAGED;

  it('puts an older bait back to the path if the editor waits there: it writes that', () => {
    const calls = asked(onOlderBait, { is: 'synced', slot: STAGED }, cannotPublish, { slot: 2, touched: false });
    assert.deepEqual(calls, [
      'tellOpens 0,true',
      'exchange 1',
      'lease 0',
      'exchange 0',
      'lease 2',
      'drop 2',
      'end withdrawn',
    ]);
  });

  it('keeps what is written to an older bait if that cannot be put back', () => {
    const calls = asked(onOlderBait, { is: 'synced', slot: STAGED }, ({ name }) => name === 'exchange', undefined);
    assert.deepEqual(calls, [
      'tellOpens 0,true',
      'exchange 1',
      'lease 0',
      'exchange 0',
      'lease 0',
      'letGo 0',
      'keep 0',
      'end withdrawn',
    ]);
  });
});

describe('a gate whose editor has saved elsewhere', () => {
  it('publishes nothing over it, and keeps what others write to where it waited', () => {
    const calls = asked(onOlderBait, { is: 'over', why: 'saved' }, () => false, { slot: 2, touched: true });
    assert.deepEqual(calls, ['lease 0', 'exchange 0', 'takeBack 0', 'lease 0', 'letGo 0', 'keep 0', 'end withdrawn']);
  });
});

describe('a gate whose clone has come', () => {
  const armed: Gate = {
    ...newGate(EDITOR, true),
    phase: 'armed',
    baits: [{ slot: 0, dirty: true }],
    cloning: 2,
    nextSlot: 3,
  };
  const comes = (gate: Gate, isBroken: boolean): readonly string[] =>
    asked(gate, { is: 'cloned', slot: 2 }, ({ name }) => name === 'exchange', undefined, isBroken);

  it('leaves the bait at the path if somebody waits there already: who is let go by our death writes at the path', () => {
    assert.deepEqual(comes(armed, true), ['take 2', 'lease 2', 'isBroken 0', 'drop 2', 'tellOpens 0,true']);
    assert.ok(comes(armed, false).includes('isAtPath 0'));
  });

  it('puts it there for the editor if another program waits, which was put off', () => {
    assert.ok(comes({ ...armed, puttingOff: true }, true).includes('isAtPath 0'));
  });
});

describe('opens of a bait', () => {
  const armed: Gate = { ...newGate(EDITOR, true), phase: 'armed', baits: [{ slot: 0, dirty: false }] };
  const opened: GateEvent = { is: 'opened', slot: 0 };

  it('are not told after the first one: a program that opens it without end would keep us busy', () => {
    assert.deepEqual(
      asked(armed, opened, () => false, undefined),
      ['tellOpens 0,false', 'clone 0,2'],
    );
  });

  it('are told again when nothing comes of the clone, whatever the reason: the next one asks for another', () => {
    const waiting: Gate = { ...armed, baits: [{ slot: 0, dirty: true }], cloning: 2, nextSlot: 3 };
    const cloned: GateEvent = { is: 'cloned', slot: 2 };
    const failures: readonly (readonly [string, readonly string[]])[] = [
      [
        'none',
        asked(waiting, { is: 'notCloned', error: describeError(new Error('x')) }, () => false, undefined, false),
      ],
      ['somebody waits', asked(waiting, cloned, () => false, undefined, true)],
      ['no lease', asked(waiting, cloned, ({ name, args }) => name === 'lease' && args[0] === 2, undefined, false)],
      ['no exchange', asked(waiting, cloned, ({ name }) => name === 'exchange', undefined, false)],
      // `isAtPath` is answered by nothing.
      ['another file at the path', asked(waiting, cloned, () => false, undefined, false)],
    ];
    for (const [why, calls] of failures) assert.equal(calls.at(-1), 'tellOpens 0,true', `${why}: ${calls.join('; ')}`);
  });
});

describe('a gate that holds the editor', () => {
  const draining: Gate = {
    ...newGate(EDITOR, true),
    phase: 'draining',
    path: STAGED,
    broken: 0,
    baits: [{ slot: 0, dirty: true }],
    counts: { ...newGate(EDITOR, true).counts, publishes: 1 },
  };

  it('keeps what the editor may not know before it is displaced, and only when it comes', () => {
    const armed: Gate = { ...newGate(EDITOR, true, true), phase: 'armed', baits: [{ slot: 0, dirty: false }] };
    const calls = asked(armed, { is: 'broken', slot: 0 }, () => false, undefined, false, [EDITOR]);
    assert.deepEqual(calls, ['waiting 0', 'timer hold,450', 'keep 0']);
    const refused = asked(armed, { is: 'over', why: 'givenUp' }, () => false, undefined);
    assert.ok(!refused.some((call) => call.startsWith('keep')), refused.join('; '));
  });

  it('has one time for that, however often its open begins again', () => {
    const begun = asked(draining, { is: 'broken', slot: STAGED }, () => false, undefined, false, [EDITOR]);
    assert.deepEqual(begun, ['waiting 1', 'restage 2']);
    const later = asked(
      { ...draining, phase: 'writing' },
      { is: 'broken', slot: STAGED },
      () => false,
      undefined,
      false,
      [EDITOR],
    );
    assert.deepEqual(later, ['waiting 1', 'timer hold,450', 'restage 2']);
  });

  it('keeps what another program writes where it waited, when it has saved elsewhere', () => {
    const calls = asked(draining, { is: 'over', why: 'saved' }, () => false, undefined);
    assert.deepEqual(calls, ['restamp ', 'lease 0', 'letGo 0', 'keep 0', 'end withdrawn']);
  });
});
