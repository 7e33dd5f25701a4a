import type * as vscode from 'vscode';

/**
 * Runs a function with VS Code's API: in the same process in the suite inside the editor, in a window's extension host
 * from outside. The function must be self-contained (its source travels), arguments and result are JSON.
 */
export type Run = <A extends unknown[], R>(
  work: (api: typeof vscode, ...args: A) => R,
  ...args: A
) => Promise<Awaited<R>>;
