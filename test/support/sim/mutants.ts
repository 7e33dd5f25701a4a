/** Protocols with one mistake each. Every one of them has to be caught. */
import type { Gate } from '../../../src/core/gate/gate';
import { react } from '../../../src/core/gate/gate';
import type { Call, GateEvent, OperationName, Reaction } from '../../../src/core/gate/operations';
import type { React } from './keeperMoves';
import { EDITOR } from './world';

export interface Mutant {
  readonly name: string;
  readonly react: React;
}

/** What a mutant makes of a call: leaves it out and gives this answer, or makes others in its place. */
type Twist = { readonly answer: unknown } | { readonly first: readonly Call[] } | { readonly twice: true } | undefined;

interface Circumstances {
  readonly gate: Gate;
  readonly event: GateEvent;
  /** The names of the calls before, in this reaction. */
  readonly before: readonly OperationName[];
}

function* twisted(
  reaction: Reaction<Gate>,
  circumstances: Omit<Circumstances, 'before'>,
  twist: (call: Call, circumstances: Circumstances) => Twist,
): Reaction<Gate> {
  const before: OperationName[] = [];
  let step = reaction.next();
  while (!step.done) {
    const asked = step.value;
    const made = twist(asked, { ...circumstances, before });
    before.push(asked.name);
    if (made && 'answer' in made) {
      step = reaction.next(made.answer);
      continue;
    }
    try {
      if (made && 'first' in made) for (const other of made.first) yield other;
      if (made && 'twice' in made) yield asked;
      step = reaction.next(yield asked);
    } catch (thrown) {
      step = reaction.throw(thrown);
    }
  }
  return step.value;
}

function calls(name: string, twist: (call: Call, circumstances: Circumstances) => Twist): Mutant {
  return { name, react: (gate, event) => twisted(react(gate, event), { gate, event }, twist) };
}

function skips(name: string, operation: OperationName, answer?: unknown): Mutant {
  return calls(name, (call) => (call.name === operation ? { answer } : undefined));
}

function gates(name: string, change: (gate: Gate, event: GateEvent) => Gate): Mutant {
  return { name, react: (gate, event) => react(change(gate, event), event) };
}

export const mutants: readonly Mutant[] = [
  calls('does not lease the staged inode', ({ name }, { event }) =>
    name === 'lease' && event.is === 'started' ? { answer: undefined } : undefined,
  ),
  skips('believes that nobody is on the target', 'probe', 'free'),
  skips('does not look who came while it published', 'glance', []),
  gates('forgets who opened the bait', (gate) => ({
    ...gate,
    baits: gate.baits.map((bait) => ({ ...bait, dirty: false })),
  })),
  skips('does not search for readers', 'search', 0),
  gates('lets others in while the editor is expected', (gate) => ({ ...gate, expecting: false })),
  skips('lets the editor go together with another program', 'interrupt', false),
  calls('publishes whoever waits', ({ name }, { event }) =>
    name === 'waiting' && event.is === 'broken' ? { answer: [EDITOR] } : undefined,
  ),
  calls('lets go before it publishes', ({ name }, { event }) =>
    name === 'exchange' && event.is === 'broken' ? { first: [{ name: 'letGo', args: [event.slot] }] } : undefined,
  ),
  calls('gives the lease up to renew it', ({ name, args }, { before }) =>
    name === 'lease' && before.includes('waiting') ? { first: [{ name: 'letGo', args: [args[0]] }] } : undefined,
  ),
  skips('does not compare', 'compare', 'equal'),
  skips('publishes what may be cut off', 'mayBeUnfinished', false),
  calls('publishes a mere beginning', ({ name, args }, { event }) => {
    if (event.is !== 'closed') return undefined;
    if (name === 'mayBeUnfinished') return { answer: false };
    return name === 'compare' && args[0] === 0 ? { answer: 'other' } : undefined;
  }),
  calls('compares while somebody writes', ({ name }, { event }) =>
    name === 'lease' && event.is === 'closed' ? { answer: undefined } : undefined,
  ),
  skips('does not take an exchange back', 'takeBack', true),
  skips('keeps nothing', 'keep'),
  calls('takes what comes out of the path for its own', ({ name }, { event, before }) =>
    name === 'keep' && before.includes('exchange') && event.is !== 'tick' ? { answer: undefined } : undefined,
  ),
  calls('drops a retired bait at once', ({ name, args }, { gate, before }) =>
    name === 'timer' && args[0] === 'drain' && before.includes('exchange')
      ? {
          first: gate.baits
            .filter(({ slot }) => slot !== gate.broken)
            .map(({ slot }) => ({ name: 'drop', args: [slot] })),
        }
      : undefined,
  ),
  {
    name: 'leaves a retired bait without a lease',
    *react(gate, event) {
      const after = yield* react(gate, event);
      if (after.counts.retired > gate.counts.retired) yield { name: 'letGo', args: [gate.path] };
      return after;
    },
  },
  {
    name: 'answers before it is armed',
    *react(gate, event) {
      if (event.is === 'started') yield { name: 'answer', args: [] };
      return yield* twisted(react(gate, event), { gate, event }, ({ name }) =>
        name === 'answer' ? { answer: undefined } : undefined,
      );
    },
  },
  calls('does not take a broken lease again', ({ name }, { event }) =>
    name === 'lease' && event.is === 'broken' ? { answer: undefined } : undefined,
  ),
  calls('sets no deadline when armed', ({ name, args }) =>
    name === 'timer' && args[0] === 'expire' ? { answer: undefined } : undefined,
  ),
  calls('sets no deadline for the editor to close', ({ name, args }) =>
    name === 'timer' && args[0] === 'close' ? { answer: undefined } : undefined,
  ),
  calls('ends twice', ({ name }) => (name === 'end' ? { twice: true } : undefined)),
  calls('answers twice', ({ name }) => (name === 'answer' ? { twice: true } : undefined)),
  gates('takes any clone', (gate, event) => (event.is === 'cloned' ? { ...gate, cloning: event.slot } : gate)),
  {
    name: 'does not see another file at the path',
    *react(gate, event) {
      return event.is === 'moved' ? gate : yield* react(gate, event);
    },
  },
  skips('leaves another program’s time as it is', 'restamp'),
  gates('forgets that the editor may not know what it overwrites', (gate) => ({ ...gate, unseen: false })),
  calls('does not hold others up while the editor writes', ({ name, args }, { gate, event }) =>
    name === 'timer' && args[0] === 'hold' && event.is === 'broken' && gate.phase === 'writing'
      ? { first: [{ name: 'letGo', args: [gate.staged] }] }
      : undefined,
  ),
  gates('forgets whom it has let in', (gate) => (gate.phase === 'yielded' ? gate : { ...gate, admitted: [] })),
  {
    name: 'does not care for lost events',
    *react(gate, event) {
      return event.is === 'lost' ? gate : yield* react(gate, event);
    },
  },
  calls('brings no retired bait back', ({ name }, { event, before }) =>
    name === 'exchange' && (event.is === 'broken' || event.is === 'tick') && before.at(-1) === 'waiting'
      ? { answer: { slot: 'foreign', touched: true } }
      : undefined,
  ),
  calls('lets go of an open that has started again', ({ name }, { event, gate }) =>
    name === 'restage' && event.is === 'broken' && gate.phase !== 'ended'
      ? { first: [{ name: 'letGo', args: [event.slot] }] }
      : undefined,
  ),
];

/** Where each of them is caught, and by what. */
export const caught: Readonly<Record<string, readonly [world: string, rule: string]>> = {
  'does not lease the staged inode': ['a signal', 'truncated at the path'],
  'believes that nobody is on the target': ['nobody else', 'truncated at the path'],
  'does not look who came while it published': ['a reader', 'held bytes changed'],
  'forgets who opened the bait': ['a reader', 'held bytes changed'],
  'does not search for readers': ['a reader', 'held bytes changed'],
  'publishes whoever waits': ['append', 'a conflict is hidden'],
  'lets go before it publishes': ['nobody else', 'truncated at the path'],
  'gives the lease up to renew it': ['nonblocking', 'truncated at the path'],
  'does not compare': ['a reader, another text', 'not what the editor wrote'],
  'publishes what may be cut off': ['a full disk, another text', 'torn at the path'],
  'publishes a mere beginning': ['a full disk', 'torn at the path'],
  'compares while somebody writes': ['append', 'truncated at the path'],
  'does not take an exchange back': ['a holder and a rename', 'what another program wrote is lost'],
  'keeps nothing': ['append', 'what another program wrote is lost'],
  'takes what comes out of the path for its own': ['recreate', 'what another program wrote is lost'],
  'drops a retired bait at once': ['nobody else', 'an operation on what is not taken'],
  'leaves a retired bait without a lease': ['a reader', 'held bytes changed'],
  'answers before it is armed': ['nobody else', 'truncated at the path'],
  'does not take a broken lease again': ['two signals', 'truncated at the path'],
  'sets no deadline when armed': ['nobody else', 'a state without a deadline'],
  'sets no deadline for the editor to close': ['a full disk', 'a state without a deadline'],
  'ends twice': ['nobody else', 'an operation after the end'],
  'answers twice': ['nobody else', 'answered twice'],
  'takes any clone': ['a reader and an append, late', 'a conflict is hidden'],
  'does not see another file at the path': ['rename', 'truncated at the path'],
  'leaves another program’s time as it is': ['rename', 'taken for what was saved'],
  'forgets that the editor may not know what it overwrites': ['append, late', 'what another program wrote is lost'],
  'does not hold others up while the editor writes': ['append, another text', 'what another program wrote is lost'],
  'forgets whom it has let in': ['append, a shorter text', 'what another program wrote is lost'],
  'does not care for lost events': ['a reader, events lost', 'held bytes changed'],
  'lets others in while the editor is expected': ['append', 'what another program wrote is lost'],
  'lets the editor go together with another program': ['append', 'what another program wrote is lost'],
  'brings no retired bait back': ['append, at any time', 'a conflict is hidden'],
  'lets go of an open that has started again': ['a signal', 'truncated at the path'],
};
