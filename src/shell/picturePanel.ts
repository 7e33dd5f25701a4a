import { basename } from 'node:path';
import * as vscode from 'vscode';

import type { CommandName, SettingName } from '../core/contributions';
import { DisposableStore, type Disposable } from '../core/disposable';
import type { Lookout } from '../core/holders/service';
import { panelLine } from '../core/logLines';
import { readFromPanel, type FromPanel, type PageTexts, type ToPanel } from '../core/shown/panelMessages';
import { inSentences, pictureOf, type PictureTarget } from '../core/shown/picture';
import { pictureLimits } from '../core/shown/pictureLimits';
import { PictureNews } from '../core/shown/pictureNews';
import { seeVersions, type SeenVersions } from '../core/shown/seenVersions';
import { message, texts, type Message } from '../core/text';
import { folderOf } from './folderOf';
import type { HolderCommands } from './holderCommands';
import type { HoldersTree } from './holdersTree';
import type { Log } from './log';
import { momentsOf } from './moments';
import { Paced } from './paced';
import { shownLanguage, translate } from './translate';
import type { Violations } from './violations';

/** VS Code's name of the panel: with it, it is restored when a window is loaded again. `package.json` names it, too. */
const viewType = 'holdfast.picture';

/** The picture of files in use, in an editor tab of its own: at most one. */
export class PicturePanel implements Disposable {
  readonly #lookout: Lookout;
  readonly #violations: Violations;
  readonly #tree: HoldersTree;
  readonly #commands: HolderCommands;
  readonly #log: Log;
  /** The folder with the page's script and style. */
  readonly #bundle: vscode.Uri;
  readonly #owned = new DisposableStore();
  readonly #updates = this.#owned.add(
    new Paced(pictureLimits.between, () => {
      this.#send();
    }),
  );
  /** Remembered also while nobody looks: what is gone cannot be asked for later. */
  #seen: SeenVersions = new Map();
  #panel: vscode.WebviewPanel | undefined;
  /** The page waits for pictures. */
  #ready = false;
  #readyAt = 0;
  /** What the page was sent last, but for the time: the same is not sent again. */
  #sent: string | undefined;
  /** Since the page is there. */
  #news: PictureNews | undefined;
  #gathering: NodeJS.Timeout | undefined;
  #waiting: NodeJS.Timeout | undefined;
  /** What its items stand for, and those of the picture before: the user may have meant that one. */
  #targets: readonly ReadonlyMap<string, PictureTarget>[] = [];

  constructor(
    lookout: Lookout,
    violations: Violations,
    tree: HoldersTree,
    commands: HolderCommands,
    log: Log,
    bundle: vscode.Uri,
  ) {
    this.#lookout = lookout;
    this.#violations = violations;
    this.#tree = tree;
    this.#commands = commands;
    this.#log = log;
    this.#bundle = bundle;
    this.#owned.add(
      lookout.onDidChange((paths) => {
        this.#seen = seeVersions(this.#seen, paths, (path) => lookout.of(path), Date.now());
        this.#updates.ask();
      }),
    );
    this.#owned.add(
      violations.onDidChange(() => {
        this.#updates.ask();
      }),
    );
    const command: CommandName = 'holdfast.showPicture';
    this.#owned.add(
      vscode.commands.registerCommand(command, () => {
        this.#show();
      }),
    );
    this.#owned.add(
      vscode.window.registerWebviewPanelSerializer(viewType, {
        deserializeWebviewPanel: (panel) => {
          this.#take(panel);
          return Promise.resolve();
        },
      }),
    );
  }

  dispose(): void {
    this.#owned.dispose();
    this.#forgetPage();
    this.#panel?.dispose();
  }

  #show(): void {
    if (this.#panel) {
      this.#panel.reveal();
      return;
    }
    const title = translate(message(texts.pictureTitle));
    this.#take(vscode.window.createWebviewPanel(viewType, title, vscode.ViewColumn.Active));
  }

  #take(panel: vscode.WebviewPanel): void {
    this.#panel?.dispose();
    this.#panel = panel;
    this.#forgetPage();
    panel.title = translate(message(texts.pictureTitle));
    panel.webview.options = { enableScripts: true, localResourceRoots: [this.#bundle] };
    panel.onDidDispose(() => {
      if (this.#panel !== panel) return;
      this.#panel = undefined;
      this.#forgetPage();
      this.#targets = [];
    });
    // A page that is not to be seen is not there; when it is shown again it says that it is ready.
    panel.onDidChangeViewState(() => {
      if (this.#panel === panel && !panel.visible) this.#forgetPage();
    });
    panel.webview.onDidReceiveMessage((raw: unknown) => {
      const told = readFromPanel(raw);
      if (told) void this.#told(told);
      else this.#log.write(panelLine('host'));
    });
    panel.webview.html = this.#page(panel.webview);
  }

  #forgetPage(): void {
    this.#ready = false;
    this.#sent = undefined;
    this.#news = undefined;
    clearTimeout(this.#gathering);
    clearTimeout(this.#waiting);
    this.#gathering = undefined;
    this.#waiting = undefined;
  }

  async #told(told: FromPanel): Promise<void> {
    switch (told.kind) {
      case 'ready':
        this.#forgetPage();
        this.#ready = true;
        this.#readyAt = performance.now();
        this.#updates.ask();
        return;
      case 'again':
        this.#sent = undefined;
        this.#updates.ask();
        return;
      case 'act':
        return this.#act(this.#targets.map((targets) => targets.get(told.id)).find((target) => target !== undefined));
      case 'showList':
        return this.#tree.show(undefined);
      case 'watchMore': {
        const setting: SettingName = 'holdfast.watch';
        await vscode.commands.executeCommand('workbench.action.openSettings', setting);
        return;
      }
      case 'unread':
        this.#log.write(panelLine('page'));
    }
  }

  /** @param target `undefined`: it is in the picture no more, as the user will have seen by now */
  async #act(target: PictureTarget | undefined): Promise<void> {
    switch (target?.is) {
      case 'file':
        await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(target.path));
        return;
      case 'violation':
        return this.#violations.choose(target.path);
      case 'program':
        return this.#commands.choose(target.path, target.holder);
      case undefined:
    }
  }

  /** @param news to be read out */
  #send(news?: Message): void {
    const panel = this.#panel;
    if (!panel || !this.#ready || this.#waits()) return;
    const files = this.#lookout.all();
    const now = Date.now();
    const { picture, targets } = pictureOf({
      files,
      seen: this.#seen,
      now,
      at: momentsOf(files),
      violation: (path) => this.#violations.sentence(path),
      name: basename,
      folder: folderOf,
    });
    this.#news ??= new PictureNews(files);
    this.#gather(this.#news);
    const told: ToPanel = {
      kind: 'picture',
      language: shownLanguage(),
      texts: pageTexts(),
      picture: inSentences(picture, sentence),
    };
    const sent = JSON.stringify({ ...told, picture: { ...told.picture, now: 0 } });
    const isSame = sent === this.#sent && !news;
    this.#sent = sent;
    this.#targets = [targets, ...(isSame ? this.#targets.slice(1) : this.#targets.slice(0, 1))];
    if (!isSame)
      void panel.webview.postMessage({ ...told, ...(news ? { news: sentence(news) } : {}) } satisfies ToPanel);
  }

  /** Before the lookout has looked, the picture would say that nobody uses anything, and then tell of everybody as news. */
  #waits(): boolean {
    const left = pictureLimits.firstLook - (performance.now() - this.#readyAt);
    if (this.#news || !this.#lookout.looking || left <= 0) return false;
    this.#waiting ??= setTimeout(() => {
      this.#waiting = undefined;
      this.#updates.ask();
    }, left);
    return true;
  }

  #gather(news: PictureNews): void {
    if (this.#gathering || !news.begin(this.#lookout.all())) return;
    this.#gathering = setTimeout(() => {
      this.#gathering = undefined;
      this.#send(news.gathered(this.#lookout.all(), basename));
    }, pictureLimits.gathered);
  }

  #page(webview: vscode.Webview): string {
    const nonce = crypto.randomUUID();
    const address = (file: string): string =>
      attribute(webview.asWebviewUri(vscode.Uri.joinPath(this.#bundle, file)).toString());
    const policy = [
      `default-src 'none'`,
      `base-uri 'none'`,
      `form-action 'none'`,
      `style-src ${webview.cspSource}`,
      `script-src 'nonce-${nonce}'`,
    ].join('; ');
    return [
      '<!DOCTYPE html>',
      `<html lang="${attribute(shownLanguage())}">`,
      '<head>',
      '<meta charset="utf-8">',
      `<meta http-equiv="Content-Security-Policy" content="${attribute(policy)}">`,
      '<meta name="viewport" content="width=device-width, initial-scale=1">',
      `<title>${attribute(translate(message(texts.pictureTitle)))}</title>`,
      `<link rel="stylesheet" href="${address('panel.css')}">`,
      '</head>',
      `<body><script nonce="${nonce}" src="${address('panel.js')}"></script></body>`,
      '</html>',
    ].join('\n');
  }
}

function pageTexts(): PageTexts {
  return {
    title: sentence(message(texts.pictureTitle)),
    list: sentence(message(texts.pictureList)),
    now: sentence(message(texts.pictureNow)),
    legend: sentence(message(texts.pictureLegend)),
    current: sentence(message(texts.currentVersion)),
    older: sentence(message(texts.pictureOlder)),
    past: sentence(message(texts.picturePastVersion)),
    behind: sentence(message(texts.pictureBehindProgram)),
    keys: sentence(message(texts.pictureKeys)),
    empty: sentence(message(texts.pictureEmpty)),
    watch: sentence(message(texts.pictureWatch)),
  };
}

/** What is longer is not read by the page. */
function sentence(text: Message): string {
  return translate(text).slice(0, pictureLimits.text);
}

/** For text in HTML, and between quotation marks there. */
function attribute(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${String(character.charCodeAt(0))};`);
}
