import * as vscode from 'vscode';

import { DisposableStore, type Disposable } from '../core/disposable';
import type { Guard } from '../core/guard';

import type { DirtyDocuments, MatchesDisk } from './dirtyDocuments';
import { concernsUs, type Settings } from './settings';

/** Tells the guard what becomes of the open documents whose files the settings want guarded, and of those that they want guarded by now. */
export class GuardedDocuments implements Disposable {
  readonly #guard: Guard;
  readonly #documents: DirtyDocuments;
  readonly #settings: Settings;
  readonly #owned = new DisposableStore();
  /** Those of which the guard was told nothing. */
  readonly #unguarded = new Set<string>();

  constructor(guard: Guard, documents: DirtyDocuments, settings: Settings) {
    this.#guard = guard;
    this.#documents = documents;
    this.#settings = settings;
    const matches = (match: MatchesDisk): void => {
      this.#matches(match);
    };
    const becameDirty = (document: vscode.TextDocument): void => {
      this.#becameDirty(document);
    };
    const takeUp = (): void => {
      if (this.#unguarded.size > 0) this.#tell(({ uri }) => this.#unguarded.has(uri.toString()));
    };
    this.#owned.add(documents.onDidMatchDisk(matches));
    this.#owned.add(documents.onDidBecomeDirty(becameDirty));
    this.#owned.add(
      documents.onDidBecomeClean(({ uri }) => {
        guard.becameClean(uri.fsPath);
      }),
    );
    this.#owned.add(
      documents.onDidClose(({ uri }) => {
        this.#unguarded.delete(uri.toString());
        guard.notFollowed(uri.fsPath);
      }),
    );
    // The settings, who were there first, have forgotten what they read before.
    this.#owned.add(
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (concernsUs(event)) takeUp();
      }),
    );
    this.#owned.add(vscode.workspace.onDidChangeWorkspaceFolders(takeUp));
  }

  /** Whoever knew of them is gone. */
  tellAgain(): void {
    this.#tell(() => true);
  }

  dispose(): void {
    this.#owned.dispose();
    this.#unguarded.clear();
  }

  #tell(isWanted: (document: vscode.TextDocument) => boolean): void {
    for (const match of this.#documents.matchingDisk(isWanted)) this.#matches(match);
    for (const document of this.#documents.dirty()) if (isWanted(document)) this.#becameDirty(document);
  }

  #matches({ document: { uri }, text }: MatchesDisk): void {
    if (this.#isGuarded(uri)) this.#guard.matchesDisk(uri.fsPath, text);
    else this.#guard.notFollowed(uri.fsPath);
  }

  #becameDirty({ uri }: vscode.TextDocument): void {
    if (this.#isGuarded(uri)) this.#guard.becameDirty(uri.fsPath, this.#settings.options(uri));
  }

  #isGuarded(uri: vscode.Uri): boolean {
    const isGuarded = this.#settings.unguarded(uri) === undefined;
    if (isGuarded) this.#unguarded.delete(uri.toString());
    else this.#unguarded.add(uri.toString());
    return isGuarded;
  }
}
