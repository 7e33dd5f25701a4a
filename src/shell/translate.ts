import * as vscode from 'vscode';

import type { Message } from '../core/text';

/** The message in the user's language. */
export function translate({ text, args }: Message): string {
  return vscode.l10n.t(text, ...args.map((arg) => (typeof arg === 'object' ? translate(arg) : arg)));
}
