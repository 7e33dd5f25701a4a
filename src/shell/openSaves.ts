import * as vscode from 'vscode';

import { DisposableStore, type Disposable } from '../core/disposable';
import type { GuardedSave } from '../core/guard';
import { documentBytes } from './documentBytes';

/** Follows the documents of saves that are under way, and tells each save what becomes of its document. */
export class OpenSaves implements Disposable {
  readonly #saves = new Map<string, GuardedSave>();
  readonly #owned = new DisposableStore();

  constructor() {
    this.#owned.add(
      vscode.workspace.onDidSaveTextDocument((document) => {
        this.#of(document)?.over('saved');
      }),
    );
    this.#owned.add(
      vscode.workspace.onDidCloseTextDocument((document) => {
        this.#of(document)?.over('givenUp');
      }),
    );
    this.#owned.add(
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        const save = this.#of(document);
        if (!save) return;
        // A document that is saved is told as not dirty, without a change, before it is told as saved.
        if (contentChanges.length === 0) return;
        if (document.isDirty) void this.#change(save, document);
        else save.over('givenUp');
      }),
    );
  }

  add(uri: vscode.Uri, save: GuardedSave): void {
    const key = uri.toString();
    this.#saves.set(key, save);
    void save.reached.then(() => {
      if (this.#saves.get(key) === save) this.#saves.delete(key);
    });
  }

  dispose(): void {
    this.#owned.dispose();
    this.#saves.clear();
  }

  #of({ uri }: vscode.TextDocument): GuardedSave | undefined {
    return this.#saves.get(uri.toString());
  }

  async #change(save: GuardedSave, document: vscode.TextDocument): Promise<void> {
    const content = await documentBytes(document);
    if (content) save.change(content);
  }
}
