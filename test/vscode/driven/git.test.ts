/** A repository that git works in between the saves. */
import assert from 'node:assert/strict';

import { extensionId, runIn, withGuardedEditor } from '../../../scripts/lib/guardedEditor';
import { gitSaves } from '../../support/scenarios/gitSaves';

const saves = 10;

describe('saves in a git repository', function () {
  this.timeout(360_000);

  it('lose nothing between stash, checkout and rebase, and leave the index clean', async () => {
    await withGuardedEditor('git', async (editor, folder) => {
      const window = await editor.openWindow();
      await window.activate(extensionId);
      const { refused, operations, conflicts, ...found } = await gitSaves(runIn(window), folder, saves, 20_261_122);
      console.log(
        `      ${String(refused)} refused by VS Code's own check; ${String(conflicts)} conflicts; ${JSON.stringify(operations)}`,
      );
      assert.deepEqual(found, { saves, lost: [], dirtyIndex: 0, diskWrong: 0 });
    });
  });
});
