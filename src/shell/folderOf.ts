import { dirname } from 'node:path';
import * as vscode from 'vscode';

/** A file's folder below its workspace folder, whose name is there only if there are several; the empty text for that folder itself. */
export function folderOf(path: string): string {
  const folder = dirname(vscode.workspace.asRelativePath(path));
  return folder === '.' ? '' : folder;
}
