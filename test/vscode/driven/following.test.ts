/** Tools that follow a file by its name go on through saves, and are told once of each; `holdfast.never` is for the others. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { runIn, withGuardedEditor } from '../../../scripts/lib/guardedEditor';
import { follow, goThisWay, waysOf, type Way } from '../../support/scenarios/following';
import { shortcomings } from '../../support/scenarios/followingVerdict';
import { editorFollowers, followingSettings } from '../../support/watchers/editorFollowers';
import { explore, explorerShortcomings, makeExplored } from '../../support/watchers/explorer';
import { followed } from '../../support/watchers/follower';
import { tools } from '../../support/watchers/tools';

const saves = 3;
const tried: readonly Way[] = ['stock', 'guarded', 'never'];

describe('tools that follow a file', function () {
  this.timeout(480_000);

  it('go on through saves if they follow its name, and with holdfast.never if they follow the inode', async () => {
    const logs = mkdtempSync(join(tmpdir(), 'holdfast-logs-'));
    try {
      await withGuardedEditor(
        'following',
        async (editor, folder) => {
          makeExplored(folder);
          const window = await editor.openWindow();
          await window.activate('holdfast.holdfast');
          const run = runIn(window);
          // First: later there are more names than it can show.
          assert.deepEqual(explorerShortcomings(await explore(window, run, folder, saves)), []);
          const inside = editorFollowers(run, logs).filter(({ light }) => light);
          const all = [...tools.filter(({ light }) => light).map(followed), ...inside];
          for (const way of tried) {
            await goThisWay(run, way);
            const mine = all.filter((tool) => waysOf(tool).includes(way));
            const found = await Promise.all(
              mine.map(async (tool) => shortcomings(await follow(run, folder, tool, way, saves), tool)),
            );
            assert.deepEqual(found.flat(), []);
          }
        },
        { settings: followingSettings },
      );
    } finally {
      rmSync(logs, { recursive: true, force: true });
    }
  });
});
