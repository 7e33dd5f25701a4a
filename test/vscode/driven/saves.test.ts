/** Forty saves, watched as a user sees them: no dialog, no notification. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { withGuardedEditor } from '../../../scripts/lib/guardedEditor';
import { changeAndSave, show, untilLevel } from '../../support/statusBar';

describe('40 saves in a row', function () {
  this.timeout(180_000);

  it('show no conflict, no error and no question, and leave nothing behind', async () => {
    await withGuardedEditor('saves', async (editor, folder) => {
      const line = 'a line of forty characters, more or less\n';
      const paths = [0, 3, 100, 5_000, 52_000].map((lines) => {
        const path = join(folder, `${String(lines)}-lines.txt`);
        writeFileSync(path, lines === 0 ? 'x' : line.repeat(lines));
        return path;
      });
      const window = await editor.openWindow();
      await window.activate('holdfast.holdfast');
      for (let round = 1; round <= 8; round++) {
        for (const path of paths) {
          const { ino } = statSync(path);
          await changeAndSave(window, path, `round ${String(round)}`);
          assert.notEqual(statSync(path).ino, ino);
        }
      }
      for (const path of paths) {
        assert.match(readFileSync(path, 'utf8'), /^round 8\nround 7\n/);
        await show(window, path);
        await untilLevel(window, 'gated', basename(path));
      }
      assert.deepEqual(await window.page.locator('.notification-toast').allInnerTexts(), []);
      assert.equal(await window.page.locator('.monaco-dialog-box').count(), 0);
      await window.run(async (vscode) => {
        await vscode.commands.executeCommand('notifications.showList');
      });
      assert.deepEqual(await window.page.locator('.notifications-center .notification-list-item').allInnerTexts(), []);
      assert.deepEqual(
        window.problems.filter((problem) => /holdfast|save|conflict/i.test(problem)),
        [],
      );
      assert.deepEqual(readdirSync(folder).sort(), paths.map((path) => basename(path)).sort());
    });
  });
});
