/**
 * Who guards a save, or who writes it, is killed before each of its steps, or in a quick run before some of them: HOLDFAST_DEATHS says how
 * many of each scenario and victim. `npm run prove -- death` takes them all.
 */
import assert from 'node:assert/strict';

import {
  DeathBench,
  deathLine,
  deathScenarios,
  die,
  victimsIn,
  type DeathScenario,
  type Victim,
} from '../support/death';
import { randomFrom } from '../support/random';
import { skip } from '../support/skip';

/** Of seven together. */
const runs = Number(process.env['HOLDFAST_DEATHS'] ?? 80);

describe('an extension host, or an editor, that is killed in the middle of a save', function () {
  this.timeout(600_000);
  for (const scenario of deathScenarios) {
    it(`leaves the old or the new version, complete, and nothing after the next start (${scenario})`, async function () {
      const found = await Promise.all(victimsIn(scenario).map((victim) => deaths(scenario, victim)));
      const [why] = found.flatMap((one) => one ?? []);
      if (why !== undefined) skip(this, `death.${scenario}`, why);
    });
  }

  /** Returns why there are none here. */
  async function deaths(scenario: DeathScenario, victim: Victim): Promise<string | undefined> {
    const bench = await DeathBench.open(scenario, victim);
    if (typeof bench === 'string') return bench;
    const seed = Math.floor(Math.random() * 2 ** 31);
    const random = randomFrom(seed);
    // One of each part of equal length.
    const spread = (steps: number): readonly number[] =>
      Array.from({ length: runs }, (_, part) => 1 + Math.floor(((part + random()) * steps) / runs));
    const all = await die(bench, scenario, spread).finally(() => bench.close());
    console.log(`      seed ${String(seed)}, ${deathLine(all)}`);
    assert.deepEqual(all.failures, []);
    assert.ok(all.killed > runs / 2, 'it dies');
    if (victim === 'editor') return undefined;
    assert.ok(all.beforeAnswer > 0, 'it dies before the editor writes');
    // A detached save has done nearly all by then.
    assert.ok(scenario === 'detached' || all.beforeAnswer < all.killed, 'it dies also while the editor writes');
    return undefined;
  }
});
