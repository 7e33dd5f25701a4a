import * as vscode from 'vscode';

import type { ColorName } from '../core/contributions';
import { DisposableStore, type Disposable } from '../core/disposable';
import type { Lookout } from '../core/holders/service';
import { readMarks, type ReadMark } from '../core/shown/readMarks';
import type { Levels } from './levels';
import { hover } from './markdown';
import { writtenMoment } from './moments';
import type { ShownTexts } from './shownTexts';

const nothing = '[]';

/** Marks the lines up to which running programs have read the file, in every editor that shows it. */
export class ReadMarks implements Disposable {
  readonly #lookout: Lookout;
  readonly #levels: Levels;
  readonly #texts: ShownTexts;
  readonly #owned = new DisposableStore();
  readonly #type: vscode.TextEditorDecorationType;
  /** What each editor shows now, to be compared. */
  readonly #drawn = new WeakMap<vscode.TextEditor, string>();

  /** @param media the folder of the extension's pictures */
  constructor(lookout: Lookout, levels: Levels, texts: ShownTexts, media: vscode.Uri) {
    this.#lookout = lookout;
    this.#levels = levels;
    this.#texts = texts;
    const color = new vscode.ThemeColor('holdfast.readUpTo' satisfies ColorName);
    const icon = (kind: string): vscode.Uri => vscode.Uri.joinPath(media, `read-up-to-${kind}.svg`);
    this.#type = this.#owned.add(
      vscode.window.createTextEditorDecorationType({
        // The whole line: VS Code shows no hover of an extension's over the gutter.
        isWholeLine: true,
        gutterIconSize: 'contain',
        overviewRulerColor: color,
        overviewRulerLane: vscode.OverviewRulerLane.Left,
        light: { gutterIconPath: icon('light') },
        dark: { gutterIconPath: icon('dark') },
      }),
    );
    this.#owned.add(
      lookout.onDidChange((paths) => {
        this.#draw(({ uri }) => paths.includes(uri.fsPath));
      }),
    );
    this.#owned.add(
      levels.onDidChange((changed) => {
        this.#draw(({ uri }) => uri.toString() === changed.toString());
      }),
    );
    this.#owned.add(
      texts.onDidChange((changed) => {
        this.#draw((document) => document === changed, 'anew');
      }),
    );
    this.#owned.add(
      vscode.window.onDidChangeVisibleTextEditors(() => {
        this.#draw(() => true);
      }),
    );
    this.#draw(() => true);
  }

  dispose(): void {
    this.#owned.dispose();
  }

  /** @param how `anew`: an edit has moved what was drawn, and nobody knows where to */
  #draw(concerns: (document: vscode.TextDocument) => boolean, how: 'ifOther' | 'anew' = 'ifOther'): void {
    for (const editor of vscode.window.visibleTextEditors) {
      if (editor.document.uri.scheme === 'file' && concerns(editor.document)) this.#drawIn(editor, how);
    }
  }

  #drawIn(editor: vscode.TextEditor, how: 'ifOther' | 'anew'): void {
    const { document } = editor;
    const marks = this.#marksOf(document);
    const key = JSON.stringify(marks);
    const drawn = this.#drawn.get(editor) ?? nothing;
    if (key === drawn && (how === 'ifOther' || key === nothing)) return;
    this.#drawn.set(editor, key);
    editor.setDecorations(
      this.#type,
      marks.map(({ line, hover: paragraphs }) => ({
        range: document.lineAt(line).range,
        hoverMessage: hover(paragraphs),
      })),
    );
  }

  #marksOf(document: vscode.TextDocument): readonly ReadMark[] {
    const shown = this.#texts.of(document);
    if (!shown) return [];
    const level = this.#levels.of(document.uri)?.report.level;
    return readMarks(this.#lookout.of(document.uri.fsPath), shown, level, writtenMoment);
  }
}
