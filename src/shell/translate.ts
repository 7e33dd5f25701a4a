import * as vscode from 'vscode';

import type { Message } from '../core/text';

/** The language that the messages are in, BCP 47: English, where there is no translation. */
export function shownLanguage(): string {
  return vscode.l10n.bundle ? vscode.env.language : 'en';
}

/** The message in the user's language. */
export function translate({ text, args }: Message): string {
  return vscode.l10n.t(text, ...args.map((arg) => (typeof arg === 'object' ? translate(arg) : arg)));
}
