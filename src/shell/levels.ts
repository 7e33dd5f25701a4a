import * as vscode from 'vscode';

import type { Disposable } from '../core/disposable';
import type { Guard } from '../core/guard';
import { isShortfall, type Report } from '../core/level';
import { rememberedLevels } from '../core/limits';
import { foreseenLine, type LogLine } from '../core/logLines';
import type { SaveOptions } from '../core/options';
import type { Log } from './log';

export interface KnownLevel {
  readonly report: Report;
  readonly when: 'foreseen' | 'reached';
}

/** What is known of each file's level: foreseen when it is looked at, reached when it was saved. */
export class Levels implements Disposable {
  readonly #guard: Guard;
  readonly #options: (uri: vscode.Uri) => SaveOptions;
  readonly #log: Log;
  readonly #known = new Map<string, KnownLevel>();
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  /** Looks under way. A save of the same file ends its look: what the save reached must not be overwritten. */
  readonly #looks = new Map<string, symbol>();

  readonly onDidChange = this.#changed.event;

  /** @param options what the settings say about a file */
  constructor(guard: Guard, options: (uri: vscode.Uri) => SaveOptions, log: Log) {
    this.#guard = guard;
    this.#options = options;
    this.#log = log;
  }

  of(uri: vscode.Uri): KnownLevel | undefined {
    return this.#known.get(uri.toString());
  }

  async foresee(uri: vscode.Uri): Promise<void> {
    const key = uri.toString();
    if (this.#looks.has(key)) return;
    const look = Symbol(key);
    this.#looks.set(key, look);
    const report = await this.#guard.assess(uri.fsPath, this.#options(uri));
    if (this.#looks.get(key) !== look) return;
    this.#looks.delete(key);
    const found = this.#foundInSaving(uri);
    if (!found) this.#set(uri, { report, when: 'foreseen' });
    else if (found.report.separated !== report.separated) this.#set(uri, withSeparated(found, report.separated));
  }

  reached(uri: vscode.Uri, report: Report): void {
    this.#looks.delete(uri.toString());
    // Whether anything was joined since, only a look tells.
    this.#set(uri, withSeparated({ report, when: 'reached' }, this.of(uri)?.report.separated));
  }

  /** A save of the file has left other names behind; told before or after it is told what the save has reached. */
  separated(uri: vscode.Uri): void {
    const known = this.of(uri);
    if (known) this.#set(uri, withSeparated(known, true));
  }

  forget(uri: vscode.Uri): void {
    this.#known.delete(uri.toString());
  }

  dispose(): void {
    this.#changed.dispose();
    this.#known.clear();
  }

  /** What only a save can find out is shown until the next save of that file: looking again would not see it. */
  #foundInSaving(uri: vscode.Uri): KnownLevel | undefined {
    const known = this.of(uri);
    if (known?.when !== 'reached') return undefined;
    const { reason, error, lost } = known.report;
    return isShortfall(reason) || error !== undefined || lost !== undefined ? known : undefined;
  }

  /** A file is looked at again and again. */
  #logIfNew(uri: vscode.Uri, level: KnownLevel): void {
    const lineOf = (one: KnownLevel | undefined): LogLine | undefined =>
      one?.when === 'foreseen' ? foreseenLine(uri.fsPath, one.report) : undefined;
    const line = lineOf(level);
    if (line && line.text !== lineOf(this.of(uri))?.text) this.#log.write(line);
  }

  #set(uri: vscode.Uri, level: KnownLevel): void {
    const key = uri.toString();
    this.#logIfNew(uri, level);
    this.#known.delete(key);
    this.#known.set(key, level);
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size > rememberedLevels) this.#known.delete(oldest);
    this.#changed.fire(uri);
  }
}

function withSeparated({ report, when }: KnownLevel, separated: Report['separated']): KnownLevel {
  return { report: { ...report, separated }, when };
}
