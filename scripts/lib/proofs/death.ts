import { DeathBench, deathLine, deathScenarios, die, victimsIn, type Deaths } from '../../../test/support/death';
import type { Proof } from './proof';

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
  return { good: counts.every((one) => 'skipped' in one || one.failures.length === 0), counts };
}

function* everyStep(): Iterable<number> {
  for (let nth = 1; ; nth++) yield nth;
}
