/** Two windows on one folder, saving the same file in turn. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { withGuardedEditor } from '../../../scripts/lib/guardedEditor';
import type { Editor, EditorVersion, EditorWindow } from '../../support/editor';
import { notice } from '../../support/notices';
import { savedFacts } from '../../support/saveLog';
import { changeAndSave, show, untilLevel, untilSaying } from '../../support/statusBar';
import { SteppedScript, steppedText } from '../../support/steppedScript';

const versions: readonly EditorVersion[] = ['current', 'oldest'];

for (const version of versions) {
  describe(`two windows of the ${version} VS Code on one folder`, function () {
    this.timeout(360_000);
    it('save the same file 20 times in turn, and 10 times in the same instant: nothing is lost; and one of them tells who runs the older version', async () => {
      await withGuardedEditor(
        'windows',
        async (editor, root) => {
          const path = join(root, 'shared.sh');
          writeFileSync(path, 'start\n');
          const windows = await openTwo(editor, path);
          await saveInTurn(windows, path);
          assert.deepEqual(readdirSync(root), ['shared.sh']);
          const both = await saveAtOnce(windows, path);
          console.log(`      both were saved ${String(both)} times, the others refused one as VS Code does`);
          for (const window of windows) {
            const facts = await savedFacts(window.extensionHostPid, path, 1);
            assert.ok(facts.some(({ level }) => level === 'gated'));
            // On a machine that is busy the other one may take longer than it is waited for, and change the file under a save without a
            // gate; or all of it takes longer than there is time.
            const said = ['otherWindow', 'changedMeanwhile', 'tooSlow'];
            assert.deepEqual(
              facts.filter(({ level, reason = '' }) => level !== 'gated' && !said.includes(reason)),
              [],
            );
          }
          assert.deepEqual(readdirSync(root), ['shared.sh']);
          await saveOfOneIsToldByOne(windows, join(root, 'running.sh'));
        },
        { version },
      );
    });
  });
}

/** Each window shows what the other one has saved before it saves. */
async function saveInTurn(windows: readonly EditorWindow[], path: string): Promise<void> {
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
}

/** One of the two versions is on the disk, whole. Returns how often both were saved. */
async function saveAtOnce(windows: readonly EditorWindow[], path: string): Promise<number> {
  let both = 0;
  for (let turn = 0; turn < 10; turn++) {
    const disk = readFileSync(path, 'utf8');
    for (const window of windows) await untilText(window, path, disk);
    const saves = await Promise.all(
      windows.map((window, index) => editAndSave(window, path, `turn ${String(turn)} of window ${String(index)}`)),
    );
    const saved = saves.filter((save) => save.saved).map(({ text }) => text);
    assert.ok(saved.includes(readFileSync(path, 'utf8')), 'the file is none of the saved versions');
    if (saved.length === 2) both++;
    for (const window of windows) await revert(window, path);
  }
  return both;
}

/** Both know who goes on with the older version; only the one in which it was saved tells it. */
async function saveOfOneIsToldByOne(windows: readonly EditorWindow[], path: string): Promise<void> {
  writeFileSync(path, steppedText);
  const script = new SteppedScript(path);
  try {
    for (const window of windows) {
      await show(window, path);
      await untilSaying(window, /held by 1\. running\.sh/);
    }
    const [first, second] = windows;
    assert.ok(first && second);
    await changeAndSave(first, path, '# saved');
    await notice(first, `bash (pid ${String(script.pid)}, `).waitFor();
    await untilSaying(second, /1 on old version\. running\.sh/);
    // Whatever it would tell comes before the end of a save of its own.
    const other = join(dirname(path), 'other.txt');
    writeFileSync(other, 'other\n');
    await show(second, other);
    await changeAndSave(second, other, 'changed');
    assert.equal(await notice(second, 'running.sh').count(), 0);
  } finally {
    await script.kill();
  }
}

async function openTwo(editor: Editor, path: string): Promise<readonly EditorWindow[]> {
  const windows: EditorWindow[] = [];
  for (let index = 0; index < 2; index++) {
    const window = await editor.openWindow();
    await window.activate('holdfast.holdfast');
    await show(window, path);
    await untilLevel(window, 'gated', 'shared.sh');
    windows.push(window);
  }
  return windows;
}

interface Saved {
  readonly saved: boolean;
  readonly text: string;
}

function editAndSave(window: EditorWindow, path: string, line: string): Promise<Saved> {
  return window.run(
    async (vscode, at, inserted) => {
      const document = await vscode.workspace.openTextDocument(at);
      const edit = new vscode.WorkspaceEdit();
      edit.insert(document.uri, new vscode.Position(0, 0), `${inserted}\n`);
      if (!(await vscode.workspace.applyEdit(edit))) throw new Error('not edited');
      const text = document.getText();
      return { saved: await document.save(), text };
    },
    path,
    line,
  );
}

/** Gives up what was refused. */
async function revert(window: EditorWindow, path: string): Promise<void> {
  await show(window, path);
  await window.run(async (vscode) => {
    await vscode.commands.executeCommand('workbench.action.files.revert');
    await vscode.commands.executeCommand('notifications.clearAll');
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
