import * as vscode from 'vscode';

import type { Offer } from '../core/status';
import type { Message } from '../core/text';
import { translate } from './translate';

/** Text as Markdown. What `appendText` makes of it has no spaces at which a line could be broken. */
export function escaped(text: string): string {
  return text.replace(/[!-/:-@[-`{-~]/g, '\\$&');
}

/** Paragraphs, and below them commands as links. */
export function hover(paragraphs: readonly Message[], offers: readonly Offer[] = []): vscode.MarkdownString {
  const links = offers.map(({ command, label }) => `[${escaped(translate(label))}](command:${command})`);
  const lines = [...paragraphs.map((one) => escaped(translate(one))), ...(links.length > 0 ? [links.join(' · ')] : [])];
  const markdown = new vscode.MarkdownString(lines.join('\n\n'));
  if (offers.length > 0) markdown.isTrusted = { enabledCommands: offers.map(({ command }) => command) };
  return markdown;
}
