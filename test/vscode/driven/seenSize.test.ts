/** VS Code looks at a file before it reads it, and what it reads then can be another version: of the size that it has seen it refuses nothing. */
import assert from 'node:assert/strict';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { extensionId, withGuardedEditor } from '../../../scripts/lib/guardedEditor';
import { straceRefusal, type EditorWindow } from '../../support/editor';
import { keptFiles } from '../../support/saveLog';
import { skip } from '../../support/skip';
import { show, untilLevel } from '../../support/statusBar';

/** Microseconds between VS Code's look at a file and its reading. */
const delay = 3_000_000;

describe('a version of a size that VS Code has seen, and not read', function () {
  this.timeout(240_000);

  it('is kept when a save overwrites it', async function () {
    const refusal = straceRefusal();
    if (refusal !== undefined) skip(this, 'strace', refusal);
    await withGuardedEditor('seen', async (editor, folder) => {
      const path = join(folder, 'data.txt');
      const replace = (text: string): void => {
        writeFileSync(`${path}~`, text);
        renameSync(`${path}~`, path);
      };
      writeFileSync(path, 'before\n');
      const window = await editor.openWindow();
      await window.activate(extensionId);
      await show(window, path);
      await untilLevel(window, 'gated', basename(path));
      const strace = await editor.strace({
        pid: editor.serverPid,
        onlyThreads: 'libuv-worker',
        path,
        expressions: ['trace=openat,statx', `inject=openat:delay_enter=${String(delay)}`],
      });
      const typed = typeWhenRead(window, path, 'read\n');
      replace('seen and not read\n');
      await strace.until(/statx\(.*stx_size=18/);
      replace('read\n');
      await typed;
      await strace.stop();
      replace('theirs, and longer');
      const saved = await window.run(async (vscode, at) => (await vscode.workspace.openTextDocument(at)).save(), path);
      assert.ok(saved, 'VS Code has refused');
      assert.equal(readFileSync(path, 'utf8'), 'ours\nread\n');
      const kept = await keptFiles(window.extensionHostPid, path, 1);
      assert.deepEqual(
        kept.map((file) => readFileSync(file, 'utf8')),
        ['theirs, and longer'],
      );
    });
  });
});

/** Types as soon as the document is `text`, so that VS Code does not read the file anew. */
async function typeWhenRead(window: EditorWindow, path: string, text: string): Promise<void> {
  await window.run(
    async (vscode, at, expected) => {
      const document = await vscode.workspace.openTextDocument(at);
      const editor = await vscode.window.showTextDocument(document, { preview: false });
      await new Promise<void>((resolve) => {
        const listener = vscode.workspace.onDidChangeTextDocument((event) => {
          if (event.document !== document || document.getText() !== expected) return;
          listener.dispose();
          resolve();
        });
      });
      await editor.edit((builder) => builder.insert(new vscode.Position(0, 0), 'ours\n'));
    },
    path,
    text,
  );
}
