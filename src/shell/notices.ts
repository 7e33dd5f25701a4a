import * as vscode from 'vscode';

import type { SettingProblem } from '../core/settings';
import { message, texts } from '../core/text';
import { translate } from './translate';

/** One sentence and what to do. The promise resolves when the notice has been dealt with. */
export async function tellInvalidSetting({ setting, expected }: SettingProblem): Promise<void> {
  const open = translate(message(texts.openSettings));
  const answer = await vscode.window.showWarningMessage(
    translate(message(texts.invalidSetting, setting, expected)),
    open,
  );
  if (answer === open) await vscode.commands.executeCommand('workbench.action.openSettings', setting);
}

export async function tellKeeperDied(): Promise<void> {
  const reload = translate(message(texts.reload));
  const answer = await vscode.window.showWarningMessage(translate(message(texts.keeperDied)), reload);
  if (answer === reload) await vscode.commands.executeCommand('workbench.action.reloadWindow');
}
