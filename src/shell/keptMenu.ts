import { basename } from 'node:path';
import * as vscode from 'vscode';

import type { Kept } from '../core/guard';
import type { KeptVersion } from '../core/kept';
import { message, texts } from '../core/text';
import { confirmed, fail, inform } from './notify';
import { replaceText, textAt } from './texts';
import { translate } from './translate';

const reasons = {
  otherProgram: texts.keptOtherProgram,
  unread: texts.keptUnread,
  interrupted: texts.keptInterrupted,
  restored: texts.keptRestored,
} as const satisfies Record<KeptVersion['why'], string>;

interface VersionItem extends vscode.QuickPickItem {
  readonly version: KeptVersion;
}

interface ActionItem extends vscode.QuickPickItem {
  readonly run: () => Promise<void>;
}

/** The versions that were kept outside the workspace: one is chosen, then what to do with it. */
export class KeptMenu {
  readonly #kept: Kept;

  constructor(kept: Kept) {
    this.#kept = kept;
  }

  async show(): Promise<void> {
    const versions = await this.#kept.keptVersions();
    if (versions === undefined) {
      await fail(message(texts.keptUnknown));
      return;
    }
    if (versions.length === 0) {
      await inform(message(texts.noneKept));
      return;
    }
    this.#kept.toldOfKept(versions.filter(({ told }) => !told).map(({ file }) => file));
    const chosen = await vscode.window.showQuickPick(versions.map(itemOf), {
      placeHolder: translate(message(texts.chooseKept)),
      matchOnDescription: true,
      matchOnDetail: true,
    });
    if (chosen) await this.#showActions(chosen.version);
  }

  async #showActions(version: KeptVersion): Promise<void> {
    const isThere = await exists(vscode.Uri.file(version.path));
    const item = (label: string, run: () => Promise<void>, detail?: string): ActionItem => ({
      label: translate(message(label)),
      ...(detail === undefined ? {} : { detail: translate(message(detail)) }),
      run,
    });
    const restoreDetail = isThere ? texts.restoreKeptDetail : texts.restoreGoneDetail;
    const actions = [
      ...(isThere ? [item(texts.compareKept, () => compare(version))] : []),
      item(texts.restoreKept, () => (isThere ? this.#restore(version) : this.#putBack(version)), restoreDetail),
      item(texts.deleteKept, () => this.#remove(version)),
    ];
    const chosen = await vscode.window.showQuickPick(actions, {
      placeHolder: translate(message(texts.keptOf, basename(version.path))),
    });
    await chosen?.run();
  }

  /** As an edit, which can be undone, and is saved as every other. */
  async #restore(version: KeptVersion): Promise<void> {
    const uri = vscode.Uri.file(version.path);
    const document = await textAt(uri);
    if (!document) {
      await fail(message(texts.notText, basename(version.path), version.file));
      return;
    }
    const bytes = await vscode.workspace.fs.readFile(vscode.Uri.file(version.file));
    const text = await vscode.workspace.decode(bytes, { encoding: document.encoding });
    const error = await this.#kept.keepCurrent(version.path);
    if (error) {
      await fail(message(texts.notRestored, basename(version.path), error.errno));
      return;
    }
    if (!(await replaceText(document, text))) await fail(message(texts.editRefused, basename(version.path)));
  }

  async #putBack({ path, file }: KeptVersion): Promise<void> {
    const error = await this.#kept.putBackKept(file);
    if (error) await fail(message(texts.notRestored, basename(path), error.errno));
    else await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(path));
  }

  async #remove({ path, file }: KeptVersion): Promise<void> {
    const name = basename(path);
    const confirm = translate(message(texts.deleteKept));
    if (!(await confirmed(message(texts.deleteKeptQuestion, name), confirm))) return;
    const error = await this.#kept.removeKept(file);
    if (error) await fail(message(texts.notDeleted, name, error.errno));
  }
}

function itemOf(version: KeptVersion): VersionItem {
  return {
    label: basename(version.path),
    description: new Date(version.when).toLocaleString(vscode.env.language),
    detail: `${version.path}: ${translate(message(reasons[version.why]))}`,
    version,
  };
}

async function compare({ file, path }: KeptVersion): Promise<void> {
  await vscode.commands.executeCommand('vscode.diff', vscode.Uri.file(file), vscode.Uri.file(path), basename(path));
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch {
    return false;
  }
}
