/** What a person does to a document, as functions that work inside the editor and from outside. */
import type * as vscode from 'vscode';

import type { Run } from '../run';

export const edits = ['insertAbove', 'removeAbove', 'empty', 'replace', 'undoAndSaveAgain'] as const;
export type Edit = (typeof edits)[number];

export const saves = ['save', 'saveAll', 'autoSave'] as const;
export type Save = (typeof saves)[number];

/** A text that may be long, told in few words: it travels to the editor, and is put together there. */
export interface RepeatedText {
  readonly first: string;
  readonly line: string;
  /** How often `line` comes. */
  readonly count: number;
  readonly last: string;
}

export interface Actions {
  open(path: string): Promise<void>;
  /** Applies the edit as typing would: the document is dirty afterwards. */
  edit(path: string, edit: Edit): Promise<void>;
  /** Replaces the whole document, which is dirty afterwards. */
  replace(path: string, text: RepeatedText): Promise<void>;
  undo(path: string): Promise<void>;
  /** Resolves when VS Code says that the document is saved. */
  save(path: string, how: Save): Promise<void>;
  /** Saves the open document and does nothing else, so that this lasts as long as the save. */
  saveOnly(path: string): Promise<void>;
  /** The document's text. */
  text(path: string): Promise<string>;
  close(): Promise<void>;
  /** Switches the guard on or off for the whole window. */
  enable(on: boolean): Promise<void>;
  /** The process that runs the window's extensions. */
  extensionHost(): Promise<number>;
}

export function actions(run: Run): Actions {
  return {
    open: (path) => run(open, path),
    edit: (path, edit) => run(applyEdit, path, edit),
    replace: (path, text) => run(replace, path, text),
    undo: (path) => run(undo, path),
    save: (path, how) => run(save, path, how),
    saveOnly: (path) => run(saveOnly, path),
    text: (path) => run(async (api, at) => (await api.workspace.openTextDocument(at)).getText(), path),
    close: () =>
      run(async (api) => {
        await api.commands.executeCommand('workbench.action.closeAllEditors');
      }),
    enable: (on) => run(enable, on),
    extensionHost: () => run(() => process.pid),
  };
}

async function open(api: typeof vscode, path: string): Promise<void> {
  await api.window.showTextDocument(await api.workspace.openTextDocument(path), { preview: false });
}

async function applyEdit(api: typeof vscode, path: string, kind: string): Promise<void> {
  const editor = await api.window.showTextDocument(await api.workspace.openTextDocument(path), { preview: false });
  const { document } = editor;
  const whole = new api.Range(0, 0, document.lineCount, 0);
  const done = await editor.edit((builder) => {
    switch (kind) {
      case 'insertAbove':
      case 'undoAndSaveAgain':
        builder.insert(new api.Position(1, 0), '# a first new line\n# and a second one, longer than the first\n#\n');
        return;
      case 'removeAbove':
        builder.delete(new api.Range(1, 0, 3, 0));
        return;
      case 'empty':
        builder.delete(whole);
        return;
      case 'replace':
        builder.replace(whole, '#!/usr/bin/env bash\necho "the new version runs in the old one"\n'.repeat(40));
        return;
      default:
        throw new Error(`no such edit: ${kind}`);
    }
  });
  if (!done || !document.isDirty) throw new Error(`the edit ${kind} was not applied to ${path}`);
}

async function replace(api: typeof vscode, path: string, text: RepeatedText): Promise<void> {
  const { activeTextEditor: editor } = api.window;
  if (editor?.document.uri.fsPath !== path) throw new Error(`${path} is not in front`);
  const whole = new api.Range(0, 0, editor.document.lineCount, 0);
  const done = await editor.edit((builder) => {
    builder.replace(whole, text.first + text.line.repeat(text.count) + text.last);
  });
  if (!done || !editor.document.isDirty) throw new Error(`${path} was not replaced`);
}

async function undo(api: typeof vscode, path: string): Promise<void> {
  const document = await api.workspace.openTextDocument(path);
  await api.window.showTextDocument(document, { preview: false });
  const before = document.version;
  await api.commands.executeCommand('undo');
  if (document.version === before) throw new Error(`nothing was undone in ${path}`);
}

async function save(api: typeof vscode, path: string, how: string): Promise<void> {
  const document = await api.workspace.openTextDocument(path);
  if (!document.isDirty) throw new Error(`not dirty: ${path}`);
  const wanted = document.uri.toString();
  let listener: vscode.Disposable | undefined;
  let timer: NodeJS.Timeout | undefined;
  const saved = new Promise<void>((resolve, reject) => {
    listener = api.workspace.onDidSaveTextDocument((one) => {
      if (one.uri.toString() === wanted) resolve();
    });
    timer = setTimeout(() => {
      reject(new Error(`not saved within 10 s by ${how}: ${path}`));
    }, 10_000);
  });
  const files = api.workspace.getConfiguration('files');
  try {
    if (how === 'save') {
      await api.window.showTextDocument(document, { preview: false });
      await api.commands.executeCommand('workbench.action.files.save');
    } else if (how === 'saveAll') {
      await api.commands.executeCommand('workbench.action.files.saveAll');
    } else {
      await files.update('autoSaveDelay', 50, api.ConfigurationTarget.Global);
      await files.update('autoSave', 'afterDelay', api.ConfigurationTarget.Global);
    }
    await saved;
  } finally {
    listener?.dispose();
    clearTimeout(timer);
    if (how === 'autoSave') await files.update('autoSave', 'off', api.ConfigurationTarget.Global);
  }
}

async function saveOnly(api: typeof vscode, path: string): Promise<void> {
  const document = api.workspace.textDocuments.find(({ uri }) => uri.fsPath === path);
  if (!(await document?.save())) throw new Error(`not saved: ${path}`);
}

async function enable(api: typeof vscode, on: boolean): Promise<void> {
  const value = on ? undefined : false;
  await api.workspace.getConfiguration('holdfast').update('enabled', value, api.ConfigurationTarget.Global);
}
