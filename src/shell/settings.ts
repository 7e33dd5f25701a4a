import * as vscode from 'vscode';

import { settings, type SettingName, type SettingValue } from '../core/contributions';
import { DisposableStore, type Disposable } from '../core/disposable';
import { report, type Report } from '../core/level';
import { rememberedSettings } from '../core/limits';
import type { Answer, Question, SaveOptions } from '../core/options';
import { OnceRead } from '../core/reopen/onceRead';
import { homeOfRule, rulesFor, withRule, type Rule, type WrittenRule } from '../core/reopen/rules';
import { decode, neverWarned, type Decoded, type SettingProblem } from '../core/settings';
import type { SwitchedOffBy } from '../core/status';
import { message, texts, type Message } from '../core/text';

const section = 'holdfast';

export interface ViolationSettings {
  readonly told: boolean;
  readonly heals: boolean;
  readonly writersWait: boolean;
}

/** Reads settings for a resource. Each wrong value is told once. */
export class Settings implements Disposable {
  readonly #onProblem: (problem: SettingProblem) => void;
  readonly #owned = new DisposableStore();
  readonly #unguarded = new Remembered((uri) => this.#readUnguarded(uri));
  readonly #options = new Remembered((uri) => this.#readOptions(uri));
  readonly #violations = new Remembered((uri) => this.#readViolations(uri));
  readonly #rules = new Remembered((uri) => this.#readRules(uri));
  readonly #allRules = new OnceRead((raw) => decode('holdfast.reopen.rules', raw));
  readonly #answers = new Map<string, Partial<Pick<SaveOptions, Question>>>();
  readonly #told = new Set<string>();

  constructor(onProblem: (problem: SettingProblem) => void) {
    this.#onProblem = onProblem;
    const forget = (): void => {
      this.#unguarded.clear();
      this.#options.clear();
      this.#violations.clear();
      this.#rules.clear();
    };
    this.#owned.add(vscode.workspace.onDidChangeConfiguration(forget));
    this.#owned.add(vscode.workspace.onDidChangeWorkspaceFolders(forget));
  }

  dispose(): void {
    this.#owned.dispose();
  }

  /** Why this file is not to be guarded at all; `undefined` if it is. */
  unguarded(uri: vscode.Uri): Report | undefined {
    return this.#unguarded.of(uri);
  }

  options(uri: vscode.Uri): SaveOptions {
    return { ...this.#options.of(uri), ...this.#answers.get(uri.toString()) };
  }

  /** What is to be done when another program changes this file in place. */
  violations(uri: vscode.Uri): ViolationSettings {
    return this.#violations.of(uri);
  }

  /** No warning about this file from now on: for its folder, or outside of all folders for the user. Rejects if it cannot be written. */
  async ignoreViolations(uri: vscode.Uri): Promise<void> {
    const { configuration, where } = forGood(uri);
    const found = configuration.inspect<unknown>('violationsNever');
    const value = neverWarned(where === vscode.ConfigurationTarget.Global ? 'user' : 'folder', {
      path: uri.fsPath,
      below: vscode.workspace.asRelativePath(uri, false),
      user: found?.globalValue,
      folder: found?.workspaceFolderValue,
      applies: configuration.get('violationsNever'),
    });
    await configuration.update('violationsNever', value, where);
  }

  /** Patterns of the files below this folder that are watched though they are not open. */
  watched(folder: vscode.Uri): readonly string[] {
    return this.#read('holdfast.watch', folder);
  }

  /** Programs of which nobody is told that they have an older version of this file. */
  ignoredPrograms(uri: vscode.Uri): readonly string[] {
    return this.#read('holdfast.reopen.ignore', uri);
  }

  /** The rules for this file. In a workspace that is not trusted they may be anybody's. */
  rules(uri: vscode.Uri): readonly Rule[] {
    return this.#rules.of(uri);
  }

  /**
   * What is always to be done when this file is saved, in the list that counts for it. Why not; rejects if it cannot be written.
   *
   * @param made by the path that stands for the file there
   */
  async addRule(uri: vscode.Uri, made: (path: string) => WrittenRule | undefined): Promise<Message | undefined> {
    const { configuration, where } = forGood(uri);
    const found = configuration.inspect<unknown>('reopen.rules');
    const inFolder = where === vscode.ConfigurationTarget.WorkspaceFolder;
    const { whose, there, path } = homeOfRule({
      path: uri.fsPath,
      below: inFolder ? vscode.workspace.asRelativePath(uri, false) : undefined,
      folder: found?.workspaceFolderValue,
      workspace: vscode.workspace.isTrusted ? found?.workspaceValue : undefined,
      user: found?.globalValue,
    });
    const rule = made(path);
    if (!rule) return message(texts.pathTooLong);
    const value = withRule(there, rule);
    if (!value) return message(texts.rulesNoList);
    await configuration.update('reopen.rules', value, targets[whose]);
    return undefined;
  }

  /** For the file's folder, or outside of all folders for the user. Rejects if it cannot be written. */
  async ignoreProgram(uri: vscode.Uri, program: string): Promise<void> {
    const { configuration, where } = forGood(uri);
    const found = configuration.inspect<unknown>('reopen.ignore');
    const there = where === vscode.ConfigurationTarget.Global ? found?.globalValue : found?.workspaceFolderValue;
    // What applies now must still apply: a folder's list stands in for the user's.
    const { value } = decode('holdfast.reopen.ignore', there ?? configuration.get('reopen.ignore'));
    await configuration.update('reopen.ignore', [...new Set([...value, program])], where);
  }

  /** The user's answer for this file, as long as the window is open. */
  answer(uri: vscode.Uri, question: Question, answer: Answer): void {
    const key = uri.toString();
    this.#answers.set(key, { ...this.#answers.get(key), [question]: answer });
  }

  /** For good: for the file's folder, or outside of all folders for the user. Rejects if it cannot be written. */
  async answerForGood(uri: vscode.Uri, question: Question, answer: Answer): Promise<void> {
    const { configuration, where } = forGood(uri);
    await configuration.update(question, answer, where);
  }

  /** Which settings file it was that switched the guard off for this resource. */
  switchedOffBy(uri: vscode.Uri): SwitchedOffBy {
    const found = vscode.workspace.getConfiguration(section, uri).inspect<unknown>('enabled');
    if (found?.workspaceFolderValue === false) {
      return { by: 'folder', folder: vscode.workspace.getWorkspaceFolder(uri)?.name ?? '' };
    }
    if (found?.workspaceValue === false) return { by: 'workspace' };
    if (found?.globalValue === false) return { by: 'user' };
    return { by: 'default' };
  }

  #readUnguarded(uri: vscode.Uri): Report | undefined {
    if (!this.#read('holdfast.enabled', uri)) return report('switchedOff');
    const pattern = this.#read('holdfast.never', uri).find((glob) => matches(glob, uri));
    return pattern === undefined ? undefined : report('neverGuarded', { pattern });
  }

  #readOptions(uri: vscode.Uri): SaveOptions {
    return {
      when: this.#read('holdfast.when', uri),
      hardLinks: this.#read('holdfast.hardLinks', uri),
      owner: this.#read('holdfast.owner', uri),
      attributes: this.#read('holdfast.attributes', uri),
      durability: this.#read('holdfast.durability', uri),
      oldNameSeconds: this.#read('holdfast.oldNameSeconds', uri),
    };
  }

  #readViolations(uri: vscode.Uri): ViolationSettings {
    const never = this.#read('holdfast.violationsNever', uri).some((glob) => matches(glob, uri));
    const how = this.#read('holdfast.violations', uri);
    return {
      told: how !== 'off' && !never && !this.unguarded(uri),
      heals: how === 'heal',
      writersWait: this.#read('holdfast.writersWait', uri),
    };
  }

  #readRules(uri: vscode.Uri): readonly Rule[] {
    const folder = vscode.workspace.getWorkspaceFolder(uri);
    const below = folder ? [vscode.workspace.asRelativePath(uri, false)] : [];
    const raw: unknown = vscode.workspace.getConfiguration(section, uri).get('reopen.rules');
    const rules = this.#toldOf('holdfast.reopen.rules', raw, this.#allRules.of(raw));
    return rulesFor(rules, [uri.fsPath, ...below]);
  }

  #read<Name extends SettingName>(name: Name, uri: vscode.Uri): SettingValue<Name> {
    const key = name.slice(section.length + 1);
    const raw: unknown = vscode.workspace.getConfiguration(section, uri).get(key);
    return this.#toldOf(name, raw, decode(name, raw));
  }

  #toldOf<T>(name: SettingName, raw: unknown, { value, problem }: Decoded<T>): T {
    if (problem) this.#tellOnce(problem, `${name}=${(JSON.stringify(raw) as string | undefined) ?? ''}`);
    return value;
  }

  #tellOnce(problem: SettingProblem, what: string): void {
    if (this.#told.has(what)) return;
    this.#told.add(what);
    this.#onProblem(problem);
  }
}

const targets = {
  folder: vscode.ConfigurationTarget.WorkspaceFolder,
  workspace: vscode.ConfigurationTarget.Workspace,
  user: vscode.ConfigurationTarget.Global,
} as const;

/** Where it is written what goes on to apply to a file. A folder that is not trusted has no say. */
function forGood(uri: vscode.Uri): {
  readonly configuration: vscode.WorkspaceConfiguration;
  readonly where: vscode.ConfigurationTarget;
} {
  const inFolder = vscode.workspace.isTrusted && vscode.workspace.getWorkspaceFolder(uri) !== undefined;
  return {
    configuration: vscode.workspace.getConfiguration(section, uri),
    where: inFolder ? vscode.ConfigurationTarget.WorkspaceFolder : vscode.ConfigurationTarget.Global,
  };
}

/** What the settings say of each resource, until it is cleared: VS Code takes a tenth of a millisecond to look up one. */
class Remembered<Value> {
  readonly #read: (uri: vscode.Uri) => Value;
  readonly #known = new Map<string, { readonly value: Value }>();

  constructor(read: (uri: vscode.Uri) => Value) {
    this.#read = read;
  }

  of(uri: vscode.Uri): Value {
    const key = uri.toString();
    const known = this.#known.get(key);
    if (known) return known.value;
    if (this.#known.size >= rememberedSettings) this.#known.clear();
    const value = this.#read(uri);
    this.#known.set(key, { value });
    return value;
  }

  clear(): void {
    this.#known.clear();
  }
}

/** Matches as VS Code does: with the whole path, and with the path below the folder that the file is in. */
function matches(glob: string, uri: vscode.Uri): boolean {
  // VS Code asks a document for no more than this. Notebooks have none, and a file need not be open as text.
  const document = { uri, languageId: '' } as vscode.TextDocument;
  const folder = vscode.workspace.getWorkspaceFolder(uri);
  const patterns = folder ? [glob, new vscode.RelativePattern(folder, glob)] : [glob];
  return patterns.some((pattern) => vscode.languages.match({ pattern }, document) > 0);
}

/** Whether a change of the configuration is one of ours. */
export function concernsUs(event: vscode.ConfigurationChangeEvent): boolean {
  return Object.keys(settings).some((name) => event.affectsConfiguration(name));
}
