import * as vscode from 'vscode';

import { DisposableStore, type Disposable } from '../core/disposable';

/** Tells of each document of a file at the moment that it becomes dirty, and when it is not any more. */
export class DirtyDocuments implements Disposable {
  readonly #dirty = new Set<string>();
  readonly #owned = new DisposableStore();

  constructor(
    onBecameDirty: (document: vscode.TextDocument) => void,
    onBecameClean: (document: vscode.TextDocument) => void,
  ) {
    const clean = (document: vscode.TextDocument): void => {
      if (this.#dirty.delete(document.uri.toString())) onBecameClean(document);
    };
    this.#owned.add(
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        const key = document.uri.toString();
        if (!document.isDirty) clean(document);
        else if (document.uri.scheme === 'file' && !this.#dirty.has(key)) {
          this.#dirty.add(key);
          onBecameDirty(document);
        }
      }),
    );
    this.#owned.add(vscode.workspace.onDidSaveTextDocument(clean));
    this.#owned.add(vscode.workspace.onDidCloseTextDocument(clean));
  }

  dispose(): void {
    this.#owned.dispose();
    this.#dirty.clear();
  }
}
