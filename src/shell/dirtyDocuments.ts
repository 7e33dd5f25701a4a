import * as vscode from 'vscode';

import { DisposableStore, type Disposable } from '../core/disposable';

/** Tells of each document of a file at the moment that it becomes dirty. */
export class DirtyDocuments implements Disposable {
  readonly #dirty = new Set<string>();
  readonly #owned = new DisposableStore();
  readonly #becameDirty = this.#owned.add(new vscode.EventEmitter<vscode.TextDocument>());

  readonly onDidBecomeDirty = this.#becameDirty.event;

  constructor() {
    this.#owned.add(
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        const key = document.uri.toString();
        if (!document.isDirty) this.#dirty.delete(key);
        else if (document.uri.scheme === 'file' && !this.#dirty.has(key)) {
          this.#dirty.add(key);
          this.#becameDirty.fire(document);
        }
      }),
    );
    const clean = ({ uri }: vscode.TextDocument): void => {
      this.#dirty.delete(uri.toString());
    };
    this.#owned.add(vscode.workspace.onDidSaveTextDocument(clean));
    this.#owned.add(vscode.workspace.onDidCloseTextDocument(clean));
  }

  isDirty(uri: vscode.Uri): boolean {
    return this.#dirty.has(uri.toString());
  }

  dispose(): void {
    this.#owned.dispose();
    this.#dirty.clear();
  }
}
