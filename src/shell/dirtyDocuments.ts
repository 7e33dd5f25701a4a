import * as vscode from 'vscode';

import { DisposableStore, type Disposable } from '../core/disposable';

/** VS Code says that a document is dirty right after the change that made it so; milliseconds. */
const saysDirty = 100;

/** A change of a document that was not dirty then. */
interface Change {
  readonly version: number;
  readonly timer: NodeJS.Timeout;
}

/** Tells of each document of a file at the moment that it becomes dirty, when it is not any more, and when it is what is on the disk. */
export class DirtyDocuments implements Disposable {
  readonly #dirty = new Set<string>();
  readonly #owned = new DisposableStore();
  readonly #becameDirty = this.#owned.add(new vscode.EventEmitter<vscode.TextDocument>());
  readonly #becameClean = this.#owned.add(new vscode.EventEmitter<vscode.TextDocument>());
  readonly #closed = this.#owned.add(new vscode.EventEmitter<vscode.TextDocument>());
  readonly #matchesDisk = this.#owned.add(new vscode.EventEmitter<vscode.TextDocument>());
  /** Those whose text was last changed by undoing: VS Code has read nothing. */
  readonly #undone = new Set<string>();
  /** VS Code has read the file, or somebody has changed the text: that is told by what comes next. */
  readonly #changes = new Map<string, Change>();

  readonly onDidBecomeDirty = this.#becameDirty.event;
  readonly onDidBecomeClean = this.#becameClean.event;
  readonly onDidClose = this.#closed.event;
  /** VS Code has read it, or written it. */
  readonly onDidMatchDisk = this.#matchesDisk.event;

  constructor() {
    this.#owned.add(
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges, reason }) => {
        if (document.uri.scheme !== 'file') return;
        const key = document.uri.toString();
        // That it is dirty, or not any more, is told without changes.
        if (reason !== undefined) this.#undone.add(key);
        else if (contentChanges.length > 0) this.#undone.delete(key);
        if (document.isDirty) this.#isDirty(document);
        else if (contentChanges.length > 0) this.#hasChanged(document);
        else this.#isClean(document, !this.#undone.has(key));
      }),
    );
    this.#owned.add(
      vscode.workspace.onDidSaveTextDocument((document) => {
        // What is on the disk is known, also if somebody has typed on.
        this.#isClean(document, true);
      }),
    );
    this.#owned.add(
      vscode.workspace.onDidOpenTextDocument((document) => {
        if (matchesDisk(document)) this.#matchesDisk.fire(document);
      }),
    );
    this.#owned.add(
      vscode.workspace.onDidCloseTextDocument((document) => {
        this.#isClean(document, false);
        this.#undone.delete(document.uri.toString());
        if (document.uri.scheme === 'file') this.#closed.fire(document);
      }),
    );
  }

  #isDirty(document: vscode.TextDocument): void {
    const key = document.uri.toString();
    const change = this.#take(key);
    // That one came from the disk.
    if (change && change.version !== document.version) this.#matchesDisk.fire(document);
    if (this.#dirty.has(key)) return;
    this.#dirty.add(key);
    this.#becameDirty.fire(document);
  }

  #isClean(document: vscode.TextDocument, matches: boolean): void {
    const key = document.uri.toString();
    this.#take(key);
    if (this.#dirty.delete(key)) this.#becameClean.fire(document);
    if (matches && document.uri.scheme === 'file') this.#matchesDisk.fire(document);
  }

  /** By VS Code, which has read the file, or by somebody: then it is said to be dirty next. */
  #hasChanged(document: vscode.TextDocument): void {
    const key = document.uri.toString();
    if (this.#take(key)) this.#matchesDisk.fire(document);
    const timer = setTimeout(() => {
      this.#isClean(document, !this.#undone.has(key));
    }, saysDirty);
    this.#changes.set(key, { version: document.version, timer });
  }

  #take(key: string): Change | undefined {
    const change = this.#changes.get(key);
    clearTimeout(change?.timer);
    this.#changes.delete(key);
    return change;
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
    for (const { timer } of this.#changes.values()) clearTimeout(timer);
    this.#changes.clear();
  }
}

function matchesDisk({ uri, isDirty }: vscode.TextDocument): boolean {
  return uri.scheme === 'file' && !isDirty;
}
