/** One window of the guarded editor for all tests of a group. */
import { mkdtempSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { extensionId, startGuardedEditor } from '../../scripts/lib/guardedEditor';
import type { Editor, EditorOptions, EditorWindow } from './editor';
import { untilNoLevel } from './statusBar';

export interface SharedWindow {
  readonly window: EditorWindow;
  /** The folder that the window shows. */
  readonly root: string;
  /** A new folder in it. */
  folder(): string;
}

/**
 * Opens it before the first test of the group that calls this, and ends it after the last one. What a test leaves on the screen is
 * cleared away after it: editors with their changes, terminals, notifications; after a failure the window is loaded anew.
 */
export function sharedWindow(name: string, options: EditorOptions = {}): SharedWindow {
  let editor: Editor | undefined;
  let window: EditorWindow | undefined;
  let root: string | undefined;
  const shown = (): EditorWindow => window ?? fail();
  before(async () => {
    root = await mkdtemp(join(tmpdir(), `holdfast-${name}-`));
    editor = await startGuardedEditor({ ...options, workspace: root });
    window = await editor.openWindow();
    await window.activate(extensionId);
  });
  afterEach(async function () {
    await clear(shown());
    if (this.currentTest?.state !== 'failed') return;
    await shown().reload();
    await shown().activate(extensionId);
  });
  after(async () => {
    await window?.close();
    await editor?.stop();
    if (root !== undefined) await rm(root, { recursive: true, force: true });
  });
  return {
    get window() {
      return shown();
    },
    get root() {
      return root ?? fail();
    },
    folder: () => mkdtempSync(join(root ?? fail(), 'test-')),
  };
}

async function clear(window: EditorWindow): Promise<void> {
  await window.press('Escape');
  await window.run(async (vscode) => {
    for (const terminal of vscode.window.terminals) {
      const closed = new Promise<void>((resolve) => {
        const listener = vscode.window.onDidCloseTerminal((one) => {
          if (one !== terminal) return;
          listener.dispose();
          resolve();
        });
      });
      terminal.dispose();
      await closed;
    }
    for (const document of vscode.workspace.textDocuments) {
      if (!document.isDirty) continue;
      await vscode.window.showTextDocument(document);
      await vscode.commands.executeCommand('workbench.action.files.revert');
    }
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await vscode.commands.executeCommand('notifications.clearAll');
  });
  await untilNoLevel(window);
}

function fail(): never {
  throw new Error('the window is open during the tests only');
}
