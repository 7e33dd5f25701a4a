/** What a person does to a document while its save is held up; each ends when VS Code is done with the document. */
import { goOn, untilSaved } from '../armedSave';
import type { EditorWindow } from '../editor';

/** Milliseconds. */
const autoSaveDelay = 30;

type WhileSaving = (window: EditorWindow, path: string) => Promise<void>;

export const whileSaving: Readonly<Record<string, WhileSaving>> = {
  'is reverted': async (window) => {
    await window.run(async (vscode) => {
      await vscode.commands.executeCommand('workbench.action.files.revert');
    });
    await goOn(window);
  },

  'is closed, not to be saved': async (window, path) => {
    const closed = await expectClose(window, path);
    await window.run((vscode) => {
      void vscode.commands.executeCommand('workbench.action.closeActiveEditor');
    });
    await window.page.locator('.monaco-dialog-box').getByRole('button', { name: "Don't Save" }).click();
    await goOn(window);
    await closed();
  },

  'is changed and saved without formatting': async (window, path) => {
    await window.run(async (vscode, at) => {
      const document = await vscode.workspace.openTextDocument(at);
      const shown = await vscode.window.showTextDocument(document, { preview: false });
      await shown.edit((builder) => builder.insert(new vscode.Position(0, 0), 'newer\n'));
      await vscode.commands.executeCommand('workbench.action.files.saveWithoutFormatting');
    }, path);
    await goOn(window);
    await untilSaved(window, path, 'newer');
  },

  'is typed into and saved by itself': async (window, path) => {
    await window.run(async (vscode, delay) => {
      // A window that was loaded again while VS Code changed its settings has them unsaved, and then VS Code changes no setting.
      for (const document of vscode.workspace.textDocuments) {
        if (document.isDirty && document.fileName.endsWith('/settings.json')) await document.save();
      }
      const files = vscode.workspace.getConfiguration('files');
      await files.update('autoSaveDelay', delay, vscode.ConfigurationTarget.Global);
      await files.update('autoSave', 'afterDelay', vscode.ConfigurationTarget.Global);
      await vscode.commands.executeCommand('workbench.action.focusActiveEditorGroup');
    }, autoSaveDelay);
    // With pauses in which VS Code tries to save by itself; it refuses that while another save is under way.
    await window.page.keyboard.type('meanwhile ', { delay: 2 * autoSaveDelay });
    await goOn(window);
    const autoSaved = await expectAutoSave(window, path);
    await window.type('after it ');
    await autoSaved();
    await untilSaved(window, path, 'after it ');
    await window.run(async (vscode) => {
      const files = vscode.workspace.getConfiguration('files');
      await files.update('autoSave', 'off', vscode.ConfigurationTarget.Global);
    });
  },
};

/** Listens first, so that what follows cannot be missed; the function returned waits for it. */
async function expectClose(window: EditorWindow, path: string): Promise<() => Promise<void>> {
  await window.run((vscode, at) => {
    const shown = (): boolean =>
      vscode.window.tabGroups.all.some(({ tabs }) =>
        tabs.some(({ input }) => input instanceof vscode.TabInputText && input.uri.fsPath === at),
      );
    const expected = new Promise<void>((resolve) => {
      const listener = vscode.window.tabGroups.onDidChangeTabs(() => {
        if (shown()) return;
        listener.dispose();
        resolve();
      });
    });
    Object.assign(globalThis, { expected });
  }, path);
  return () => untilExpected(window);
}

async function expectAutoSave(window: EditorWindow, path: string): Promise<() => Promise<void>> {
  await window.run((vscode, at) => {
    const expected = new Promise<void>((resolve) => {
      const listener = vscode.workspace.onWillSaveTextDocument(({ document, reason }) => {
        if (document.uri.fsPath !== at || reason !== vscode.TextDocumentSaveReason.AfterDelay) return;
        listener.dispose();
        resolve();
      });
    });
    Object.assign(globalThis, { expected });
  }, path);
  return () => untilExpected(window);
}

async function untilExpected(window: EditorWindow): Promise<void> {
  await window.run(() => (globalThis as typeof globalThis & { expected: Promise<void> }).expected);
}
