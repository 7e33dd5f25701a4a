import { basename } from 'node:path';
import * as vscode from 'vscode';

import type { CommandName } from '../core/contributions';
import type { Kept, KeeperEvent } from '../core/guard';
import type { Report } from '../core/level';
import { problemMessage, type SettingProblem } from '../core/settings';
import { vetoedMessage } from '../core/status';
import { message, texts } from '../core/text';
import { fail, inform, warn } from './notify';
import { translate } from './translate';

/** Milliseconds. As long VS Code shows a notice that nobody answers. */
const seenAfter = 10_000;

/** One sentence and what to do. The promise resolves when the notice has been dealt with. */
export async function tellInvalidSetting(problem: SettingProblem): Promise<void> {
  const { setting } = problem;
  const open = translate(message(texts.openSettings));
  const answer = await warn(problemMessage(problem), open);
  if (answer === open) await vscode.commands.executeCommand('workbench.action.openSettings', setting);
}

async function tellKeeperDied(which: 'keeperDied' | 'gateDied'): Promise<void> {
  const reload = translate(message(texts.reload));
  const answer = await warn(message(texts[which]), reload);
  if (answer === reload) await vscode.commands.executeCommand('workbench.action.reloadWindow');
}

/** VS Code says that it has failed, and not why. */
export async function tellVetoed(path: string, report: Report): Promise<void> {
  await fail(vetoedMessage(basename(path), report));
}

/** @param file where the other program's version is */
async function tellKept(kept: Kept, path: string, file: string): Promise<void> {
  const name = basename(path);
  const compare = translate(message(texts.compare));
  const answer = await onceSeen(kept, [file], warn(message(texts.kept, name), compare));
  if (answer !== compare) return;
  await vscode.commands.executeCommand('vscode.diff', vscode.Uri.file(file), vscode.Uri.file(path), name);
}

/** Once, of all that was kept while nobody could be told. */
async function tellUntold(kept: Kept, files: readonly string[]): Promise<void> {
  if (files.length === 0) return;
  const show = translate(message(texts.showKept));
  const answer = await onceSeen(kept, files, inform(message(texts.untold, files.length), show));
  if (answer === show) await vscode.commands.executeCommand('holdfast.showKept' satisfies CommandName);
}

/** A notice that goes with its window, a moment after it came, has told nobody: the next start tells again. */
async function onceSeen<Answer>(kept: Kept, files: readonly string[], notice: Thenable<Answer>): Promise<Answer> {
  const told = (): void => {
    kept.toldOfKept(files);
  };
  const timer = setTimeout(told, seenAfter);
  try {
    const answer = await notice;
    told();
    return answer;
  } finally {
    clearTimeout(timer);
  }
}

async function tellNotKept({ path, why, error }: Extract<KeeperEvent, { kind: 'notKept' }>): Promise<void> {
  const sentence = why === 'unread' ? texts.unreadNotKept : texts.notKept;
  await fail(message(sentence, basename(path), error.errno));
}

/** What a user must know of what happened behind the scenes. */
export function tellKeeperEvent(event: KeeperEvent, kept: Kept): void {
  switch (event.kind) {
    case 'died':
      if (!event.startedAgain) void tellKeeperDied('keeperDied');
      return;
    case 'gateDied':
      if (!event.startedAgain) void tellKeeperDied('gateDied');
      return;
    case 'kept':
      // What was left by interrupted saves is told of once, at the end.
      if (event.why === 'otherProgram') void tellKept(kept, event.path, event.file);
      return;
    case 'notKept':
      if (event.why === 'otherProgram' || event.why === 'unread') void tellNotKept(event);
      return;
    case 'healRecovered':
      void inform(message(event.how === 'finished' ? texts.healFinished : texts.healUndone, basename(event.path)));
      return;
    case 'recoveryEnded':
      void tellUntold(kept, event.untold);
      return;
    default:
  }
}
