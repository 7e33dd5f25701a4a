/** Windows, other programs and crashes at once: `npm run prove -- chaos` for a short while. */
import assert from 'node:assert/strict';

import { withGuardedEditor } from '../../../scripts/lib/guardedEditor';
import { chaos, chaosSettings } from '../../support/chaos/chaos';
import type { Editor } from '../../support/editor';
import { chaosLine, chaosShortcomings } from '../../support/chaos/verdict';

describe('two windows, other programs and crashes', function () {
  this.timeout(600_000);

  it('lose nobody’s version', async () => {
    const work = async (editor: Editor, folder: string): Promise<void> => {
      const run = await chaos(editor, folder, 20_261_122, 1, 8_000);
      console.log(`      ${chaosLine(run)}`);
      assert.deepEqual(chaosShortcomings(run), []);
    };
    await withGuardedEditor('chaos', work, { settings: chaosSettings });
  });
});
