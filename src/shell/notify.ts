import * as vscode from 'vscode';

import { withoutLinks } from '../core/notice';
import type { Message } from '../core/text';
import { translate } from './translate';

/**
 * Every notification goes through here: names of files and programs are in them, and must not become links. Each promise resolves when the
 * notification is gone, to the button that was chosen.
 */
export function inform(what: Message, ...buttons: readonly string[]): Thenable<string | undefined> {
  return vscode.window.showInformationMessage(noticeText(what), ...buttons);
}

export function warn(what: Message, ...buttons: readonly string[]): Thenable<string | undefined> {
  return vscode.window.showWarningMessage(noticeText(what), ...buttons);
}

export function fail(what: Message): Thenable<string | undefined> {
  return vscode.window.showErrorMessage(noticeText(what));
}

/** Whether the user has said yes, in a dialog that has to be answered. */
export async function confirmed(question: Message, yes: string, detail?: Message): Promise<boolean> {
  const options = { modal: true, ...(detail ? { detail: noticeText(detail) } : {}) };
  return (await vscode.window.showWarningMessage(noticeText(question), options, yes)) === yes;
}

/** For a notification that shows progress. */
export function noticeText(what: Message): string {
  return withoutLinks(translate(what));
}
