import { basename } from 'node:path';
import * as vscode from 'vscode';

import { DisposableStore, type Disposable } from '../core/disposable';
import { message, texts } from '../core/text';
import type { Levels } from './levels';
import type { Settings } from './settings';
import { translate } from './translate';

type Choice = 'keepNames' | 'newFile';

/**
 * Looks at a file when its document becomes dirty, and asks what its saves shall do if it has other names and is in use. Once
 * for each file: in a save there is no time for it, and no answer is one, too.
 */
export class HardLinkQuestion implements Disposable {
  readonly #levels: Levels;
  readonly #settings: Settings;
  readonly #dirty = new Set<string>();
  readonly #asked = new Set<string>();
  readonly #owned = new DisposableStore();

  constructor(levels: Levels, settings: Settings) {
    this.#levels = levels;
    this.#settings = settings;
    this.#owned.add(
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        this.#heed(document);
      }),
    );
    this.#owned.add(
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        this.#dirty.delete(uri.toString());
      }),
    );
    this.#owned.add(
      levels.onDidChange((uri) => {
        this.#askIfOpen(uri);
      }),
    );
  }

  dispose(): void {
    this.#owned.dispose();
  }

  #heed({ uri, isDirty }: vscode.TextDocument): void {
    const key = uri.toString();
    if (!isDirty) {
      this.#dirty.delete(key);
      return;
    }
    if (uri.scheme !== 'file' || this.#dirty.has(key)) return;
    this.#dirty.add(key);
    if (!this.#settings.unguarded(uri)) void this.#levels.foresee(uri);
    this.#askIfOpen(uri);
  }

  #askIfOpen(uri: vscode.Uri): void {
    const key = uri.toString();
    if (!this.#dirty.has(key) || this.#asked.has(key)) return;
    const known = this.#levels.of(uri);
    if (known?.when !== 'foreseen' || known.report.otherNames !== 'open') return;
    this.#asked.add(key);
    void this.#ask(uri);
  }

  async #ask(uri: vscode.Uri): Promise<void> {
    const folder = vscode.workspace.getWorkspaceFolder(uri);
    const answers = new Map<string, { readonly choice: Choice; readonly always: boolean }>([
      [translate(message(texts.keepNames)), { choice: 'keepNames', always: false }],
      [translate(message(texts.newFile)), { choice: 'newFile', always: false }],
    ]);
    // A folder that is not trusted has no say in this.
    if (!folder || vscode.workspace.isTrusted) {
      answers.set(translate(message(texts.alwaysKeepNames)), { choice: 'keepNames', always: true });
      answers.set(translate(message(texts.alwaysNewFile)), { choice: 'newFile', always: true });
    }
    const sentence = translate(message(texts.askHardLinks, basename(uri.fsPath)));
    const button = await vscode.window.showWarningMessage(sentence, ...answers.keys());
    const answer = button === undefined ? undefined : answers.get(button);
    if (!answer) return;
    this.#settings.answerHardLinks(uri, answer.choice);
    void this.#levels.foresee(uri);
    // If it cannot be written, the answer for this window stays.
    if (answer.always) await this.#settings.setHardLinks(uri, answer.choice).catch(() => undefined);
  }
}
