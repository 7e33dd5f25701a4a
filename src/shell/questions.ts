import { basename } from 'node:path';
import * as vscode from 'vscode';

import { DisposableStore, type Disposable } from '../core/disposable';
import type { Report } from '../core/level';
import type { Question } from '../core/options';
import { choicesOf, questionMessage } from '../core/questions';
import type { DirtyDocuments } from './dirtyDocuments';
import type { Levels } from './levels';
import { warn } from './notify';
import type { Settings } from './settings';
import { translate } from './translate';

/**
 * Looks at a file when its document becomes dirty, and asks what its saves shall do if it is in use and a new file could not keep
 * everything. Once for each file: in a save there is no time for it, and no answer is one, too.
 */
export class Questions implements Disposable {
  readonly #documents: DirtyDocuments;
  readonly #levels: Levels;
  readonly #settings: Settings;
  readonly #asked = new Set<string>();
  /** Files of which a question is shown. */
  readonly #open = new Set<string>();
  readonly #owned = new DisposableStore();

  constructor(documents: DirtyDocuments, levels: Levels, settings: Settings) {
    this.#documents = documents;
    this.#levels = levels;
    this.#settings = settings;
    this.#owned.add(
      documents.onDidBecomeDirty(({ uri }) => {
        if (!settings.unguarded(uri)) void levels.foresee(uri);
        this.#askIfOpen(uri);
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

  #askIfOpen(uri: vscode.Uri): void {
    const report = this.#levels.of(uri)?.report;
    if (!report?.question || !this.#documents.isDirty(uri)) return;
    const file = uri.toString();
    const key = `${report.question} ${file}`;
    if (this.#asked.has(key) || this.#open.has(file)) return;
    this.#asked.add(key);
    this.#open.add(file);
    void this.#ask(uri, report.question, report);
  }

  async #ask(uri: vscode.Uri, question: Question, report: Report): Promise<void> {
    // A folder that is not trusted has no say in this.
    const forGood = !vscode.workspace.getWorkspaceFolder(uri) || vscode.workspace.isTrusted;
    const choices = new Map(choicesOf(question, forGood).map((choice) => [translate(choice.label), choice]));
    const sentence = questionMessage(question, report, basename(uri.fsPath));
    const button = await warn(sentence, ...choices.keys());
    this.#open.delete(uri.toString());
    const choice = button === undefined ? undefined : choices.get(button);
    if (!choice) return;
    this.#settings.answer(uri, question, choice.answer);
    // Also what only a save has found out, and what depended on the answer.
    this.#levels.forget(uri);
    void this.#levels.foresee(uri);
    // If it cannot be written, the answer for this window stays.
    if (choice.always) await this.#settings.answerForGood(uri, question, choice.answer).catch(() => undefined);
  }
}
