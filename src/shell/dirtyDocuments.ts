import * as vscode from 'vscode';

import { DisposableStore, type Disposable } from '../core/disposable';

/** Tells of each document of a file at the moment that it becomes dirty, and when it is not any more. */
export class DirtyDocuments implements Disposable {
  readonly #dirty = new Set<string>();
  readonly #owned = new DisposableStore();
  readonly #becameDirty = this.#owned.add(new vscode.EventEmitter<vscode.TextDocument>());
  readonly #becameClean = this.#owned.add(new vscode.EventEmitter<vscode.TextDocument>());

  readonly onDidBecomeDirty = this.#becameDirty.event;
  readonly onDidBecomeClean = this.#becameClean.event;

  constructor() {
    const clean = (document: vscode.TextDocument): void => {
      if (this.#dirty.delete(document.uri.toString())) this.#becameClean.fire(document);
    };
    this.#owned.add(
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        const key = document.uri.toString();
        if (!document.isDirty) clean(document);
        else if (document.uri.scheme === 'file' && !this.#dirty.has(key)) {
          this.#dirty.add(key);
          this.#becameDirty.fire(document);
        }
      }),
    );
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
