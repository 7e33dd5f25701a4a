import * as vscode from 'vscode';

/**
 * The process that writes files for this window: on a desktop the main process, which tells its number to all that it starts;
 * behind a remote connection or a browser the server, which is the extension host's parent.
 */
export function editorProcess(): number {
  const desktop = vscode.env.uiKind === vscode.UIKind.Desktop && vscode.env.remoteName === undefined;
  const told = Number(process.env['VSCODE_PID']);
  return desktop && Number.isSafeInteger(told) && told > 0 ? told : process.ppid;
}
