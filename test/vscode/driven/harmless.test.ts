/** What programs do to files in a workspace, and nobody is hurt by, is not told, and meets no lease. */
import assert from 'node:assert/strict';

import { withGuardedEditor } from '../../../scripts/lib/guardedEditor';
import { harmless, harmlessLines, harmlessShortcomings } from '../../support/harmless/harmless';

describe('what hurts nobody', function () {
  this.timeout(480_000);

  it('is not told, and what does is', async () => {
    await withGuardedEditor('harmless', async (editor, root) => {
      const run = await harmless(editor, root, ({ short }) => short, 1);
      for (const line of harmlessLines(run)) console.log(`      ${line}`);
      assert.deepEqual(harmlessShortcomings(run), []);
    });
  });
});
