/** Two windows on one folder, saving the same file in turn. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { withGuardedEditor } from '../../../scripts/lib/guardedEditor';
import type { EditorVersion, EditorWindow } from '../../support/editor';
import { changeAndSave, show, untilLevel } from '../../support/statusBar';

const versions: readonly EditorVersion[] = ['current', 'oldest'];

for (const version of versions) {
  describe(`two windows of the ${version} VS Code on one folder`, function () {
    this.timeout(180_000);
    it('save the same file 20 times in turn: no error, nothing lost, every save gated', async () => {
      await withGuardedEditor(
        'windows',
        async (editor, root) => {
          const path = join(root, 'shared.sh');
          writeFileSync(path, 'start\n');
          const windows: EditorWindow[] = [];
          for (let index = 0; index < 2; index++) {
            const window = await editor.openWindow();
            await window.activate('holdfast.holdfast');
            await show(window, path);
            await untilLevel(window, 'gated', 'shared.sh');
            windows.push(window);
          }
          const lines = ['start'];
          for (let turn = 0; turn < 20; turn++) {
            const window = windows[turn % 2];
            assert.ok(window);
            await untilText(window, path, `${lines.join('\n')}\n`);
            const { ino } = statSync(path);
            await changeAndSave(window, path, `turn ${String(turn)}`);
            lines.unshift(`turn ${String(turn)}`);
            assert.equal(readFileSync(path, 'utf8'), `${lines.join('\n')}\n`);
            assert.notEqual(statSync(path).ino, ino);
          }
          for (const window of windows) {
            assert.deepEqual(await window.page.locator('.notification-toast').allInnerTexts(), []);
            assert.equal(await window.page.locator('.monaco-dialog-box').count(), 0);
          }
          assert.deepEqual(readdirSync(root), ['shared.sh']);
        },
        { version },
      );
    });
  });
}

/** Waits until this window has taken over what the other one has saved. */
async function untilText(window: EditorWindow, path: string, text: string): Promise<void> {
  await window.run(
    async (vscode, at, wanted) => {
      const document = await vscode.workspace.openTextDocument(at);
      if (document.getText() === wanted) return;
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => {
          listener.dispose();
          reject(new Error(`the window does not show what the other one has saved, but ${document.getText()}`));
        }, 15_000);
        const listener = vscode.workspace.onDidChangeTextDocument(() => {
          if (document.getText() !== wanted) return;
          clearTimeout(timer);
          listener.dispose();
          resolve();
        });
      });
    },
    path,
    text,
  );
}
