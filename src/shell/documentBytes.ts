import * as vscode from 'vscode';

import { limits } from '../core/limits';
import { sharedBytes } from './sharedBytes';

/**
 * The bytes that VS Code will write for this document. UTF-8 is encoded here: asking VS Code costs a round trip to the window.
 * `undefined` if VS Code does not tell in time; then they are not known before the save.
 */
export function documentBytes(document: vscode.TextDocument): Uint8Array | Promise<Uint8Array | undefined> {
  const text = document.getText();
  if (document.encoding === 'utf8') return sharedBytes(text);
  if (document.encoding === 'utf8bom') return sharedBytes(`\uFEFF${text}`);
  return inTime(vscode.workspace.encode(text, { encoding: document.encoding }));
}

async function inTime(encoded: Thenable<Uint8Array>): Promise<Uint8Array | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => {
      resolve(undefined);
    }, limits.encode);
  });
  try {
    return await Promise.race([encoded, late]);
  } catch {
    // An encoding that this text cannot be written in: VS Code will say so itself when it writes.
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}
