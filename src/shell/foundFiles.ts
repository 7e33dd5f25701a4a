import * as vscode from 'vscode';

import { DisposableStore, type Disposable } from '../core/disposable';
import { describeError } from '../core/errors';
import { foundByPattern } from '../core/limits';
import { patternLine } from '../core/logLines';
import type { Log } from './log';
import { concernsUs, type Settings } from './settings';

/** The files that the setting `holdfast.watch` names, kept up to date. */
export class FoundFiles implements Disposable {
  readonly #settings: Settings;
  readonly #log: Log;
  readonly #owned = new DisposableStore();
  readonly #changed = this.#owned.add(new vscode.EventEmitter<void>());
  #folders: readonly FolderSearch[] = [];

  readonly onDidChange = this.#changed.event;

  constructor(settings: Settings, log: Log) {
    this.#settings = settings;
    this.#log = log;
    const begin = (): void => {
      this.#begin();
    };
    this.#owned.add(vscode.workspace.onDidChangeWorkspaceFolders(begin));
    this.#owned.add(
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (concernsUs(event)) begin();
      }),
    );
    begin();
  }

  get uris(): readonly vscode.Uri[] {
    return this.#folders.flatMap(({ uris }) => uris);
  }

  dispose(): void {
    this.#owned.dispose();
    for (const folder of this.#folders) folder.dispose();
  }

  #begin(): void {
    for (const folder of this.#folders) folder.dispose();
    const told = (): void => {
      this.#changed.fire();
    };
    this.#folders = (vscode.workspace.workspaceFolders ?? [])
      .filter(({ uri }) => uri.scheme === 'file')
      .map((folder) => new FolderSearch(folder, this.#settings.watched(folder.uri), told, this.#log));
    told();
  }
}

/** One folder's files. */
class FolderSearch implements Disposable {
  readonly #folder: vscode.WorkspaceFolder;
  readonly #patterns: readonly string[];
  readonly #told: () => void;
  readonly #log: Log;
  readonly #owned = new DisposableStore();
  #found: ReadonlyMap<string, vscode.Uri> = new Map();
  #searching = false;
  /** Something has come since the search began. */
  #stale = false;
  #disposed = false;

  constructor(folder: vscode.WorkspaceFolder, patterns: readonly string[], told: () => void, log: Log) {
    this.#folder = folder;
    this.#patterns = patterns;
    this.#told = told;
    this.#log = log;
    for (const pattern of patterns) {
      const relative = new vscode.RelativePattern(folder, pattern);
      const watcher = this.#owned.add(vscode.workspace.createFileSystemWatcher(relative, false, true, false));
      this.#owned.add(
        watcher.onDidCreate((uri) => {
          if (this.#found.size < foundByPattern && !this.#found.has(uri.toString())) void this.#search();
        }),
      );
      this.#owned.add(
        watcher.onDidDelete((uri) => {
          if (this.#found.has(uri.toString())) void this.#search();
        }),
      );
    }
    if (patterns.length > 0) void this.#search();
  }

  get uris(): readonly vscode.Uri[] {
    return [...this.#found.values()];
  }

  dispose(): void {
    this.#disposed = true;
    this.#owned.dispose();
  }

  /** One search at a time, and one more for whatever came meanwhile. */
  async #search(): Promise<void> {
    this.#stale = true;
    if (this.#searching) return;
    this.#searching = true;
    try {
      for (;;) {
        this.#stale = false;
        const found = await this.#findAll();
        if (this.#disposed) return;
        this.#found = found;
        this.#told();
        if (!this.#moreCame()) return;
      }
    } finally {
      this.#searching = false;
    }
  }

  #moreCame(): boolean {
    return this.#stale;
  }

  async #findAll(): Promise<ReadonlyMap<string, vscode.Uri>> {
    const found = new Map<string, vscode.Uri>();
    for (const pattern of this.#patterns) {
      const left = foundByPattern - found.size;
      if (left <= 0) break;
      for (const uri of await this.#find(pattern, left)) found.set(uri.toString(), uri);
    }
    return found;
  }

  async #find(pattern: string, atMost: number): Promise<readonly vscode.Uri[]> {
    try {
      return await vscode.workspace.findFiles(new vscode.RelativePattern(this.#folder, pattern), undefined, atMost);
    } catch (thrown) {
      const path = this.#folder.uri.fsPath;
      this.#log.write(patternLine(path, pattern, describeError(thrown, 'findFiles', path)));
      return [];
    }
  }
}
