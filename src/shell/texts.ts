import * as vscode from 'vscode';

/** `undefined`: it is not text, or too large for an editor. */
export async function textAt(uri: vscode.Uri): Promise<vscode.TextDocument | undefined> {
  try {
    return await vscode.workspace.openTextDocument(uri);
  } catch {
    return undefined;
  }
}

/** Puts another text into a document, as one edit that can be undone, and shows it. False: VS Code did not take the edit. */
export async function replaceText(document: vscode.TextDocument, text: string): Promise<boolean> {
  const all = document.validateRange(new vscode.Range(0, 0, document.lineCount, 0));
  const edit = new vscode.WorkspaceEdit();
  const endOfLine = text.includes('\r\n') ? vscode.EndOfLine.CRLF : vscode.EndOfLine.LF;
  edit.set(document.uri, [vscode.TextEdit.replace(all, text), vscode.TextEdit.setEndOfLine(endOfLine)]);
  const isDone = await vscode.workspace.applyEdit(edit);
  await vscode.window.showTextDocument(document);
  return isDone;
}
