import { basename } from 'node:path';
import * as vscode from 'vscode';

import type { CommandName } from '../core/contributions';
import { DisposableStore, type Disposable } from '../core/disposable';
import { inUse, type HolderInUse } from '../core/holders/inUse';
import type { Lookout } from '../core/holders/service';
import type { Action } from '../core/reopen/actions';
import { actionLabel } from '../core/reopen/sentences';
import {
  holderFacts,
  holderSentences,
  holdersOf,
  programName,
  shortened,
  shortUse,
  type Version,
} from '../core/shown/words';
import { shellOf } from '../core/shown/tree';
import { message, texts, type Message } from '../core/text';
import { activeFile } from './activeFile';
import type { FactsOfHolders } from './holderFacts';
import type { HolderItem, HoldersTree } from './holdersTree';
import { writtenMoment } from './moments';
import { confirmed, fail, inform } from './notify';
import type { ReopenActions } from './reopenActions';
import { signalledUser } from './signalledUser';
import type { Terminals } from './terminals';
import { translate } from './translate';

/** A holder that something is done with. */
interface Chosen {
  readonly path: string;
  readonly holder: HolderInUse;
}

interface DoingPick extends vscode.QuickPickItem {
  readonly run: () => Promise<void>;
}

interface HolderPick extends vscode.QuickPickItem {
  readonly chosen: Chosen;
}

/** What can be done with files in use and their holders: from the tree's menus, and from the palette, where the holder is asked for. */
export class HolderCommands implements Disposable {
  readonly #lookout: Lookout;
  readonly #tree: HoldersTree;
  readonly #terminals: Terminals;
  readonly #facts: FactsOfHolders;
  readonly #actions: ReopenActions;
  readonly #uid = signalledUser();
  readonly #owned = new DisposableStore();

  constructor(
    lookout: Lookout,
    tree: HoldersTree,
    terminals: Terminals,
    facts: FactsOfHolders,
    actions: ReopenActions,
  ) {
    this.#lookout = lookout;
    this.#tree = tree;
    this.#terminals = terminals;
    this.#facts = facts;
    this.#actions = actions;
    this.#register('holdfast.showHolders', () => this.#show());
    this.#register('holdfast.item.open', ({ node }: HolderItem) => openFile(node.path));
    this.#register('holdfast.item.revealTerminal', (item: HolderItem) => this.#with(item, this.#revealTerminal));
    this.#register('holdfast.item.copyProcessId', (item: HolderItem) => this.#with(item, copyProcessId));
    this.#register('holdfast.item.endProcess', (item: HolderItem) => this.#with(item, this.#end));
    for (const [name, action] of Object.entries(actionOf) as [keyof typeof actionOf, Action][]) {
      this.#register(name, (item: HolderItem) =>
        this.#with(item, ({ path, holder }) => this.#actions.run(action, path, holder)),
      );
    }
    this.#register('holdfast.reopen', () =>
      this.#ask((_holder, { is }) => is === 'older', message(texts.noneStale), this.#reopen),
    );
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

  /** All that can be done about this program, asked anew, and chosen from a list. */
  async choose(path: string, holder: HolderInUse): Promise<void> {
    const who = [programName(holder), holder.process.pid] as const;
    const chosen = { path, holder };
    const file = this.#lookout.of(path);
    const found = file && holdersOf(file).find((one) => isSame(one.holder, holder));
    // It may run on, without this file.
    if (!found) return tell(message(texts.usesNoMore, shortened(basename(path)), ...who));
    const picks: readonly DoingPick[] = [
      ...(await this.#reopenings(chosen)),
      ...(shellOf(holder, this.#terminals.shells) === undefined
        ? []
        : [doing(message(texts.revealTerminal), () => this.#revealTerminal(chosen))]),
      doing(message(texts.openTheFile, shortened(basename(path))), () => openFile(path)),
      doing(message(texts.copyProcessId), () => copyProcessId(chosen)),
      ...(holder.uid === this.#uid ? [doing(message(texts.endProcess), () => this.#end(chosen))] : []),
    ];
    const { what, harm } = holderFacts(found.holder, found.version, writtenMoment);
    const words = { title: translate(what), placeHolder: translate(harm) };
    await (await vscode.window.showQuickPick(picks, words))?.run();
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
    fits: (holder: HolderInUse, version: Version) => boolean,
    none: Message,
    run: (chosen: Chosen) => Promise<void>,
  ): Promise<void> {
    const active = activeFile()?.uri.fsPath;
    const files = [...this.#lookout.all()].sort((one, other) => +(other.path === active) - +(one.path === active));
    const picks = files.flatMap((file) =>
      holdersOf(file)
        .filter(({ holder, version }) => fits(holder, version))
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
    else await inform(message(texts.terminalGone, programName(holder), holder.process.pid));
  };

  /** What can be done about it is asked anew, and chosen. */
  readonly #reopen = async (chosen: Chosen): Promise<void> => {
    const who = [programName(chosen.holder), chosen.holder.process.pid] as const;
    const picks = await this.#reopenings(chosen);
    if (picks.length === 0) return tell(message(texts.usesNoMore, shortened(basename(chosen.path)), ...who));
    const placeHolder = translate(message(texts.chooseAction, ...who));
    await (await vscode.window.showQuickPick(picks, { placeHolder }))?.run();
  };

  /** None, if it has no older version, or has ended. */
  async #reopenings({ path, holder }: Chosen): Promise<readonly DoingPick[]> {
    const version = this.#lookout.of(path)?.older.find(({ holders }) => holders.some((one) => isSame(one, holder)));
    const facts = version && (await this.#facts.ask(path, holder, version));
    if (!facts) return [];
    return facts.fitting.map((action) =>
      doing(actionLabel(action, { name: basename(path), holder, inspected: facts.inspected }), () =>
        this.#actions.run(action, path, holder),
      ),
    );
  }

  readonly #end = async ({ path, holder }: Chosen): Promise<void> => {
    const who = [programName(holder), holder.process.pid] as const;
    const confirm = translate(message(texts.endProcess));
    const detail = message(texts.endDetail, path, writtenMoment(holder.since));
    if (!(await confirmed(message(texts.endQuestion, ...who), confirm, detail))) return;
    const error = await this.#lookout.signal(holder.process, 'SIGTERM');
    if (error?.errno === 'ESRCH') await inform(message(texts.endedBefore, ...who));
    else if (error) await fail(message(texts.notEnded, ...who, error.errno));
  };
}

/** The commands of the tree's menu. */
const actionOf = {
  'holdfast.item.compare': 'compare',
  'holdfast.item.rerun': 'rerun',
  'holdfast.item.restartTask': 'restartTask',
  'holdfast.item.restartDebugging': 'restartDebugging',
  'holdfast.item.reloadUnit': 'reloadUnit',
  'holdfast.item.sendHangUp': 'SIGHUP',
  'holdfast.item.sendUser1': 'SIGUSR1',
  'holdfast.item.sendUser2': 'SIGUSR2',
  'holdfast.item.always': 'always',
  'holdfast.item.ignoreProgram': 'ignore',
} as const satisfies Partial<Record<CommandName, Action>>;

function isSame({ process: one }: HolderInUse, { process: other }: HolderInUse): boolean {
  return one.pid === other.pid && one.started === other.started;
}

async function openFile(path: string): Promise<void> {
  await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(path));
}

/** A label may name icons; a name in it must not. */
function doing(label: Message, run: () => Promise<void>): DoingPick {
  return { label: translate(label).replaceAll('$(', '$ ('), run };
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
  await inform(what);
}
