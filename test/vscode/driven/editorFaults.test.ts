/**
 * VS Code's own system calls fail in the middle of a guarded save, the Nth of each kind and then all that follow, until a save meets no
 * failure any more: the path has the old or the new version, whole, and what VS Code calls saved is there.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { extensionId, withGuardedEditor } from '../../../scripts/lib/guardedEditor';
import { straceRefusal, type Editor, type EditorWindow } from '../../support/editor';
import { skip } from '../../support/skip';
import { show, untilLevel } from '../../support/statusBar';

interface Fault {
  readonly call: string;
  readonly error: string;
  /** Only of calls that name the file; those with a descriptor are all about files in the pool's threads. */
  readonly ofPath: boolean;
  /** All that follow fail, too. */
  readonly sticks: boolean;
}

/** Not write(2): with that the pool's threads wake the main thread, too. `fullDisk` has it fail in earnest. */
const faults: readonly Fault[] = [
  { call: 'openat', error: 'EMFILE', ofPath: true, sticks: true },
  { call: 'statx', error: 'EIO', ofPath: true, sticks: false },
  { call: 'fdatasync', error: 'EDQUOT', ofPath: false, sticks: true },
  { call: 'close', error: 'EIO', ofPath: false, sticks: false },
];
/** No save makes so many calls of one kind in one thread. */
const most = 8;

const version = (line: string): string => `${line}\n`.repeat(5_000);

describe('a failing system call of VS Code’s', function () {
  this.timeout(600_000);

  it('once or for good: the old or the new version is there, whole', async function () {
    const refusal = straceRefusal();
    if (refusal !== undefined) skip(this, 'strace', refusal);
    await withGuardedEditor('editor-faults', async (editor, folder) => {
      const path = join(folder, 'run.sh');
      writeFileSync(path, version('old'));
      const window = await editor.openWindow();
      await window.activate(extensionId);
      await show(window, path);
      await untilLevel(window, 'gated', 'run.sh');
      let met = 0;
      let refused = 0;
      for (const fault of faults) {
        for (let nth = 1, injected = true; injected; nth++) {
          assert.ok(nth <= most, `${fault.call} never passes untouched`);
          const before = readFileSync(path, 'utf8');
          const wanted = version(`${fault.call} ${fault.error} ${String(nth)}`);
          const { saved, lines } = await saveWith(editor, window, path, wanted, fault, nth);
          injected = lines.some((line) => line.includes('(INJECTED)'));
          const disk = readFileSync(path, 'utf8');
          const what = `${fault.call} ${fault.error} ${String(nth)}`;
          assert.ok(disk === wanted || disk === before, `${what}: neither version, ${String(disk.length)} bytes`);
          if (saved) assert.equal(disk, wanted, `${what}: called saved`);
          if (!injected) assert.ok(saved, `${what}: no failure, and not saved`);
          if (injected) met++;
          if (!saved) refused++;
          await saveAgain(window, path, version('in between'));
          assert.equal(readFileSync(path, 'utf8'), version('in between'));
          assert.deepEqual(readdirSync(folder), ['run.sh']);
        }
      }
      await untilLevel(window, 'gated', 'run.sh');
      console.log(`      ${String(met)} saves met a failure, ${String(refused)} were not called saved`);
      assert.ok(refused > 0, 'no save failed: nothing was shown');
    });
  });
});

interface Faulty {
  readonly saved: boolean;
  /** What strace wrote. */
  readonly lines: readonly string[];
}

async function saveWith(
  editor: Editor,
  window: EditorWindow,
  path: string,
  text: string,
  { call, error, ofPath, sticks }: Fault,
  nth: number,
): Promise<Faulty> {
  const strace = await editor.strace({
    pid: editor.serverPid,
    onlyThreads: 'libuv-worker',
    ...(ofPath ? { path } : {}),
    expressions: [`trace=${call}`, `inject=${call}:error=${error}:when=${String(nth)}${sticks ? '+' : ''}`],
  });
  const saved = await replaceAndSave(window, path, text);
  return { saved, lines: await strace.stop() };
}

/** What was refused is given up first; then everything is as ever. */
async function saveAgain(window: EditorWindow, path: string, text: string): Promise<void> {
  await show(window, path);
  await window.run(async (vscode) => {
    await vscode.commands.executeCommand('workbench.action.files.revert');
    await vscode.commands.executeCommand('notifications.clearAll');
  });
  assert.ok(await replaceAndSave(window, path, text), 'the next save');
}

function replaceAndSave(window: EditorWindow, path: string, text: string): Promise<boolean> {
  return window.run(
    async (vscode, at, wanted) => {
      const document = await vscode.workspace.openTextDocument(at);
      const edit = new vscode.WorkspaceEdit();
      edit.replace(document.uri, new vscode.Range(0, 0, document.lineCount, 0), wanted);
      if (!(await vscode.workspace.applyEdit(edit))) throw new Error('not edited');
      return document.save();
    },
    path,
    text,
  );
}
