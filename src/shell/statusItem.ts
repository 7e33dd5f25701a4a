import { basename } from 'node:path';
import * as vscode from 'vscode';

import type { CommandName } from '../core/contributions';
import { DisposableStore, type Disposable } from '../core/disposable';
import { report } from '../core/level';
import { statusView, type StatusView } from '../core/status';
import { message, texts } from '../core/text';
import { activeFile, type ActiveFile } from './activeFile';
import type { KnownLevel, Levels } from './levels';
import { concernsUs, type Settings } from './settings';
import { translate } from './translate';

/** The level of the current file, in the status bar. Hidden where there is nothing to say. */
export class StatusItem implements Disposable {
  readonly #levels: Levels;
  readonly #settings: Settings;
  readonly #item: vscode.StatusBarItem;
  readonly #owned = new DisposableStore();

  constructor(levels: Levels, settings: Settings) {
    this.#levels = levels;
    this.#settings = settings;
    this.#item = this.#owned.add(vscode.window.createStatusBarItem('level', vscode.StatusBarAlignment.Right, 100));
    this.#item.name = translate(message(texts.itemName));
    this.#item.command = 'holdfast.showLog' satisfies CommandName;
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
    const known = this.#knownLevel(active);
    if (!known) {
      this.#item.hide();
      return;
    }
    const switchedOff = known.report.reason === 'switchedOff';
    this.#assign(
      statusView({
        name: basename(active.uri.fsPath),
        ...known,
        ...(switchedOff ? { switchedOffBy: this.#settings.switchedOffBy(active.uri) } : {}),
      }),
    );
  }

  #knownLevel(active: ActiveFile): KnownLevel | undefined {
    const unguarded = this.#settings.unguarded(active.uri);
    if (unguarded) return { report: unguarded, when: 'foreseen' };
    if (!active.announced) return { report: report('unannounced'), when: 'foreseen' };
    return this.#levels.of(active.uri);
  }

  #assign(view: StatusView): void {
    const label = translate(view.label);
    const tooltip = translate(view.tooltip);
    this.#item.text = `$(${view.icon}) ${label}`;
    this.#item.tooltip = hover(tooltip, view.offer);
    this.#item.accessibilityInformation = { label: `${label}. ${tooltip}`, role: 'button' };
    this.#item.backgroundColor = view.warning ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
    this.#item.show();
  }
}

function hover(tooltip: string, offer: StatusView['offer']): string | vscode.MarkdownString {
  const click = translate(message(texts.click));
  if (!offer) return `${tooltip}\n${click}`;
  const link = `[${translate(offer.label)}](command:${offer.command})`;
  const markdown = new vscode.MarkdownString([escaped(tooltip), escaped(click), link].join('\n\n'));
  markdown.isTrusted = { enabledCommands: [offer.command] };
  return markdown;
}

/** What `appendText` makes of it has no spaces at which a line could be broken. */
function escaped(text: string): string {
  return text.replace(/[!-/:-@[-`{-~]/g, '\\$&');
}
