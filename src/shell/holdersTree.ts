import { basename } from 'node:path';
import * as vscode from 'vscode';

import type { ViewName } from '../core/contributions';
import { DisposableStore, type Disposable } from '../core/disposable';
import type { Lookout } from '../core/holders/service';
import { changedItems, treeOf, type TreeNode } from '../core/shown/tree';
import { folderOf } from './folderOf';
import type { FactsOfHolders } from './holderFacts';
import type { Levels } from './levels';
import { hover } from './markdown';
import { momentsOf } from './moments';
import { signalledUser } from './signalledUser';
import type { Terminals } from './terminals';
import { translate } from './translate';
import type { Violations } from './violations';

const icons = {
  file: new vscode.ThemeIcon('file'),
  violated: new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.errorForeground')),
  current: new vscode.ThemeIcon('versions'),
  older: new vscode.ThemeIcon('history'),
  readsAsItRuns: new vscode.ThemeIcon('play'),
  mapped: new vscode.ThemeIcon('circuit-board'),
  open: new vscode.ThemeIcon('book'),
  loaded: new vscode.ThemeIcon('pass'),
  stale: new vscode.ThemeIcon('warning', new vscode.ThemeColor('list.warningForeground')),
  unnamed: new vscode.ThemeIcon('question', new vscode.ThemeColor('list.warningForeground')),
} as const satisfies Record<TreeNode['icon'], vscode.ThemeIcon>;

/** An item, for as long as it is in the tree: VS Code knows items by their objects. */
export interface HolderItem {
  node: TreeNode;
}

interface Placed {
  readonly item: HolderItem;
  readonly parent: HolderItem | undefined;
}

/** The view of files in use. */
export class HoldersTree implements vscode.TreeDataProvider<HolderItem>, Disposable {
  readonly #lookout: Lookout;
  readonly #levels: Levels;
  readonly #terminals: Terminals;
  readonly #violations: Violations;
  readonly #facts: FactsOfHolders;
  readonly #uid = signalledUser();
  readonly #owned = new DisposableStore();
  readonly #changed = this.#owned.add(new vscode.EventEmitter<readonly HolderItem[] | undefined>());
  readonly #view: vscode.TreeView<HolderItem>;
  #tree: readonly TreeNode[] = [];
  #items: ReadonlyMap<string, Placed> = new Map();

  readonly onDidChangeTreeData = this.#changed.event as vscode.Event<HolderItem[] | undefined>;

  constructor(lookout: Lookout, levels: Levels, terminals: Terminals, facts: FactsOfHolders, violations: Violations) {
    this.#lookout = lookout;
    this.#levels = levels;
    this.#terminals = terminals;
    this.#facts = facts;
    this.#violations = violations;
    this.#take(this.#make());
    const refresh = (): void => {
      this.#refresh();
    };
    this.#owned.add(lookout.onDidChange(refresh));
    this.#owned.add(terminals.onDidChange(refresh));
    this.#owned.add(violations.onDidChange(refresh));
    this.#owned.add(facts.onDidChange(refresh));
    this.#owned.add(
      levels.onDidChange(({ fsPath }) => {
        if (this.#tree.some(({ path }) => path === fsPath)) this.#refresh();
      }),
    );
    const id: ViewName = 'holdfast.holders';
    this.#view = this.#owned.add(vscode.window.createTreeView(id, { treeDataProvider: this }));
  }

  dispose(): void {
    this.#owned.dispose();
  }

  /** Shows the view, with this file's item focused if it has one. */
  async show(path: string | undefined): Promise<void> {
    const found = path === undefined ? undefined : this.#items.get(`file:${path}`);
    const { visible } = this.#view;
    if (found) await this.#view.reveal(found.item, { focus: true, select: true, expand: 2 });
    else await vscode.commands.executeCommand(`${'holdfast.holders' satisfies ViewName}.focus`);
    // What was asked for by the view, which has just come, and for the item at the same time can be lost below it (VS Code 1.139).
    if (found && !visible) this.#changed.fire(undefined);
  }

  getTreeItem({ node }: HolderItem): vscode.TreeItem {
    const expanded = vscode.TreeItemCollapsibleState.Expanded;
    const item = new vscode.TreeItem(
      translate(node.label),
      node.children.length > 0 ? expanded : vscode.TreeItemCollapsibleState.None,
    );
    item.id = node.id;
    if (node.icon === 'file') item.resourceUri = vscode.Uri.file(node.path);
    item.iconPath = icons[node.icon];
    if (node.description) item.description = translate(node.description);
    item.tooltip = hover(node.tooltip);
    item.accessibilityInformation = { label: translate(node.spoken), role: 'treeitem' };
    if (node.words.length > 0) item.contextValue = node.words.join(' ');
    return item;
  }

  getChildren(parent?: HolderItem): HolderItem[] {
    return (parent ? parent.node.children : this.#tree).flatMap(({ id }) => this.#items.get(id)?.item ?? []);
  }

  getParent({ node }: HolderItem): HolderItem | undefined {
    return this.#items.get(node.id)?.parent;
  }

  #make(): readonly TreeNode[] {
    const files = this.#lookout.all();
    return treeOf({
      files,
      actions: (path, holder, version) => this.#facts.fitting(path, holder, version),
      level: (path) => this.#levels.of(vscode.Uri.file(path))?.report.level,
      shells: this.#terminals.shells,
      uid: this.#uid,
      at: momentsOf(files),
      violation: (path) => this.#violations.sentence(path),
      name: (path) => basename(path),
      folder: folderOf,
    });
  }

  /** Draws again what looks different, and nothing else: the rest keeps its focus and does not flicker. */
  #refresh(): void {
    const next = this.#make();
    const changed = changedItems(this.#tree, next);
    this.#take(next);
    if (changed === 'all') this.#changed.fire(undefined);
    else if (changed.length > 0) this.#changed.fire(changed.flatMap((id) => this.#items.get(id)?.item ?? []));
  }

  #take(tree: readonly TreeNode[]): void {
    const items = new Map<string, Placed>();
    const add = (node: TreeNode, parent: HolderItem | undefined): void => {
      const item = this.#items.get(node.id)?.item ?? { node };
      item.node = node;
      items.set(node.id, { item, parent });
      for (const child of node.children) add(child, item);
    };
    for (const node of tree) add(node, undefined);
    this.#tree = tree;
    this.#items = items;
  }
}
