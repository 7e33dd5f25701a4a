import * as vscode from 'vscode';

import type { Disposable } from '../core/disposable';
import type { Guard } from '../core/guard';
import { isShortfall, type Report } from '../core/level';
import { rememberedLevels } from '../core/limits';

export interface KnownLevel {
  readonly report: Report;
  readonly when: 'foreseen' | 'reached';
}

/** What is known of each file's level: foreseen when it is looked at, reached when it was saved. */
export class Levels implements Disposable {
  readonly #guard: Guard;
  readonly #known = new Map<string, KnownLevel>();
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  /** Counts saves, so that a look that began before a save does not overwrite what the save reached. */
  #saves = 0;

  readonly onDidChange = this.#changed.event;

  constructor(guard: Guard) {
    this.#guard = guard;
  }

  of(uri: vscode.Uri): KnownLevel | undefined {
    return this.#known.get(uri.toString());
  }

  async foresee(uri: vscode.Uri): Promise<void> {
    const saves = this.#saves;
    const report = await this.#guard.assess(uri.fsPath);
    if (saves !== this.#saves || this.#foundInSaving(uri)) return;
    this.#set(uri, { report, when: 'foreseen' });
  }

  reached(uri: vscode.Uri, report: Report): void {
    this.#saves++;
    this.#set(uri, { report, when: 'reached' });
  }

  forget(uri: vscode.Uri): void {
    this.#known.delete(uri.toString());
  }

  dispose(): void {
    this.#changed.dispose();
    this.#known.clear();
  }

  /** What only a save can find out is shown until the next save of that file: looking again would not see it. */
  #foundInSaving(uri: vscode.Uri): boolean {
    const known = this.of(uri);
    if (known?.when !== 'reached') return false;
    const { reason, error, lost } = known.report;
    return isShortfall(reason) || error !== undefined || lost !== undefined;
  }

  #set(uri: vscode.Uri, level: KnownLevel): void {
    const key = uri.toString();
    this.#known.delete(key);
    this.#known.set(key, level);
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size > rememberedLevels) this.#known.delete(oldest);
    this.#changed.fire(uri);
  }
}
