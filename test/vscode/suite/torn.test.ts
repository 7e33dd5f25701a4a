/** Nobody who opens the file while it is saved gets an empty or a torn one. */
import assert from 'node:assert/strict';

import { tornPlans } from '../../support/scenarios/tornPlans';
import { tornReads } from '../../support/scenarios/tornReads';
import { shortcomings, tornLines } from '../../support/scenarios/tornVerdict';
import { act, activated, isOldest, scratchFolder } from './inside';

describe('torn reads', function () {
  this.timeout(900_000);
  let folder: Awaited<ReturnType<typeof scratchFolder>>;
  before(async () => {
    await activated();
    folder = await scratchFolder();
  });
  after(() => folder.dispose());

  // In the oldest editor: enough to see that it works there, too.
  for (const { demands, ...plan } of isOldest() ? tornPlans(5, 5) : tornPlans(100, 10)) {
    it(`${plan.name}: none with the guard on`, async () => {
      const run = await tornReads(act, folder.path, plan);
      console.log(tornLines(run));
      assert.deepEqual(shortcomings(run, { ...demands, undrained: 1 }), []);
    });
  }
});
