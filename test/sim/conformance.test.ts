import { scenarios } from '../support/conformance/site';
import { simBench } from '../support/sim/simBench';

describe('a site on the simulated kernel', () => {
  for (const [name, scenario] of Object.entries(scenarios)) it(name, () => scenario(simBench()));
});
