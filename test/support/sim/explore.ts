/** Every interleaving of a setup, or random ones. */
import type { TimerName } from '../../../src/core/gate/operations';
import { deathMoves, editorMoves, readerMoves, writerMoves } from './actors';
import { check, checkRest } from './checks';
import { Violation } from './kernel';
import { jobMoves, keeperMoves, type Move, type React, Reactor, type Rules, ticks } from './keeperMoves';
import { begin, copy, forgetKeys, keyOf, type Setup, type World } from './world';

/** Those that may pass although somebody could go on, and those that are longer than that. */
const DEADLINES: readonly TimerName[] = ['expect', 'expire', 'hold', 'drain'];
const LAST: readonly TimerName[] = ['close'];

/** All that can happen next. */
export function movesOf(world: World, rules: Rules): readonly Move[] {
  const { setup } = rules;
  const keepers = world.keepers.map((_keeper, index) => index);
  const moves = [
    ...keepers.flatMap((index) => keeperMoves(world, index, rules)),
    ...jobMoves(world, setup),
    ...world.editors.flatMap((_editor, index) => editorMoves(world, index, setup)),
    ...world.readers.flatMap((_reader, index) => readerMoves(world, index, setup)),
    ...world.writers.flatMap((_writer, index) => writerMoves(world, index, setup)),
  ];
  // An `open` that nothing holds takes less time than the shortest pause.
  const opening =
    world.readers.some(({ stage }) => stage === 'count' || stage === 'report' || stage === 'show') ||
    [...world.editors, ...world.writers].some(({ stage }) => stage === 'break' || stage === 'enter');
  const soon: readonly TimerName[] = setup.expects === 'any' ? ['search', 'look', 'expect'] : ['search', 'look'];
  const searches = setup.hasty || !opening ? keepers.flatMap((index) => ticks(world, index, soon, rules)) : [];
  const asking = searches.length > 0 && world.keepers.some(({ gate }) => gate.phase !== 'draining');
  const late =
    setup.hasty || (moves.length === 0 && !asking)
      ? keepers.flatMap((index) => ticks(world, index, DEADLINES, rules))
      : [];
  const last = moves.length === 0 && !asking ? keepers.flatMap((index) => ticks(world, index, LAST, rules)) : [];
  return [...moves, ...searches, ...late, ...last, ...deathMoves(world)];
}

export interface Counterexample {
  readonly rule: string;
  readonly detail: string;
  readonly trace: readonly string[];
}

export interface Explored {
  readonly states: number;
  readonly transitions: number;
  /** How the saves ended, and how often. */
  readonly outcomes: ReadonlyMap<string, number>;
  /** Not all was seen. */
  readonly cut: boolean;
  readonly violation: Counterexample | undefined;
}

export interface Bounds {
  readonly states?: number;
  /** How often one who could go on is made to wait for another. */
  readonly preemptions?: number;
}

/** How a state was reached. */
interface Trail {
  readonly parent: Trail | undefined;
  readonly who: string;
  readonly what: Move['what'];
}

interface Node {
  readonly world: World;
  readonly trail: Trail | undefined;
  /** With bounded preemptions only. */
  readonly last: string;
  readonly preemptions: number;
}

/** Breadth first, so that the first violation has the shortest trace. */
export function explore(setup: Setup, react: React, bounds: Bounds = {}): Explored {
  const rules: Rules = { setup, reactor: new Reactor(react) };
  forgetKeys();
  const limit = bounds.states ?? Infinity;
  const bounded = bounds.preemptions !== undefined;
  const seen = new Set<string>();
  const distinct = new Set<string>();
  const outcomes = new Map<string, number>();
  let transitions = 0;
  let level: Node[] = [{ world: begin(setup), trail: undefined, last: '', preemptions: 0 }];
  const result = (node?: Node, thrown?: Violation): Explored => ({
    states: bounded ? distinct.size : seen.size,
    transitions,
    outcomes,
    cut: seen.size >= limit,
    violation: node && thrown ? { rule: thrown.rule, detail: thrown.message, trace: traceOf(node.trail) } : undefined,
  });
  while (level.length > 0 && seen.size < limit) {
    const next: Node[] = [];
    for (const node of level) {
      const moves = movesOf(node.world, rules);
      if (moves.length === 0) {
        try {
          checkRest(node.world, setup);
        } catch (thrown) {
          if (thrown instanceof Violation) return result(node, thrown);
          throw thrown;
        }
        const outcome = outcomeOf(node.world);
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      }
      const goesOn = bounded && moves.some((move) => move.who === node.last);
      for (const move of moves) {
        const preemptions = node.preemptions + (goesOn && move.who !== node.last ? 1 : 0);
        if (bounded && preemptions > (bounds.preemptions ?? 0)) continue;
        transitions++;
        const world = copy(node.world);
        const trail = { parent: node.trail, who: move.who, what: move.what };
        const child = { world, trail, last: move.who, preemptions };
        try {
          move.make(world);
          check(world, setup);
        } catch (thrown) {
          if (thrown instanceof Violation) return result(child, thrown);
          throw new Error(traceOf(trail).join('\n'), { cause: thrown });
        }
        const state = keyOf(world);
        const key = bounded ? `${state} ${move.who} ${preemptions}` : state;
        if (seen.has(key)) continue;
        seen.add(key);
        if (bounded) distinct.add(state);
        next.push(child);
      }
    }
    level = next;
  }
  return result();
}

function traceOf(trail: Trail | undefined): readonly string[] {
  const labels: string[] = [];
  for (let at = trail; at; at = at.parent) labels.push(labelOf(at));
  return labels.reverse();
}

function labelOf({ who, what }: Pick<Move, 'who' | 'what'>): string {
  return `${who}: ${typeof what === 'string' ? what : what()}`;
}

function outcomeOf(world: World): string {
  return world.keepers
    .map(({ ended, alive }) => {
      if (!alive) return 'dead';
      if (!ended) return 'none';
      return ended.kind === 'published' ? `published ${ended.counts.publishes}` : `${ended.kind} ${ended.why}`;
    })
    .join(' + ');
}

/** One run, chosen by the numbers given. */
export function run(setup: Setup, react: React | Reactor, random: () => number): Counterexample | undefined {
  const rules: Rules = { setup, reactor: react instanceof Reactor ? react : new Reactor(react) };
  const world = begin(setup);
  const trace: string[] = [];
  try {
    for (;;) {
      const moves = movesOf(world, rules);
      const move = moves[Math.floor(random() * moves.length)];
      if (!move) break;
      trace.push(labelOf(move));
      move.make(world);
      check(world, setup);
    }
    checkRest(world, setup);
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof Violation)) throw new Error(trace.join('\n'), { cause: thrown });
    return { rule: thrown.rule, detail: thrown.message, trace };
  }
}
