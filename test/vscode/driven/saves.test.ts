/** Saves, watched as a user sees them. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import type { EditorWindow } from '../../support/editor';
import { keptFiles } from '../../support/saveLog';
import { sharedWindow } from '../../support/sharedWindow';
import { changeAndSave, show, untilLevel } from '../../support/statusBar';

/** VS Code may read a file sooner than somebody types. */
const attempts = 20;

describe('saves', function () {
  this.timeout(360_000);
  const shared = sharedWindow('saves');

  it('show no conflict, no error and no question in a row of 40, and leave nothing behind', async () => {
    const { window } = shared;
    const folder = shared.folder();
    const line = 'a line of forty characters, more or less\n';
    const paths = [0, 3, 100, 5_000, 52_000].map((lines) => {
      const path = join(folder, `${String(lines)}-lines.txt`);
      writeFileSync(path, lines === 0 ? 'x' : line.repeat(lines));
      return path;
    });
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

  it('take nothing that is typed during a save for another program’s', async () => {
    const { window } = shared;
    const path = join(shared.folder(), 'typed-on.txt');
    writeFileSync(path, 'a line of forty characters, more or less\n'.repeat(5_000));
    await show(window, path);
    await untilLevel(window, 'gated', basename(path));
    const typedOn = await window.run(
      async (vscode, at, times) => {
        const fs = process.getBuiltinModule('node:fs');
        const document = await vscode.workspace.openTextDocument(at);
        const editor = await vscode.window.showTextDocument(document, { preview: false });
        const type = (): Thenable<boolean> =>
          editor.edit((builder) => builder.insert(new vscode.Position(0, 0), 'typed\n'));
        let during = 0;
        const listener = vscode.workspace.onDidSaveTextDocument((saved) => {
          if (saved === document && fs.readFileSync(at, 'utf8') !== document.getText()) during++;
        });
        for (let time = 0; time < times; time++) {
          await type();
          // The new version comes to the path before VS Code is done with it.
          const typed = new Promise<boolean>((resolve) => {
            const watcher = fs.watch(at, () => {
              watcher.close();
              resolve(type());
            });
          });
          await document.save();
          await typed;
        }
        await document.save();
        listener.dispose();
        return during;
      },
      path,
      20,
    );
    console.log(`      typed on during ${String(typedOn)} of 20 saves`);
    assert.ok(typedOn > 0);
    await changeAndSave(window, path, 'the last one');
    assert.deepEqual(await keptFiles(window.extensionHostPid, path, 0), []);
  });

  for (const [how, when] of [
    ['keep another program’s version of the same size that came before somebody began to type', 'unread'],
    ['keep it also if the first change was undone', 'undone'],
    ['keep it also if it came right after VS Code had read another one', 'justRead'],
  ] as const) {
    it(how, async () => {
      const { window } = shared;
      const folder = shared.folder();
      for (let attempt = 0; attempt < attempts; attempt++) {
        const path = join(folder, `file-${String(attempt)}.txt`);
        writeFileSync(path, 'before\n');
        await show(window, path);
        // What was ordered before is done by then.
        await untilLevel(window, 'gated', basename(path));
        const saved = await typeOverUnread(window, path, 'theirs\n', when);
        if (saved === undefined) continue;
        assert.equal(readFileSync(path, 'utf8'), saved);
        const kept = await keptFiles(window.extensionHostPid, path, 1);
        assert.deepEqual(
          kept.map((file) => readFileSync(file, 'utf8')),
          ['theirs\n'],
        );
        return;
      }
      assert.fail(`VS Code had read it ${String(attempts)} times`);
    });
  }
});

/** Another program writes, and somebody types and saves before VS Code has noticed. The text that was saved; `undefined`: it has. */
function typeOverUnread(
  window: EditorWindow,
  path: string,
  theirs: string,
  when: 'unread' | 'undone' | 'justRead',
): Promise<string | undefined> {
  return window.run(
    async (vscode, at, text, how) => {
      const fs = process.getBuiltinModule('node:fs');
      const document = await vscode.workspace.openTextDocument(at);
      const editor = await vscode.window.showTextDocument(document, { preview: false });
      const type = (): Thenable<boolean> =>
        editor.edit((builder) => builder.insert(new vscode.Position(0, 0), 'ours\n'));
      if (how === 'justRead') {
        const read = new Promise<void>((resolve) => {
          const listener = vscode.workspace.onDidChangeTextDocument((event) => {
            if (event.document !== document || event.contentChanges.length === 0) return;
            listener.dispose();
            fs.writeFileSync(at, text);
            resolve();
          });
        });
        fs.writeFileSync(at, text.replace(/./g, '-'));
        await read;
      } else fs.writeFileSync(at, text);
      const before = document.getText();
      await type();
      if (how === 'undone') {
        await vscode.commands.executeCommand('undo');
        await type();
      }
      const now = document.getText();
      if (now !== `ours\n${before}`) return undefined;
      return (await document.save()) ? now : undefined;
    },
    path,
    theirs,
    when,
  );
}
