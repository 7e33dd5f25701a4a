/** A repository that git works in between the saves. */
import assert from 'node:assert/strict';

import { extensionId, runIn, withGuardedEditor } from '../../../scripts/lib/guardedEditor';
import { gitSaves } from '../../support/scenarios/gitSaves';

describe('saves in a git repository', function () {
  this.timeout(180_000);

  it('lose nothing between stash, checkout and rebase, and leave the index clean', async () => {
    await withGuardedEditor('git', async (editor, folder) => {
      const window = await editor.openWindow();
      await window.activate(extensionId);
      const { refused, operations, ...found } = await gitSaves(runIn(window), folder, 20, 20_261_122);
      console.log(`      ${String(refused)} refused by VS Code's own check; ${JSON.stringify(operations)}`);
      assert.deepEqual(found, { saves: 20, lost: [], dirtyIndex: 0, diskWrong: 0 });
    });
  });
});
