import * as vscode from 'vscode';

import type { CommandName } from '../core/contributions';
import { DisposableStore, type Disposable } from '../core/disposable';
import type { Lookout } from '../core/holders/service';
import { statusItemView, type StatusItemView } from '../core/status';
import { message, texts } from '../core/text';
import { activeFile, type ActiveFile } from './activeFile';
import type { Levels } from './levels';
import { hover } from './markdown';
import { writtenMoment } from './moments';
import { concernsUs, type Settings } from './settings';
import { statusOf } from './statusOf';
import { translate } from './translate';
import type { Violations } from './violations';

/** The level of the current file and who uses it, in the status bar. Hidden where there is nothing to say. */
export class StatusItem implements Disposable {
  readonly #lookout: Lookout;
  readonly #levels: Levels;
  readonly #settings: Settings;
  readonly #violations: Violations;
  readonly #item: vscode.StatusBarItem;
  readonly #owned = new DisposableStore();

  constructor(lookout: Lookout, levels: Levels, settings: Settings, violations: Violations) {
    this.#lookout = lookout;
    this.#levels = levels;
    this.#settings = settings;
    this.#violations = violations;
    this.#item = this.#owned.add(vscode.window.createStatusBarItem('level', vscode.StatusBarAlignment.Right, 100));
    this.#item.name = translate(message(texts.itemName));
    this.#item.command = 'holdfast.showHolders' satisfies CommandName;
    this.#listen();
    this.#look();
  }

  dispose(): void {
    this.#owned.dispose();
  }

  #listen(): void {
    const look = (): void => {
      this.#look();
    };
    this.#owned.add(vscode.window.tabGroups.onDidChangeTabs(look));
    this.#owned.add(vscode.window.tabGroups.onDidChangeTabGroups(look));
    this.#owned.add(vscode.window.onDidChangeActiveTextEditor(look));
    this.#owned.add(
      vscode.window.onDidChangeWindowState((state) => {
        if (state.focused) look();
      }),
    );
    const lookIfActive = ({ uri }: { readonly uri: vscode.Uri }): void => {
      if (activeFile()?.uri.toString() === uri.toString()) look();
    };
    this.#owned.add(vscode.workspace.onDidOpenTextDocument(lookIfActive));
    this.#owned.add(vscode.workspace.onDidOpenNotebookDocument(lookIfActive));
    this.#owned.add(
      vscode.workspace.onDidCloseTextDocument((document) => {
        this.#levels.forget(document.uri);
      }),
    );
    this.#owned.add(
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (concernsUs(event)) look();
      }),
    );
    this.#owned.add(
      this.#levels.onDidChange((uri) => {
        const active = activeFile();
        if (active?.uri.toString() === uri.toString()) this.#show(active);
      }),
    );
    const showIfActive = (paths: readonly string[]): void => {
      const active = activeFile();
      if (active && paths.includes(active.uri.fsPath)) this.#show(active);
    };
    this.#owned.add(this.#lookout.onDidChange(showIfActive));
    this.#owned.add(this.#violations.onDidChange(showIfActive));
  }

  /** Shows what is known at once, and looks at the file anew. */
  #look(): void {
    const active = activeFile();
    if (!active) {
      this.#item.hide();
      return;
    }
    this.#show(active);
    if (active.announced && !this.#settings.unguarded(active.uri)) void this.#levels.foresee(active.uri);
  }

  #show(active: ActiveFile): void {
    const status = statusOf(active, this.#levels, this.#settings);
    if (!status) {
      this.#item.hide();
      return;
    }
    const watched = !this.#settings.unguarded(active.uri);
    const file = watched ? this.#lookout.of(active.uri.fsPath) : undefined;
    this.#assign(statusItemView(status, file, writtenMoment, this.#violations.of(active.uri.fsPath)));
  }

  #assign(view: StatusItemView): void {
    const label = translate(view.label);
    this.#item.text = `$(${view.icon}) ${label}`;
    this.#item.tooltip = hover([view.tooltip, ...view.holders, message(texts.click)], view.offers);
    this.#item.accessibilityInformation = { label: `${label}. ${translate(view.spoken)}`, role: 'button' };
    this.#item.backgroundColor = view.warning ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
    this.#item.show();
  }
}
