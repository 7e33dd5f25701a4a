import * as vscode from 'vscode';

/** The file that the user looks at. */
export interface ActiveFile {
  readonly uri: vscode.Uri;
  /** Whether VS Code tells extensions before it saves this file: not for documents too large to be synchronised, and
   *  not for custom editors that write by themselves. */
  readonly announced: boolean;
}

/** `undefined` if the active tab shows no file on this machine's disks: then no level is shown. */
export function activeFile(): ActiveFile | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  const uri = tabUri(input);
  if (uri?.scheme !== 'file') return undefined;
  const wanted = uri.toString();
  const known: readonly { readonly uri: vscode.Uri }[] =
    input instanceof vscode.TabInputNotebook ? vscode.workspace.notebookDocuments : vscode.workspace.textDocuments;
  return { uri, announced: known.some((document) => document.uri.toString() === wanted) };
}

/** The file that a tab shows; of a comparison the one that can be edited. */
export function tabUri(input: unknown): vscode.Uri | undefined {
  if (input instanceof vscode.TabInputText) return input.uri;
  if (input instanceof vscode.TabInputTextDiff) return input.modified;
  if (input instanceof vscode.TabInputNotebook) return input.uri;
  if (input instanceof vscode.TabInputNotebookDiff) return input.modified;
  if (input instanceof vscode.TabInputCustom) return input.uri;
  return undefined;
}
