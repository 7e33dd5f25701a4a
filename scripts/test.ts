/** `npm test [-- STAGE…]`: the whole suite, or the stages named. */
import { performance } from 'node:perf_hooks';

import type { Result } from '../test/support/results';
import { collectResults, mochaStage } from './lib/mochaStage';
import { staticChecks } from './lib/staticChecks';
import { insideEditor } from './lib/suiteStage';
import { verdict } from './lib/verdict';

/** For work on the tests themselves: `HOLDFAST_GREP=… npm test -- current`. */
const grep = process.env['HOLDFAST_GREP'];

const stages: Readonly<Record<string, () => Promise<readonly Result[]>>> = {
  static: staticChecks,
  unit: () => mochaStage('Unit tests and structure', ['out/test/unit/**/*.test.cjs', 'out/test/arch/**/*.test.cjs']),
  sim: () => mochaStage('The simulated kernel', ['out/test/sim/**/*.test.cjs'], { HOLDFAST_SIM: 'test' }),
  system: () => mochaStage('The real kernel', ['out/test/system/**/*.test.cjs']),
  current: () => collectResults('Inside the current VS Code', (path) => insideEditor('current', path, grep)),
  oldest: () => collectResults('Inside the oldest VS Code', (path) => insideEditor('oldest', path, grep)),
  driven: () => mochaStage('The real editor, driven from outside', ['out/test/vscode/driven/**/*.test.cjs']),
};

/** What has no notice of the time: the static checks run beside it. */
const untimed: ReadonlySet<string> = new Set(['sim']);

async function main(): Promise<void> {
  const asked = process.argv.slice(2);
  const names = asked.length > 0 ? asked : Object.keys(stages);
  const began = performance.now();
  for (const name of names) {
    if (!stages[name]) throw new Error(`no such stage: ${name}; there are: ${Object.keys(stages).join(', ')}`);
  }
  let beside: Promise<readonly Result[]> | undefined;
  const begin = (): typeof beside => (names.includes('static') ? (beside ??= staticChecks()) : undefined);
  const results: Result[] = [];
  for (const name of names.filter((each) => each !== 'static')) {
    if (untimed.has(name)) void begin();
    else await beside;
    results.push(...((await stages[name]?.()) ?? []));
  }
  results.push(...((await begin()) ?? []));
  console.log(`\n${names.join(', ')}: ${((performance.now() - began) / 1000).toFixed(0)} s`);
  process.exitCode = (await verdict(results, process.getuid?.() === 0)) ? 0 : 1;
}

void main();
