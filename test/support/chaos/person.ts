/** A person at one window: edits, saves, takes back what VS Code refuses, and goes on after a crash. */
import { appendFileSync, closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import type * as vscode from 'vscode';

import type { EditorWindow } from '../editor';
import type { Ledger } from './ledger';
import type { Unguarded } from './unguarded';

export interface PersonCounts {
  saved: number;
  /** By VS Code's own check, because the file had changed under the document. */
  refused: number;
  /** The extension host ended meanwhile: nobody knows. */
  interrupted: number;
  /** VS Code called it saved, and other bytes were there that had been there before. */
  neverThere: number;
}

const showsDeadline = 20_000;

export class Person {
  readonly counts: PersonCounts = { saved: 0, refused: 0, interrupted: 0, neverThere: 0 };
  /** Saves that a crash has left to VS Code alone. */
  readonly alone: Unguarded[] = [];
  readonly window: EditorWindow;
  readonly #name: string;
  readonly #ledger: Ledger;
  /** What the window's documents have been, one text a line. */
  readonly #log: string;
  /** Bytes of it. */
  #read = 0;
  /** Settles when there is an extension host again. */
  #host: Promise<void> = Promise.resolve();

  constructor(window: EditorWindow, name: string, ledger: Ledger, log: string) {
    this.window = window;
    this.#name = name;
    this.#ledger = ledger;
    this.#log = log;
    appendFileSync(log, '');
  }

  /** Opens the files, and notes from now on what is shown. */
  async begin(paths: readonly string[]): Promise<void> {
    await this.window.run(
      async (api, files, log) => {
        const fs = process.getBuiltinModule('node:fs');
        const note = (document: vscode.TextDocument): void => {
          if (files.includes(document.uri.fsPath)) fs.appendFileSync(log, `${JSON.stringify(document.getText())}\n`);
        };
        api.workspace.onDidOpenTextDocument(note);
        api.workspace.onDidChangeTextDocument(({ document }) => {
          note(document);
        });
        for (const path of files) {
          const document = await api.workspace.openTextDocument(path);
          note(document);
          await api.window.showTextDocument(document, { preview: false });
        }
      },
      paths,
      this.#log,
    );
  }

  /** Replaces the document, and saves it. */
  async save(path: string, bytes: number): Promise<void> {
    await this.#host;
    const version = this.#ledger.begin(path, this.#name, bytes);
    const before = this.#ledger.doneSoFar();
    const outcome = await this.#unlessInterrupted(
      this.window.run(
        async (api, at, text) => {
          const document = await api.workspace.openTextDocument(at);
          const edit = new api.WorkspaceEdit();
          edit.replace(document.uri, new api.Range(0, 0, document.lineCount, 0), text);
          const saved = (await api.workspace.applyEdit(edit)) && (await document.save());
          if (saved) return true;
          await api.window.showTextDocument(document, { preview: false });
          await api.commands.executeCommand('workbench.action.files.revert');
          await api.commands.executeCommand('notifications.clearAll');
          return false;
        },
        path,
        this.#ledger.text(version),
      ),
    );
    if (outcome === undefined) {
      this.counts.interrupted++;
      const at = Date.now();
      // VS Code may go on with the save while it starts another one.
      await this.#host;
      this.alone.push({ path, why: 'crashed', at, until: Date.now() });
    } else if (!outcome) this.counts.refused++;
    else {
      this.counts.saved++;
      this.#ledger.done(version);
      // It is in this window's history.
      this.#ledger.seen(this.#ledger.text(version));
      const there = this.#ledger.whole(readFileSync(path, 'utf8'));
      if (there !== undefined && before.has(there)) this.counts.neverThere++;
    }
  }

  /** Ends the window's extension host as a crash would, and waits until VS Code has started another one. */
  crash(paths: readonly string[]): Promise<void> {
    process.kill(this.window.extensionHostPid, 'SIGKILL');
    this.#host = this.window.untilNewExtensionHost().then(() => this.begin(paths));
    return this.#host;
  }

  /**
   * Gives up what is not saved, and waits until each document is what is on the disk.
   *
   * @returns those of which this window does not know that they are not: VS Code has saved them, and then taken another program's version,
   *   which came between its write and its look at the file, for its own
   */
  async settle(paths: readonly string[]): Promise<readonly string[]> {
    await this.#host;
    const unaware: string[] = [];
    for (const path of paths) {
      const shown = await this.window.run(
        async (api, at, milliseconds) => {
          const fs = process.getBuiltinModule('node:fs');
          const document = await api.workspace.openTextDocument(at);
          if (document.isDirty) {
            await api.window.showTextDocument(document, { preview: false });
            await api.commands.executeCommand('workbench.action.files.revert');
          }
          return new Promise<boolean>((resolve) => {
            const shows = (): boolean => document.getText() === fs.readFileSync(at, 'utf8');
            if (shows()) {
              resolve(true);
              return;
            }
            const end = (how: boolean): void => {
              clearTimeout(timer);
              listener.dispose();
              resolve(how);
            };
            const timer = setTimeout(end, milliseconds, false);
            const listener = api.workspace.onDidChangeTextDocument(() => {
              if (shows()) end(true);
            });
          });
        },
        path,
        showsDeadline,
      );
      if (!shown) unaware.push(path);
    }
    this.#takeSeen();
    return unaware;
  }

  /** Hands to the ledger what was shown since the last time. */
  #takeSeen(): void {
    if (!existsSync(this.#log)) return;
    const log = openSync(this.#log, 'r');
    try {
      // The whole of it becomes longer than a string may be.
      const added = Buffer.alloc(fstatSync(log).size - this.#read);
      const length = readSync(log, added, 0, added.length, this.#read);
      const lines = added.subarray(0, added.lastIndexOf('\n', length - 1) + 1);
      this.#read += lines.length;
      for (const line of lines.toString().split('\n').slice(0, -1)) this.#ledger.seen(JSON.parse(line) as string);
    } finally {
      closeSync(log);
    }
  }

  async #unlessInterrupted<T>(work: Promise<T>): Promise<T | undefined> {
    const { extensionHostEnded } = this.window;
    try {
      return await work;
    } catch (error) {
      if (!(error instanceof Error) || !/extension host \d+ (has )?ended/.test(error.message)) throw error;
      await extensionHostEnded;
      return undefined;
    }
  }
}
