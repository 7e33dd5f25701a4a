import * as vscode from 'vscode';

import { DisposableStore, type Disposable } from '../core/disposable';

/** Tells of each document of a file at the moment that it becomes dirty, when it is not any more, and when it is what is on the disk. */
export class DirtyDocuments implements Disposable {
  readonly #dirty = new Set<string>();
  readonly #owned = new DisposableStore();
  readonly #becameDirty = this.#owned.add(new vscode.EventEmitter<vscode.TextDocument>());
  readonly #becameClean = this.#owned.add(new vscode.EventEmitter<vscode.TextDocument>());

  readonly #matchesDisk = this.#owned.add(new vscode.EventEmitter<vscode.TextDocument>());
  /** Those whose text was last changed by undoing: VS Code has read nothing. */
  readonly #undone = new Set<string>();

  readonly onDidBecomeDirty = this.#becameDirty.event;
  readonly onDidBecomeClean = this.#becameClean.event;
  /** VS Code has read it, or written it. */
  readonly onDidMatchDisk = this.#matchesDisk.event;

  constructor() {
    const clean = (document: vscode.TextDocument): void => {
      if (this.#dirty.delete(document.uri.toString())) this.#becameClean.fire(document);
    };
    const matches = (document: vscode.TextDocument): void => {
      if (matchesDisk(document)) this.#matchesDisk.fire(document);
    };
    this.#owned.add(
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges, reason }) => {
        const key = document.uri.toString();
        // That it is dirty, or not any more, is told without changes.
        if (reason !== undefined) this.#undone.add(key);
        else if (contentChanges.length > 0) this.#undone.delete(key);
        if (!document.isDirty) {
          clean(document);
          if (!this.#undone.has(key)) matches(document);
        } else if (document.uri.scheme === 'file' && !this.#dirty.has(key)) {
          this.#dirty.add(key);
          this.#becameDirty.fire(document);
        }
      }),
    );
    this.#owned.add(
      vscode.workspace.onDidSaveTextDocument((document) => {
        clean(document);
        // What is on the disk is known, also if somebody has typed on.
        if (document.uri.scheme === 'file') this.#matchesDisk.fire(document);
      }),
    );
    this.#owned.add(vscode.workspace.onDidOpenTextDocument(matches));
    this.#owned.add(
      vscode.workspace.onDidCloseTextDocument((document) => {
        clean(document);
        this.#undone.delete(document.uri.toString());
      }),
    );
  }

  isDirty(uri: vscode.Uri): boolean {
    return this.#dirty.has(uri.toString());
  }

  /** Those that are open now. */
  matchingDisk(): readonly vscode.TextDocument[] {
    return vscode.workspace.textDocuments.filter(matchesDisk);
  }

  dispose(): void {
    this.#owned.dispose();
    this.#dirty.clear();
    this.#undone.clear();
  }
}

function matchesDisk({ uri, isDirty }: vscode.TextDocument): boolean {
  return uri.scheme === 'file' && !isDirty;
}
