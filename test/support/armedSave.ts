/** A save that is armed: the gate is shut, and the editor has not come yet. */
import { readFileSync, statSync } from 'node:fs';

import { DeadlineError } from './deadline';
import type { EditorWindow } from './editor';

interface HeldUp {
  /** Lets VS Code go on with the save. */
  readonly goOn: () => void;
  readonly saved: Thenable<boolean>;
}

type Remote = typeof globalThis & { heldUp: HeldUp };

/**
 * Begins to save a document that is open and dirty. Another extension, which is asked after Holdfast, holds the save up: until
 * `goOn`, or until VS Code goes on without it. Resolves when the save is held up there.
 */
export async function beginSave(window: EditorWindow, path: string): Promise<void> {
  await window.run(async (vscode, at) => {
    const document = await vscode.workspace.openTextDocument(at);
    await new Promise<void>((resolve) => {
      let goOn: () => void = () => undefined;
      const held = new Promise<void>((release) => {
        goOn = release;
      });
      const listener = vscode.workspace.onWillSaveTextDocument((event) => {
        if (event.document !== document) return;
        listener.dispose();
        event.waitUntil(held);
        resolve();
      });
      Object.assign(globalThis, { heldUp: { goOn, saved: document.save() } satisfies HeldUp });
    });
  }, path);
}

/** Lets the save that was begun last go on, and waits for its end. Whether VS Code calls it saved. */
export async function goOn(window: EditorWindow): Promise<boolean> {
  return window.run(async () => {
    const { heldUp } = globalThis as Remote;
    heldUp.goOn();
    return heldUp.saved;
  });
}

/** Saves a document without holding it up. Whether VS Code calls it saved. */
export async function save(window: EditorWindow, path: string): Promise<boolean> {
  return window.run(async (vscode, at) => (await vscode.workspace.openTextDocument(at)).save(), path);
}

/** Inserts a line at the top of a document, and leaves it unsaved. */
export async function change(window: EditorWindow, path: string, line: string): Promise<void> {
  await window.run(
    async (vscode, at, text) => {
      const document = await vscode.workspace.openTextDocument(at);
      const shown = await vscode.window.showTextDocument(document, { preview: false });
      await shown.edit((builder) => builder.insert(new vscode.Position(0, 0), `${text}\n`));
    },
    path,
    line,
  );
}

/** What this window shows of a file, saved or not. */
export async function textOf(window: EditorWindow, path: string): Promise<string> {
  return window.run(async (vscode, at) => (await vscode.workspace.openTextDocument(at)).getText(), path);
}

export async function isDirty(window: EditorWindow, path: string): Promise<boolean> {
  return window.run(async (vscode, at) => (await vscode.workspace.openTextDocument(at)).isDirty, path);
}

/** Waits until the document has this text in it, and is saved. */
export async function untilSaved(window: EditorWindow, path: string, text: string): Promise<void> {
  await window.run(
    async (vscode, at, wanted) => {
      const document = await vscode.workspace.openTextDocument(at);
      await new Promise<void>((resolve) => {
        const look = (): void => {
          if (document.isDirty || !document.getText().includes(wanted)) return;
          for (const listener of listeners) listener.dispose();
          resolve();
        };
        const listeners = [
          vscode.workspace.onDidSaveTextDocument(look),
          vscode.workspace.onDidChangeTextDocument(look),
        ];
        look();
      });
    },
    path,
    text,
  );
}

/** How many leases a process has: on all files, and on what the path leads to. */
export function leasesOf(pid: number, path: string): { readonly all: number; readonly atPath: number } {
  const { ino } = statSync(path);
  const mine = readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .filter((line) => {
      const fields = line.split(/\s+/);
      return fields.includes('LEASE') && fields.includes(String(pid));
    });
  return { all: mine.length, atPath: mine.filter((line) => line.includes(`:${String(ino)} `)).length };
}

/** When the process had no lease any more. The kernel tells nobody but the holder of the end of a lease: it is asked until then. */
export async function untilReleased(pid: number, path: string, milliseconds: number): Promise<number> {
  const deadline = performance.now() + milliseconds;
  while (leasesOf(pid, path).all > 0) {
    if (performance.now() > deadline) throw new DeadlineError(`process ${String(pid)} still has leases`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return performance.now();
}
