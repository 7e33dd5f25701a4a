import * as vscode from 'vscode';

import { DisposableStore, type Disposable } from '../core/disposable';
import type { Lookout } from '../core/holders/service';
import { betweenWatchedLists } from '../core/limits';
import { activeFile, tabUri } from './activeFile';
import type { FoundFiles } from './foundFiles';
import { Paced } from './paced';
import { concernsUs, type Settings } from './settings';

/** Says which files are watched: those that are open here, and those that the setting `holdfast.watch` names; and when to look anew. */
export class WatchedFiles implements Disposable {
  readonly #lookout: Lookout;
  readonly #settings: Settings;
  readonly #found: FoundFiles;
  readonly #owned = new DisposableStore();
  readonly #updates = this.#owned.add(
    new Paced(betweenWatchedLists, () => {
      this.#update();
    }),
  );
  #watched: readonly string[] = [];
  #active: string | undefined;

  constructor(lookout: Lookout, settings: Settings, found: FoundFiles) {
    this.#lookout = lookout;
    this.#settings = settings;
    this.#found = found;
    const update = (): void => {
      this.#updates.ask();
    };
    this.#owned.add(vscode.window.tabGroups.onDidChangeTabs(update));
    this.#owned.add(vscode.window.tabGroups.onDidChangeTabGroups(update));
    this.#owned.add(vscode.workspace.onDidOpenTextDocument(update));
    this.#owned.add(vscode.workspace.onDidCloseTextDocument(update));
    this.#owned.add(vscode.workspace.onDidOpenNotebookDocument(update));
    this.#owned.add(vscode.workspace.onDidCloseNotebookDocument(update));
    this.#owned.add(found.onDidChange(update));
    this.#owned.add(
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (concernsUs(event)) update();
      }),
    );
    this.#owned.add(
      vscode.window.onDidChangeWindowState(({ focused }) => {
        lookout.attend(focused);
        if (focused) this.#look(activeFile()?.uri);
      }),
    );
    const saved = ({ uri }: { readonly uri: vscode.Uri }): void => {
      // Of the others the lookout learns by itself: two hundred can be saved at once.
      if (uri.toString() === activeFile()?.uri.toString()) this.#look(uri);
    };
    this.#owned.add(vscode.workspace.onDidSaveTextDocument(saved));
    this.#owned.add(vscode.workspace.onDidSaveNotebookDocument(saved));
    lookout.attend(vscode.window.state.focused);
    update();
  }

  dispose(): void {
    this.#owned.dispose();
  }

  #update(): void {
    const active = activeFile()?.uri;
    this.#watch(active);
    if (active?.fsPath === this.#active) return;
    this.#active = active?.fsPath;
    this.#look(active);
  }

  /** What the user sees comes first: there is a limit. */
  #watch(active: vscode.Uri | undefined): void {
    const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs.flatMap(({ input }) => tabUri(input) ?? []));
    const uris = [
      ...(active ? [active] : []),
      ...vscode.window.visibleTextEditors.map(({ document }) => document.uri),
      ...tabs,
      ...vscode.workspace.textDocuments.map(({ uri }) => uri),
      ...vscode.workspace.notebookDocuments.map(({ uri }) => uri),
      ...this.#found.uris,
    ];
    const paths = [...new Set(uris.filter((uri) => this.#mayWatch(uri)).map(({ fsPath }) => fsPath))];
    if (JSON.stringify(paths) === JSON.stringify(this.#watched)) return;
    this.#watched = paths;
    this.#lookout.watch(paths);
  }

  #look(uri: vscode.Uri | undefined): void {
    if (uri && this.#watched.includes(uri.fsPath)) this.#lookout.look(uri.fsPath);
  }

  #mayWatch(uri: vscode.Uri): boolean {
    return uri.scheme === 'file' && !this.#settings.unguarded(uri);
  }
}
