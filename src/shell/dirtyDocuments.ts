import * as vscode from 'vscode';

import type { EditorsText } from '../core/baseline';
import { DisposableStore, type Disposable } from '../core/disposable';

import { editorsText } from './editorsText';

/** VS Code says that a document is dirty right after the change that made it so; milliseconds. */
const saysDirty = 100;

/** A document is what VS Code has read, or written. */
export interface MatchesDisk {
  readonly document: vscode.TextDocument;
  readonly text: EditorsText | undefined;
}

/** A change of a document that was not dirty then. */
interface Change extends MatchesDisk {
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
  readonly #matchesDisk = this.#owned.add(new vscode.EventEmitter<MatchesDisk>());
  /** Those that are being saved, and their versions when that began. */
  readonly #saving = new Map<string, number>();
  /** Those whose text was last changed by undoing: VS Code has read nothing. */
  readonly #undone = new Set<string>();
  /** VS Code has read the file, or somebody has changed the text: that is told by what comes next. */
  readonly #changes = new Map<string, Change>();

  readonly onDidBecomeDirty = this.#becameDirty.event;
  readonly onDidBecomeClean = this.#becameClean.event;
  readonly onDidClose = this.#closed.event;
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
      vscode.workspace.onWillSaveTextDocument(({ document }) => {
        this.#saving.set(document.uri.toString(), document.version);
      }),
    );
    this.#owned.add(
      vscode.workspace.onDidSaveTextDocument((document) => {
        const key = document.uri.toString();
        const began = this.#saving.get(key);
        this.#saving.delete(key);
        this.#isClean(document, true, began === document.version);
      }),
    );
    this.#owned.add(
      vscode.workspace.onDidOpenTextDocument((document) => {
        this.#opened(document);
      }),
    );
    this.#owned.add(
      vscode.workspace.onDidCloseTextDocument((document) => {
        this.#isClean(document, false);
        this.#undone.delete(document.uri.toString());
        this.#saving.delete(document.uri.toString());
        if (document.uri.scheme === 'file') this.#closed.fire(document);
      }),
    );
  }

  /** To be called once, when everybody listens: some are open already, and those that were restored are dirty. */
  start(): void {
    openFiles().forEach((document) => {
      this.#opened(document);
    });
  }

  #opened(document: vscode.TextDocument): void {
    if (document.uri.scheme !== 'file') return;
    if (document.isDirty) this.#isDirty(document);
    else this.#matchesDisk.fire(asItIs(document));
  }

  #isDirty(document: vscode.TextDocument): void {
    const key = document.uri.toString();
    const change = this.#take(key);
    // That one came from the disk.
    if (change && change.version !== document.version) this.#matchesDisk.fire(change);
    if (this.#dirty.has(key)) return;
    this.#dirty.add(key);
    this.#becameDirty.fire(document);
  }

  /**
   * @param matches it is what is on the disk
   * @param isWhole just as it is now: when somebody has typed on during a save, VS Code does not say so, and calls it not dirty
   *   (extHostDocuments.ts, $acceptModelSaved)
   */
  #isClean(document: vscode.TextDocument, matches: boolean, isWhole = true): void {
    const key = document.uri.toString();
    const change = this.#take(key);
    if (this.#dirty.delete(key)) this.#becameClean.fire(document);
    if (!matches || document.uri.scheme !== 'file') return;
    if (!isWhole) this.#matchesDisk.fire({ document, text: undefined });
    else this.#matchesDisk.fire(change?.version === document.version ? change : asItIs(document));
  }

  /** By VS Code, which has read the file, or by somebody: then it is said to be dirty next. */
  #hasChanged(document: vscode.TextDocument): void {
    const key = document.uri.toString();
    const before = this.#take(key);
    if (before) this.#matchesDisk.fire(before);
    const timer = setTimeout(() => {
      this.#isClean(document, !this.#undone.has(key));
    }, saysDirty);
    this.#changes.set(key, { ...asItIs(document), version: document.version, timer });
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

  /** Those that are open, and match the disk. Their texts are encoded: only of those that are wanted. */
  matchingDisk(isWanted: (document: vscode.TextDocument) => boolean): readonly MatchesDisk[] {
    return openFiles()
      .filter((document) => !document.isDirty && isWanted(document))
      .map(asItIs);
  }

  /** Those that are open, and dirty. */
  dirty(): readonly vscode.TextDocument[] {
    return openFiles().filter(({ isDirty }) => isDirty);
  }

  dispose(): void {
    this.#owned.dispose();
    this.#dirty.clear();
    this.#undone.clear();
    this.#saving.clear();
    for (const { timer } of this.#changes.values()) clearTimeout(timer);
    this.#changes.clear();
  }
}

function asItIs(document: vscode.TextDocument): MatchesDisk {
  return { document, text: editorsText(document) };
}

function openFiles(): readonly vscode.TextDocument[] {
  return vscode.workspace.textDocuments.filter(({ uri }) => uri.scheme === 'file');
}
