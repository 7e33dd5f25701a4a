/** *Timeline* has one entry a save. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { withGuardedEditor } from '../../../scripts/lib/guardedEditor';
import { changeAndSave, show, untilLevel } from '../../support/statusBar';

describe('the timeline', function () {
  this.timeout(240_000);
  it('has one entry a save', async () => {
    await withGuardedEditor(
      'timeline',
      async (editor, root) => {
        const path = join(root, 'run.sh');
        writeFileSync(path, 'echo one\n');
        const window = await editor.openWindow();
        await window.activate('holdfast.holdfast');
        await show(window, path);
        await untilLevel(window, 'gated', 'run.sh');
        for (let round = 1; round <= 4; round++) {
          await changeAndSave(window, path, `# round ${String(round)}`);
          // VS Code drops the entry of a save whose next one comes before it is made.
          assert.equal(await editor.historyEntries(path, round), round);
        }
        await window.run(async (vscode, at) => {
          await vscode.commands.executeCommand('files.openTimeline', vscode.Uri.file(at));
        }, path);
        const entries = window.page.locator('.timeline-tree-view .monaco-list-row', { hasText: 'File Saved' });
        await entries.nth(3).waitFor();
        assert.equal(await entries.count(), 4);
      },
      // Saves in quick succession are merged into one entry unless this is 0.
      { settings: { 'workbench.localHistory.mergeWindow': 0 } },
    );
  });
});
