import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { DeathBench, deathLine, deathScenarios, die, victimsIn, type Deaths } from '../../../test/support/death';
import { dieReally, RealDeathBench, realDeathLine, type RealDeaths } from '../../../test/support/realDeath';
import { sumOf } from '../../../test/support/sum';
import type { Proof } from './proof';

/** Deaths in the real editor. */
const atLeast = 500;

/** A save's process, or its editor, is killed before the save's first step, its second, and so on until a save passes untouched. */
export async function proveDeath(): Promise<Proof> {
  const counts: (Deaths | { readonly scenario: string; readonly skipped: string })[] = [];
  for (const scenario of deathScenarios) {
    for (const victim of victimsIn(scenario)) {
      const bench = await DeathBench.open(scenario, victim);
      if (typeof bench === 'string') {
        counts.push({ scenario, skipped: bench });
        console.log(`${scenario}: skipped, ${bench}`);
        continue;
      }
      const deaths = await die(bench, scenario, everyStep).finally(() => bench.close());
      counts.push(deaths);
      console.log([deathLine(deaths), ...deaths.failures.map((line) => `  NOT GOOD: ${line}`)].join('\n'));
    }
  }
  const real = await proveRealDeaths();
  const good = counts.every((one) => 'skipped' in one || one.failures.length === 0) && real.good;
  return { good, counts: { standIns: counts, real: real.counts } };
}

/** The same of the real extension host, and of the real server. */
async function proveRealDeaths(): Promise<Proof> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-death-'));
  const bench = await RealDeathBench.start(folder);
  try {
    const counts: RealDeaths[] = [];
    for (const victim of ['extension host', 'server'] as const) {
      for (const held of [false, true]) {
        // A save takes not quite as many steps each time.
        const steps = function* (count: number): Iterable<number> {
          for (let nth = 1; nth <= count; nth++) yield nth;
        };
        const deaths = await dieReally(bench, victim, held, steps);
        counts.push(deaths);
        console.log([realDeathLine(deaths), ...deaths.failures.map((line) => `  NOT GOOD: ${line}`)].join('\n'));
      }
    }
    const killed = sumOf(counts, (one) => one.killed);
    console.log(`killed ${String(killed)} times in VS Code ${bench.version}`);
    const good = killed >= atLeast && counts.every(({ failures }) => failures.length === 0);
    return { good, counts: { editor: bench.version, counts } };
  } finally {
    await bench.stop();
    rmSync(folder, { recursive: true });
  }
}

function* everyStep(): Iterable<number> {
  for (let nth = 1; ; nth++) yield nth;
}
