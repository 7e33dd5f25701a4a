import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';

import type { Guard } from '../core/guard';
import { joinNotice, type Joined } from '../core/join';
import { limits } from '../core/limits';
import { joinedLine } from '../core/logLines';
import { message, texts } from '../core/text';
import { activeFile } from './activeFile';
import type { Levels } from './levels';
import type { Log } from './log';
import { inform, noticeText, warn } from './notify';
import { translate } from './translate';

/** *Join the names again*: offers it after a save, does it, and says what came of it. */
export class JoinNames {
  readonly #guard: Guard;
  readonly #levels: Levels;
  readonly #log: Log;
  readonly #joining = new Set<string>();

  constructor(guard: Guard, levels: Levels, log: Log) {
    this.#guard = guard;
    this.#levels = levels;
    this.#log = log;
  }

  /** @param wanted the user has asked for it, and is not told */
  separated(path: string, wanted: boolean): void {
    const uri = vscode.Uri.file(path);
    this.#levels.separated(uri);
    if (!wanted) void this.#offer(uri);
  }

  /** For the current file. */
  async join(): Promise<void> {
    const active = activeFile();
    if (active) await this.#join(active.uri);
    else await inform(message(texts.noFileToJoin));
  }

  async #offer(uri: vscode.Uri): Promise<void> {
    const button = translate(message(texts.joinNames));
    const sentence = message(texts.separated, basename(uri.fsPath));
    if ((await inform(sentence, button)) === button) await this.#join(uri);
  }

  async #join(uri: vscode.Uri): Promise<void> {
    await this.#search(uri, (vscode.workspace.workspaceFolders ?? []).flatMap(pathOnDisk));
  }

  /** @param folders where names may be, besides the file's own folder */
  async #search(uri: vscode.Uri, folders: readonly string[]): Promise<void> {
    const key = uri.toString();
    if (this.#joining.has(key)) return;
    this.#joining.add(key);
    let result: Joined;
    try {
      result = await this.#withProgress(uri, folders);
    } finally {
      this.#joining.delete(key);
    }
    this.#log.write(joinedLine(uri.fsPath, result));
    void this.#levels.foresee(uri);
    await this.#tell(uri, result);
  }

  async #withProgress(uri: vscode.Uri, folders: readonly string[]): Promise<Joined> {
    const cancel = new AbortController();
    const work = this.#guard.joinNames(uri.fsPath, folders, cancel.signal);
    if (await isOverSoon(work)) return work;
    const title = noticeText(message(texts.joining, basename(uri.fsPath)));
    const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
    return vscode.window.withProgress(options, (_, token) => {
      token.onCancellationRequested(() => {
        cancel.abort();
      });
      return work;
    });
  }

  async #tell(uri: vscode.Uri, result: Joined): Promise<void> {
    const notice = joinNotice(basename(uri.fsPath), result);
    if (!notice) return;
    const show = notice.severity === 'warning' ? warn : inform;
    if (!notice.searchOn) {
      await show(notice.message);
      return;
    }
    const button = translate(message(texts.searchOn));
    if ((await show(notice.message, button)) === button) await this.#searchOn(uri);
  }

  async #searchOn(uri: vscode.Uri): Promise<void> {
    const chosen = await vscode.window.showOpenDialog({
      defaultUri: vscode.Uri.file(dirname(dirname(uri.fsPath))),
      canSelectFiles: false,
      canSelectFolders: true,
      canSelectMany: true,
      openLabel: translate(message(texts.searchHere)),
    });
    if (chosen)
      await this.#search(
        uri,
        chosen.flatMap((folder) => pathOnDisk({ uri: folder })),
      );
  }
}

function pathOnDisk({ uri }: { readonly uri: vscode.Uri }): readonly string[] {
  return uri.scheme === 'file' ? [uri.fsPath] : [];
}

/** What takes no longer than that shows no progress. */
async function isOverSoon(work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => {
      resolve(false);
    }, limits.joinQuiet);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
