import { basename } from 'node:path';
import * as vscode from 'vscode';

import type { CommandName } from '../core/contributions';
import { DisposableStore, type Disposable } from '../core/disposable';
import { inUse, type HolderInUse } from '../core/holders/inUse';
import type { Lookout } from '../core/holders/service';
import { holderSentences, holdersOf, programName, shortUse, type Version } from '../core/shown/words';
import { shellOf } from '../core/shown/tree';
import { message, texts, type Message } from '../core/text';
import { activeFile } from './activeFile';
import type { HolderItem, HoldersTree } from './holdersTree';
import { writtenMoment } from './moments';
import type { Terminals } from './terminals';
import { translate } from './translate';

/** A holder that something is done with. */
interface Chosen {
  readonly path: string;
  readonly holder: HolderInUse;
}

interface HolderPick extends vscode.QuickPickItem {
  readonly chosen: Chosen;
}

/** What can be done with files in use and their holders: from the tree's menus, and from the palette, where the holder is asked for. */
export class HolderCommands implements Disposable {
  readonly #lookout: Lookout;
  readonly #tree: HoldersTree;
  readonly #terminals: Terminals;
  readonly #uid = process.getuid?.();
  readonly #owned = new DisposableStore();

  constructor(lookout: Lookout, tree: HoldersTree, terminals: Terminals) {
    this.#lookout = lookout;
    this.#tree = tree;
    this.#terminals = terminals;
    this.#register('holdfast.showHolders', () => this.#show());
    this.#register('holdfast.item.open', ({ node }: HolderItem) =>
      vscode.commands.executeCommand('vscode.open', vscode.Uri.file(node.path)),
    );
    this.#register('holdfast.item.revealTerminal', (item: HolderItem) => this.#with(item, this.#revealTerminal));
    this.#register('holdfast.item.copyProcessId', (item: HolderItem) => this.#with(item, copyProcessId));
    this.#register('holdfast.item.endProcess', (item: HolderItem) => this.#with(item, this.#end));
    this.#register('holdfast.revealTerminal', () =>
      this.#ask(
        (holder) => shellOf(holder, this.#terminals.shells) !== undefined,
        message(texts.noTerminal),
        this.#revealTerminal,
      ),
    );
    this.#register('holdfast.copyProcessId', () => this.#ask(() => true, message(texts.noHolders), copyProcessId));
    this.#register('holdfast.endProcess', () =>
      this.#ask(({ uid }) => uid === this.#uid, message(texts.noneToEnd), this.#end),
    );
  }

  dispose(): void {
    this.#owned.dispose();
  }

  /** @param run is given the item, if it is a command of the tree's menus */
  #register(name: CommandName, run: (item: HolderItem) => unknown): void {
    this.#owned.add(vscode.commands.registerCommand(name, run));
  }

  /** At the current file; where it has no holder, that is said, and the others are shown. */
  async #show(): Promise<void> {
    const active = activeFile();
    const path = active?.uri.fsPath;
    await this.#tree.show(path);
    if (path === undefined) return tell(message(texts.noFileToShow));
    const file = this.#lookout.of(path);
    if (!file) return tell(message(texts.notLookedAt, basename(path)));
    if (file.problem) return tell(message(texts.notWatched, basename(path), file.problem.errno));
    if (!inUse(file)) return tell(message(texts.noHolder, basename(path)));
  }

  async #with({ node }: HolderItem, run: (chosen: Chosen) => Promise<void>): Promise<void> {
    if (node.holder) await run({ path: node.path, holder: node.holder });
  }

  /** Lets one be chosen, those of the current file first. */
  async #ask(
    fits: (holder: HolderInUse) => boolean,
    none: Message,
    run: (chosen: Chosen) => Promise<void>,
  ): Promise<void> {
    const active = activeFile()?.uri.fsPath;
    const files = [...this.#lookout.all()].sort((one, other) => +(other.path === active) - +(one.path === active));
    const picks = files.flatMap((file) =>
      holdersOf(file)
        .filter(({ holder }) => fits(holder))
        .map(({ holder, version }) => pickOf({ path: file.path, holder }, version)),
    );
    if (picks.length === 0) return tell(none);
    const pick = await vscode.window.showQuickPick(picks, {
      placeHolder: translate(message(texts.chooseHolder)),
      matchOnDescription: true,
      matchOnDetail: true,
    });
    if (pick) await run(pick.chosen);
  }

  readonly #revealTerminal = async ({ holder }: Chosen): Promise<void> => {
    const shell = shellOf(holder, this.#terminals.shells);
    const terminal = shell === undefined ? undefined : this.#terminals.of(shell);
    if (terminal) terminal.show();
    else await tell(message(texts.terminalGone, programName(holder), holder.process.pid));
  };

  readonly #end = async ({ path, holder }: Chosen): Promise<void> => {
    const who = [programName(holder), holder.process.pid] as const;
    const confirm = translate(message(texts.endProcess));
    const answer = await vscode.window.showWarningMessage(
      translate(message(texts.endQuestion, ...who)),
      { modal: true, detail: translate(message(texts.endDetail, path, writtenMoment(holder.since))) },
      confirm,
    );
    if (answer !== confirm) return;
    const error = await this.#lookout.end(holder.process);
    if (error?.errno === 'ESRCH') await tell(message(texts.endedBefore, ...who));
    else if (error) {
      await vscode.window.showErrorMessage(translate(message(texts.notEnded, ...who, error.errno)));
    }
  };
}

async function copyProcessId({ holder }: Chosen): Promise<void> {
  await vscode.env.clipboard.writeText(String(holder.process.pid));
}

function pickOf(chosen: Chosen, version: Version): HolderPick {
  const { holder, path } = chosen;
  const since = writtenMoment(holder.since);
  return {
    // A label may name icons; a program's name must not.
    label: programName(holder).replaceAll('$(', '$ ('),
    description: translate(message(texts.holderItem, holder.process.pid, shortUse(holder), since)),
    detail: `${path}: ${translate(holderSentences(holder, version, writtenMoment))}`,
    chosen,
  };
}

async function tell(what: Message): Promise<void> {
  await vscode.window.showInformationMessage(translate(what));
}
