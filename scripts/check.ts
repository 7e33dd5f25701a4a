/** `npm run check`: types, lint, import law, unit tests, the simulated kernel, in under a minute. */
import { mochaStage } from './lib/mochaStage';
import { staticChecks } from './lib/staticChecks';
import { verdict } from './lib/verdict';

async function main(): Promise<void> {
  const results = [
    ...(await staticChecks()),
    ...(await mochaStage('The simulated kernel', ['out/test/sim/**/*.test.cjs'], { HOLDFAST_SIM: 'check' })),
    ...(await mochaStage('Unit tests and structure', ['out/test/unit/**/*.test.cjs', 'out/test/arch/**/*.test.cjs'])),
  ];
  process.exitCode = (await verdict(results, false)) ? 0 : 1;
}

void main();
