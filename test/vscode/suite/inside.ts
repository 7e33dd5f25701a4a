/** What the suites inside the editor have in common. */
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';

import type { Run } from '../../support/run';
import { actions } from '../../support/scenarios/actions';

async function runHere<A extends unknown[], R>(
  work: (api: typeof vscode, ...args: A) => R,
  ...args: A
): Promise<Awaited<R>> {
  return await work(vscode, ...args);
}

export const run: Run = runHere;

export const act = actions(run);

export const extensionId = 'holdfast.holdfast';

export async function activated(): Promise<void> {
  const extension = vscode.extensions.getExtension(extensionId);
  if (!extension) throw new Error('Holdfast is not installed here');
  await extension.activate();
}

/** Whether this is the oldest editor that the manifest allows. */
export function isOldest(): boolean {
  const extension = vscode.extensions.getExtension(extensionId);
  if (!extension) throw new Error('Holdfast is not installed here');
  const { engines } = extension.packageJSON as { readonly engines: { readonly vscode: string } };
  const [major = '', minor = ''] = engines.vscode.replace('^', '').split('.');
  return vscode.version.startsWith(`${major}.${minor}.`);
}

/** The folder that the window has open. */
export function workspaceFolder(): string {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  if (!folder) throw new Error('the window has no folder open');
  return folder.uri.fsPath;
}

/** A new folder inside the workspace, removed by `dispose`. */
export async function scratchFolder(): Promise<{ readonly path: string; dispose(): Promise<void> }> {
  return scratchBelow(workspaceFolder());
}

/** A new folder outside every workspace folder. */
export async function scratchOutside(): Promise<{ readonly path: string; dispose(): Promise<void> }> {
  return scratchBelow(await realpath(tmpdir()));
}

async function scratchBelow(parent: string): Promise<{ readonly path: string; dispose(): Promise<void> }> {
  const path = await mkdtemp(join(parent, 'scratch-'));
  return {
    path,
    dispose: async () => {
      await act.close();
      await rm(path, { recursive: true, force: true });
    },
  };
}
