/** A read-only file: VS Code refuses, the user says *Overwrite*, and a program that runs it notices nothing. */
import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, readSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { withGuardedEditor } from '../../../scripts/lib/guardedEditor';
import { show, untilLevel } from '../../support/statusBar';

describe('a read-only file', function () {
  this.timeout(240_000);
  it('is refused, then overwritten on request, and its holder keeps its bytes', async () => {
    // Root is asked for permission like anybody else once it has given these up.
    const wrapper = process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : [];
    await withGuardedEditor(
      'overwrite',
      async (editor, root) => {
        const path = join(root, 'run.sh');
        writeFileSync(path, 'echo one\n', { mode: 0o444 });
        const window = await editor.openWindow();
        await window.activate('holdfast.holdfast');
        await show(window, path);
        await untilLevel(window, 'gated', 'run.sh');
        const holder = openSync(path, 'r');
        const { ino } = statSync(path);

        await window.press('Control+Home');
        await window.type('# changed ');
        await window.press('Control+S');
        const refused = window.page.locator('.notification-toast', { hasText: 'run.sh' });
        await refused.getByRole('button', { name: /^Overwrite/ }).waitFor();
        assert.equal(readFileSync(path, 'utf8'), 'echo one\n');
        assert.equal(statSync(path).mode & 0o777, 0o444);
        const saved = window.run(
          (vscode, at) =>
            new Promise<void>((resolve) => {
              const listener = vscode.workspace.onDidSaveTextDocument((document) => {
                if (document.uri.fsPath !== at) return;
                listener.dispose();
                resolve();
              });
            }),
          path,
        );
        await refused.getByRole('button', { name: /^Overwrite/ }).click();
        await saved;

        assert.equal(readFileSync(path, 'utf8'), '# changed echo one\n');
        assert.notEqual(statSync(path).ino, ino);
        const held = Buffer.alloc(100);
        assert.equal(held.toString('utf8', 0, readSync(holder, held, 0, 100, 0)), 'echo one\n');
        closeSync(holder);
        await untilLevel(window, 'gated', 'run.sh');
      },
      { wrapper },
    );
  });
});
