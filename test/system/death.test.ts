/**
 * A save's process is killed before each of its steps, or in a quick run before some of them: HOLDFAST_DEATHS says how many of each
 * scenario. `npm run prove -- death` takes them all.
 */
import assert from 'node:assert/strict';

import { DeathBench, deathLine, deathScenarios, die } from '../support/death';
import { randomFrom } from '../support/random';
import { skip } from '../support/skip';

const runs = Number(process.env['HOLDFAST_DEATHS'] ?? 8);

describe('an extension host that is killed in the middle of a save', function () {
  this.timeout(600_000);
  for (const scenario of deathScenarios) {
    it(`leaves the old or the new version, complete, and nothing after the next start (${scenario})`, async function () {
      const bench = await DeathBench.open(scenario);
      if (typeof bench === 'string') skip(this, `death.${scenario}`, bench);
      const seed = Math.floor(Math.random() * 2 ** 31);
      const random = randomFrom(seed);
      // One of each part of equal length.
      const spread = (steps: number): readonly number[] =>
        Array.from({ length: runs }, (_, part) => 1 + Math.floor(((part + random()) * steps) / runs));
      const deaths = await die(bench, scenario, spread).finally(() => bench.close());
      console.log(`      seed ${String(seed)}, ${deathLine(deaths)}`);
      assert.deepEqual(deaths.failures, []);
      assert.ok(deaths.killed > runs / 2 && deaths.beforeAnswer > 0, 'it dies');
      // A detached save has done nearly all by then.
      assert.ok(scenario === 'detached' || deaths.beforeAnswer < deaths.killed, 'it dies also while the editor writes');
    });
  }
});
