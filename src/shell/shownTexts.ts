import * as vscode from 'vscode';

import { DisposableStore, type Disposable } from '../core/disposable';
import { comparedText } from '../core/limits';
import { concernsLines, lineEnds, type LineEdit } from '../core/lineEdits';
import type { ShownText } from '../core/shown/readMarks';
import { afterChange, type TextBase } from '../core/shown/textBase';

/** Follows what editors show away from what was read or saved last. */
export class ShownTexts implements Disposable {
  readonly #bases = new WeakMap<vscode.TextDocument, TextBase>();
  readonly #owned = new DisposableStore();
  readonly #changed = this.#owned.add(new vscode.EventEmitter<vscode.TextDocument>());

  /** Told of a document whose lines or whose base may be others. */
  readonly onDidChange = this.#changed.event;

  constructor() {
    const look = (document: vscode.TextDocument): void => {
      this.#take(document, []);
    };
    vscode.workspace.textDocuments.forEach(look);
    this.#owned.add(vscode.workspace.onDidOpenTextDocument(look));
    this.#owned.add(vscode.workspace.onDidSaveTextDocument(look));
    this.#owned.add(
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        this.#take(document, contentChanges);
      }),
    );
  }

  dispose(): void {
    this.#owned.dispose();
  }

  /** `undefined`: it was not clean since we know it. */
  of(document: vscode.TextDocument): ShownText | undefined {
    const base = this.#bases.get(document);
    return base && { size: base.size, edits: base.edits, lineCount: document.lineCount };
  }

  #take(document: vscode.TextDocument, changes: readonly vscode.TextDocumentContentChangeEvent[]): void {
    if (document.uri.scheme !== 'file') return;
    const before = this.#bases.get(document);
    const change = { changed: changes.length > 0, edits: editsOf(changes), dirty: document.isDirty };
    const after = afterChange(before, change, () => sizeOf(document));
    if (after) this.#bases.set(document, after);
    else this.#bases.delete(document);
    if (before?.size !== after?.size || before?.edits !== after?.edits) this.#changed.fire(document);
  }
}

/** VS Code tells the changes of one edit from the last in the text to the first: none moves one that comes after it. */
function editsOf(changes: readonly vscode.TextDocumentContentChangeEvent[]): readonly LineEdit[] {
  return changes
    .map(({ range: { start, end }, text }) => ({ start, end, lines: lineEnds(text) }))
    .filter(concernsLines);
}

/** Bytes of a clean document's file, where they can be told without asking VS Code. */
function sizeOf(document: vscode.TextDocument): number | undefined {
  const { end } = document.lineAt(document.lineCount - 1).range;
  if (document.offsetAt(end) > comparedText) return undefined;
  if (document.encoding === 'utf8') return Buffer.byteLength(document.getText());
  if (document.encoding === 'utf8bom') return Buffer.byteLength(document.getText()) + 3;
  return undefined;
}
