import { basename } from 'node:path';
import * as vscode from 'vscode';

import type { CommandName } from '../core/contributions';
import { DisposableStore, type Disposable } from '../core/disposable';
import type { Lookout } from '../core/holders/service';
import { explanation } from '../core/shown/explanation';
import { message, texts } from '../core/text';
import { activeFile, type ActiveFile } from './activeFile';
import type { Levels } from './levels';
import { escaped } from './markdown';
import { writtenMoment } from './moments';
import { inform } from './notify';
import { concernsUs, type Settings } from './settings';
import { statusOf } from './statusOf';
import { translate } from './translate';

const scheme = 'holdfast';

/**
 * *Explain How This File Is Guarded*: a document that only VS Code has, which can be read line by line, and changes with what it
 * tells of.
 */
export class Explanations implements vscode.TextDocumentContentProvider, Disposable {
  readonly #lookout: Lookout;
  readonly #levels: Levels;
  readonly #settings: Settings;
  readonly #owned = new DisposableStore();
  readonly #changed = this.#owned.add(new vscode.EventEmitter<vscode.Uri>());
  /** Those that were asked for, by the document's address. */
  readonly #files = new Map<string, ActiveFile>();

  readonly onDidChange = this.#changed.event;

  constructor(lookout: Lookout, levels: Levels, settings: Settings) {
    this.#lookout = lookout;
    this.#levels = levels;
    this.#settings = settings;
    this.#owned.add(vscode.workspace.registerTextDocumentContentProvider(scheme, this));
    this.#owned.add(vscode.commands.registerCommand('holdfast.explain' satisfies CommandName, () => this.#explain()));
    this.#owned.add(
      lookout.onDidChange((paths) => {
        this.#tellChanged(({ fsPath }) => paths.includes(fsPath));
      }),
    );
    this.#owned.add(
      levels.onDidChange((uri) => {
        this.#tellChanged((other) => other.toString() === uri.toString());
      }),
    );
    this.#owned.add(
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (concernsUs(event)) this.#tellChanged(() => true);
      }),
    );
    this.#owned.add(
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        this.#files.delete(uri.toString());
      }),
    );
  }

  provideTextDocumentContent(uri: vscode.Uri): string | undefined {
    const file = this.#files.get(uri.toString());
    if (!file) return undefined;
    const { title, sections } = explanation({
      name: basename(file.uri.fsPath),
      status: statusOf(file, this.#levels, this.#settings),
      file: this.#settings.unguarded(file.uri) ? undefined : this.#lookout.of(file.uri.fsPath),
      closed: this.#lookout.closed,
      at: writtenMoment,
    });
    const lines = [
      `# ${escaped(translate(title))}`,
      ...sections.flatMap(({ heading, paragraphs }) => [
        `## ${escaped(translate(heading))}`,
        ...paragraphs.map((paragraph) => escaped(translate(paragraph))),
      ]),
    ];
    return `${lines.join('\n\n')}\n`;
  }

  dispose(): void {
    this.#owned.dispose();
    this.#files.clear();
  }

  async #explain(): Promise<void> {
    const active = activeFile();
    if (!active) {
      await inform(message(texts.noFileToExplain));
      return;
    }
    if (active.announced && !this.#settings.unguarded(active.uri)) await this.#levels.foresee(active.uri);
    const title = translate(message(texts.explanationTitle, basename(active.uri.fsPath)));
    const uri = vscode.Uri.from({ scheme, path: `/${title}.md`, query: active.uri.toString() });
    this.#files.set(uri.toString(), active);
    this.#changed.fire(uri);
    await showDocument(uri);
  }

  #tellChanged(concerns: (file: vscode.Uri) => boolean): void {
    for (const [address, file] of this.#files) if (concerns(file.uri)) this.#changed.fire(vscode.Uri.parse(address));
  }
}

/** As VS Code shows Markdown; where its extension for that is switched off, as text. */
async function showDocument(uri: vscode.Uri): Promise<void> {
  try {
    await vscode.commands.executeCommand('markdown.showPreview', uri);
  } catch {
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri));
  }
}
