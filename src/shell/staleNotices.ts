import { basename } from 'node:path';
import * as vscode from 'vscode';

import { DisposableStore, type Disposable } from '../core/disposable';
import type { Lookout } from '../core/holders/service';
import { isIgnored, offeredActions } from '../core/reopen/actions';
import { isDoneWith } from '../core/reopen/rules';
import { actionLabel, newsMessage } from '../core/reopen/sentences';
import { leading, Telling, type News } from '../core/reopen/telling';
import { message, texts } from '../core/text';
import type { FactsOfHolders } from './holderFacts';
import type { HoldersTree } from './holdersTree';
import { writtenMoment } from './moments';
import { inform } from './notify';
import type { ReopenActions } from './reopenActions';
import type { Settings } from './settings';
import { translate } from './translate';

type Work = () => Promise<void>;

/** After a save, tells who goes on with an older version, and offers what can be done about it. */
export class StaleNotices implements Disposable {
  readonly #facts: FactsOfHolders;
  readonly #actions: ReopenActions;
  readonly #settings: Settings;
  readonly #tree: HoldersTree;
  readonly #uid = process.getuid?.();
  readonly #telling = new Telling();
  readonly #owned = new DisposableStore();

  constructor(lookout: Lookout, facts: FactsOfHolders, actions: ReopenActions, settings: Settings, tree: HoldersTree) {
    this.#facts = facts;
    this.#actions = actions;
    this.#settings = settings;
    this.#tree = tree;
    this.#owned.add(
      lookout.onDidChange((paths) => {
        const now = Date.now();
        for (const path of paths) void this.#tell(this.#telling.changed(path, lookout.of(path), now));
      }),
    );
    const saved = ({ uri }: { readonly uri: vscode.Uri }): void => {
      if (uri.scheme !== 'file' || settings.unguarded(uri)) return;
      const path = uri.fsPath;
      void this.#tell(this.#telling.saved(path, lookout.of(path), Date.now()));
    };
    const saving = ({ scheme, fsPath }: vscode.Uri): void => {
      if (scheme === 'file') this.#telling.saving(fsPath);
    };
    this.#owned.add(vscode.workspace.onWillSaveTextDocument(({ document }) => saving(document.uri)));
    this.#owned.add(vscode.workspace.onWillSaveNotebookDocument(({ notebook }) => saving(notebook.uri)));
    this.#owned.add(vscode.workspace.onDidSaveTextDocument(saved));
    this.#owned.add(vscode.workspace.onDidSaveNotebookDocument(saved));
  }

  dispose(): void {
    this.#owned.dispose();
  }

  async #tell(news: News | undefined): Promise<void> {
    if (!news) return;
    let chosen: Work | undefined;
    try {
      chosen = await this.#show(news);
    } finally {
      this.#telling.dismissed(news);
    }
    await chosen?.();
  }

  /** Resolves when the notification is gone, to what was chosen. */
  async #show(news: News): Promise<Work | undefined> {
    const { path } = news;
    const uri = vscode.Uri.file(path);
    const ignored = this.#settings.ignoredPrograms(uri);
    const rules = vscode.workspace.isTrusted ? this.#settings.rules(uri) : [];
    const asked = await Promise.all(
      news.stale.map(async ({ holder, version }) => {
        const facts = await this.#facts.ask(path, holder, version);
        if (!facts || isIgnored(ignored, holder, facts.inspected)) return [];
        if (isDoneWith(rules, holder, facts.inspected, this.#uid)) return [];
        return [{ holder, version, ...facts }];
      }),
    );
    const stale = leading(asked.flat());
    const [one, ...others] = stale;
    if (!one) return undefined;
    // What is done is done about one program: of several, the list lets one be chosen.
    const offered = others.length > 0 ? [] : offeredActions(one.fitting, one.holder);
    const buttons = new Map(
      offered.map((action) => [translate(actionLabel(action, { name: basename(path), ...one })), action] as const),
    );
    const show = translate(message(texts.holders));
    const sentence = newsMessage(basename(path), { stale }, writtenMoment);
    const answer = await inform(sentence, ...buttons.keys(), show);
    if (answer === undefined) return undefined;
    const action = buttons.get(answer);
    if (!action) return () => this.#tree.show(path);
    // What is always to be done is what the other button does.
    return () => this.#actions.run(action, path, one.holder, offered[0]);
  }
}
