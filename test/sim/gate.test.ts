/**
 * The gate in a simulated kernel. `HOLDFAST_SIM` says how much: `check` (a few seconds), `test`, or `prove` (everything to its end, as `npm run prove -- sim` does).
 */
import assert from 'node:assert/strict';

import { react } from '../../src/core/gate/gate';
import { type Bounds, type Counterexample, explore, type Explored } from '../support/sim/explore';
import { caught, mutants } from '../support/sim/mutants';
import { runRandomly } from '../support/sim/randomRuns';
import { tell } from '../support/sim/told';
import type { Setup } from '../support/sim/world';
import { large, medium, small } from '../support/sim/worlds';

const size = process.env['HOLDFAST_SIM'] ?? 'check';
const proves = size === 'prove';
const all = { ...small, ...medium, ...large };

function told({ rule, detail, trace }: Counterexample): string {
  return `${rule} (${detail})\n  ${trace.join('\n  ')}`;
}

function holds(name: string, setup: Setup, bounds: Bounds): Explored {
  const began = performance.now();
  const explored = explore(setup, react, bounds);
  tell(began, { name, states: explored.states, transitions: explored.transitions });
  assert.equal(explored.violation && told(explored.violation), undefined);
  assert.equal(explored.cut, false, 'not explored to its end');
  return explored;
}

describe('every interleaving of one save', function () {
  this.timeout(proves ? 3_600_000 : 300_000);
  const few = { preemptions: 2 };
  for (const [name, setup] of Object.entries(small)) {
    // Like another one but for the text.
    const some = !proves && /, (another|a shorter) text/.test(name);
    it(`${name}${some ? ', at most 2 preemptions' : ''}`, () => void holds(name, setup, some ? few : {}));
  }
  if (size !== 'check') {
    for (const [name, setup] of Object.entries(medium)) {
      it(`${name}${proves ? '' : ', at most 2 preemptions'}`, () => void holds(name, setup, proves ? {} : few));
    }
  }
  const bounds = proves ? {} : { preemptions: 1 };
  for (const [name, setup] of Object.entries(large).slice(0, size === 'check' ? 1 : undefined)) {
    it(`${name}${proves ? '' : `, at most 1 preemption`}`, () => void holds(name, setup, bounds));
  }
});

describe('random saves', function () {
  this.timeout(600_000);
  it('keep every rule', () => {
    const seed = Number(process.env['HOLDFAST_SEED'] ?? 1);
    const runs = { check: 5_000, test: 20_000 }[size] ?? 100_000;
    const began = performance.now();
    const found = runRandomly(react, seed, runs);
    tell(began, { name: 'random worlds', runs, seed });
    assert.equal(found && `HOLDFAST_SEED=${found.seed} ${JSON.stringify(found.setup)} ${told(found)}`, undefined);
  });
});

describe('protocols with one mistake', function () {
  this.timeout(120_000);
  it('each of them is told where it is caught', () => {
    assert.deepEqual(mutants.map(({ name }) => name).sort(), Object.keys(caught).sort());
  });
  for (const mutant of mutants) {
    const [world, rule] = caught[mutant.name] ?? ['', ''];
    const setup = all[world];
    if (!setup || (size === 'check' && world in large)) continue;
    it(`${mutant.name}: ${rule} (${world})`, () => {
      assert.equal(explore(setup, mutant.react, { states: 300_000 }).violation?.rule, rule);
    });
  }
});
