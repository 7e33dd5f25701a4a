/** Saves of one file with Holdfast on and off in turn, in one real editor. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { EditorWindow } from '../../../test/support/editor';
import { answerTimes, savedFacts } from '../../../test/support/saveLog';
import { actions } from '../../../test/support/scenarios/actions';
import { runIn } from '../guardedEditor';
import { boundOf, type User } from './bounds';
import { startUser } from './users';

export interface SaveCase {
  readonly fileSystem: string;
  readonly reflinks: boolean;
  readonly size: string;
  readonly bytes: number;
  readonly user: User;
  /** With Holdfast on, and as many with it off. */
  readonly savesAtMost: number;
  /** No further pair of saves begins after this, but a few are made however long they take. */
  readonly secondsAtMost: number;
}

/** All times are in milliseconds. */
export interface SaveTimes extends SaveCase {
  readonly bound: number;
  readonly on: readonly number[];
  readonly off: readonly number[];
  /** How long VS Code waited for us. */
  readonly answers: readonly number[];
  /** What the saves with Holdfast on reached: level and reason → how many. */
  readonly levels: Readonly<Record<string, number>>;
}

/** The first saves of a file are slower, in both: code is compiled, and folders are read for the first time. */
const warmUps = 2;
/** Milliseconds between a change and its save: as long as somebody who types quickly needs for the next key. */
export const thinkingTime = 200;
const savesAtLeast = 4;

/** @param stop ends it early, with everything put away */
export async function timeSaves(
  window: EditorWindow,
  folder: string,
  plan: SaveCase,
  stop: AbortSignal,
): Promise<SaveTimes> {
  const act = actions(runIn(window));
  const path = join(folder, `${String(plan.bytes)}-${plan.user}.txt`);
  const line = 'a line of forty characters, more or less\n';
  await writeFile(path, line.repeat(Math.ceil(plan.bytes / line.length)));
  await act.open(path);
  const user = await startUser(plan.user, path);
  const times = { on: [] as number[], off: [] as number[] };
  try {
    const began = performance.now();
    const goesOn = (saves: number): boolean =>
      saves < savesAtLeast || (saves < plan.savesAtMost && performance.now() - began < plan.secondsAtMost * 1000);
    let round = 0;
    for (; goesOn(round - warmUps); round++) {
      stop.throwIfAborted();
      for (const which of round % 2 === 0 ? (['on', 'off'] as const) : (['off', 'on'] as const)) {
        let step = 'switching';
        try {
          await act.enable(which === 'on');
          step = 'taking up';
          await user.takeUp();
          step = 'saving';
          const time = await timeSave(window, path);
          if (round >= warmUps) times[which].push(time);
        } catch (error) {
          throw new Error(`${step}, Holdfast ${which}, pair ${String(round)} of ${plan.size}, ${plan.user}`, {
            cause: error,
          });
        }
      }
    }
    const answers = await answerTimes(window.extensionHostPid, path, round);
    const facts = await savedFacts(window.extensionHostPid, path, 2 * round);
    // Only now: after a failure, closing a dirty document would ask, and hide what failed.
    await act.close();
    await act.enable(true);
    return {
      ...plan,
      bound: boundOf(plan),
      ...times,
      answers: answers.slice(warmUps),
      levels: countLevels(facts.filter(({ reason }) => reason !== 'switchedOff').slice(warmUps)),
    };
  } finally {
    await user.end();
    await rm(path, { force: true });
  }
}

/** One save of a changed document, in milliseconds as an extension sees it. */
async function timeSave(window: EditorWindow, path: string): Promise<number> {
  return window.run(
    async (vscode, at, thinking) => {
      const document = await vscode.workspace.openTextDocument(at);
      const edit = new vscode.WorkspaceEdit();
      const first = document.getText(new vscode.Range(0, 0, 0, 1));
      edit.replace(document.uri, new vscode.Range(0, 0, 0, 1), first === 'a' ? 'b' : 'a');
      if (!(await vscode.workspace.applyEdit(edit))) throw new Error('not edited');
      await new Promise((resolve) => setTimeout(resolve, thinking));
      const began = performance.now();
      if (!(await document.save())) throw new Error('not saved');
      return performance.now() - began;
    },
    path,
    thinkingTime,
  );
}

function countLevels(facts: readonly Readonly<Record<string, string>>[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { level = '', reason = '' } of facts) {
    const reached = `${level} ${reason}`;
    counts[reached] = (counts[reached] ?? 0) + 1;
  }
  return counts;
}
