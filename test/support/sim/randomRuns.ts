/** Random runs of random worlds: one seed, one run. */
import { pick, randomFrom } from '../random';
import { type Counterexample, run } from './explore';
import { type React, Reactor } from './keeperMoves';
import { plainSetup, type Save, type Setup, type WriterKind } from './world';
import { changed, failing, shortened } from './worlds';

const plain: Save = { staged: ['n1', 'n2'], writes: ['n1', 'n2'] };
const writers: readonly WriterKind[] = ['append', 'nonblocking', 'rewrite', 'recreate', 'rename'];

/** More people and more mishaps than can be explored to the end. */
export function randomSetup(random: () => number): Setup {
  const several = <T>(items: readonly T[], most: number): readonly T[] =>
    Array.from({ length: Math.floor(random() * (most + 1)) }, () => pick(random, items));
  const sometimes = (most: number): number => (random() < 0.3 ? 1 + Math.floor(random() * most) : 0);
  return {
    ...plainSetup,
    saves: [pick(random, [plain, plain, plain, changed, shortened, failing])],
    readers: several(['free', 'holder', 'stays'], 3),
    // Two that rewrite it tear each other's version.
    writers: random() < 0.5 ? several(writers, 1) : several(['append', 'nonblocking'], 2),
    left: {
      signals: sometimes(2),
      deaths: sometimes(1),
      stops: sometimes(1),
      losses: sometimes(2),
      faults: sometimes(1),
    },
    hasty: random() < 0.3,
    expects: pick(random, ['prompt', 'late', 'any']),
    synced: random() < 0.5,
    probe: random() < 0.8,
    interrupts: random() < 0.8,
    coarse: random() < 0.3,
    why: pick(random, ['stop', 'stop', 'superseded']),
  };
}

export interface Found extends Counterexample {
  readonly seed: number;
  readonly setup: Setup;
}

/** As many runs as that, from this seed on; the first that breaks a rule. */
export function runRandomly(react: React, seed: number, runs: number): Found | undefined {
  const reactor = new Reactor(react);
  for (let at = seed; at < seed + runs; at++) {
    const random = randomFrom(at);
    const setup = randomSetup(random);
    const found = run(setup, reactor, random);
    if (found) return { ...found, seed: at, setup };
  }
  return undefined;
}
