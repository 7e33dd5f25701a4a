import type * as vscode from 'vscode';

import { comparedText, type EditorsText } from '../core/baseline';

import { documentBytes } from './documentBytes';

/** What VS Code has read or written for a document that is not dirty; `undefined` of a long one, and of one that is not UTF-8. */
export function editorsText(document: vscode.TextDocument): EditorsText | undefined {
  if (document.isDirty || !document.encoding.startsWith('utf8')) return undefined;
  if (document.offsetAt(document.lineAt(document.lineCount - 1).range.end) > comparedText) return undefined;
  const content = documentBytes(document);
  return content instanceof Uint8Array ? { content, at: Date.now() } : undefined;
}
