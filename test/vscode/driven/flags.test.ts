/** Real saves tell readers in every language, which have flags: docs/reopen-protocol.md. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { extensionId, runIn, withGuardedEditor } from '../../../scripts/lib/guardedEditor';
import { actions } from '../../support/scenarios/actions';
import { flaggedSaves, flaggedSavesLine, flaggedShortcomings, runtimeIn } from '../../support/scenarios/flaggedSaves';

describe('saves are told to every reader that has a flag', function () {
  this.timeout(600_000);

  for (const [level, saves, settings] of [
    ['gated', 15, {}],
    // Unless a reader has the file open in that moment.
    ['direct', 5, { 'holdfast.when': 'whenHeld' }],
  ] as const) {
    it(`${String(saves)} at level ${level}`, async () => {
      const root = mkdtempSync(join(tmpdir(), 'holdfast-run-'));
      try {
        const runtime = runtimeIn(root);
        const run = await withGuardedEditor(
          'flags',
          async (editor, folder) => {
            const window = await editor.openWindow();
            await window.activate(extensionId);
            return flaggedSaves(actions(runIn(window)), folder, runtime, saves);
          },
          { environment: { XDG_RUNTIME_DIR: runtime }, settings },
        );
        console.log(`      ${flaggedSavesLine(run)}`);
        assert.deepEqual(flaggedShortcomings(run), []);
      } finally {
        rmSync(root, { recursive: true });
      }
    });
  }
});
