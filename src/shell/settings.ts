import * as vscode from 'vscode';

import { settings, type SettingName } from '../core/contributions';
import { decode, type SettingProblem } from '../core/settings';
import type { SwitchedOffBy } from '../core/status';

const section = 'holdfast';

/** Reads settings for a resource. Each wrong value is told once. */
export class Settings {
  readonly #onProblem: (problem: SettingProblem) => void;
  readonly #told = new Set<string>();

  constructor(onProblem: (problem: SettingProblem) => void) {
    this.#onProblem = onProblem;
  }

  enabled(uri: vscode.Uri): boolean {
    return this.#read('holdfast.enabled', uri);
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

  #read(name: SettingName, uri: vscode.Uri): boolean {
    const key = name.slice(section.length + 1);
    const raw: unknown = vscode.workspace.getConfiguration(section, uri).get(key);
    const { value, problem } = decode(name, raw);
    if (problem) this.#tellOnce(problem, `${name}=${(JSON.stringify(raw) as string | undefined) ?? ''}`);
    return value;
  }

  #tellOnce(problem: SettingProblem, what: string): void {
    if (this.#told.has(what)) return;
    this.#told.add(what);
    this.#onProblem(problem);
  }
}

/** Whether a change of the configuration is one of ours. */
export function concernsUs(event: vscode.ConfigurationChangeEvent): boolean {
  return Object.keys(settings).some((name) => event.affectsConfiguration(name));
}
