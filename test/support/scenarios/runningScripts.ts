/** The main job: scripts run, are edited and saved while they run, and are let go on. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { randomFrom } from '../random';
import { RunningScript, scriptText, type Outcome } from '../runningScript';
import { edits, saves, type Actions, type Edit, type Save } from './actions';

export interface ScriptRun extends Outcome {
  readonly edit: Edit;
  readonly save: Save;
  readonly guarded: boolean;
  /** Whether the file on the disk was the document's text after every save. */
  readonly diskEqualsDocument: boolean;
}

/** What is done to one script; the same for the guarded and the stock one of a pair. */
interface Plan {
  readonly edit: Edit;
  readonly save: Save;
  /** Steps done before the first save. */
  readonly before: number;
}

/** All combinations in turn, at a moment that the seed decides. */
function planOf(index: number, random: () => number): Plan {
  const edit = edits[index % edits.length];
  const save = saves[Math.floor(index / edits.length) % saves.length];
  if (!edit || !save) throw new Error('unreachable: both lists have entries');
  return { edit, save, before: 1 + Math.floor(random() * 15) };
}

/** Scripts with the guard on, or off, before it is the others' turn: each turn costs a change of the settings. */
const inTurn = 5;

/**
 * Runs `pairs` scripts with the guard on and as many with it off, a few of each in turn, and reports each run.
 * @param folder where the scripts are written
 * @param seed decides when in its life a script is saved
 */
export async function runScripts(
  actions: Actions,
  folder: string,
  pairs: number,
  seed: number,
  onRun: (run: ScriptRun) => void,
): Promise<readonly ScriptRun[]> {
  const runs: ScriptRun[] = [];
  const random = randomFrom(seed);
  const plans = Array.from({ length: pairs }, (_, index) => ({ index, ...planOf(index, random) }));
  for (let first = 0; first < pairs; first += inTurn) {
    for (const guarded of [false, true]) {
      await actions.enable(guarded);
      for (const { index, ...plan } of plans.slice(first, first + inTurn)) {
        const name = `job-${String(index + 1)}-${guarded ? 'guarded' : 'stock'}`;
        const run = await runOne(actions, join(folder, `${name}.sh`), name, guarded, plan);
        runs.push(run);
        onRun(run);
      }
      await actions.close();
    }
  }
  await actions.enable(true);
  return runs;
}

async function runOne(actions: Actions, path: string, name: string, guarded: boolean, plan: Plan): Promise<ScriptRun> {
  await writeFile(path, scriptText(name), { mode: 0o755 });
  await actions.open(path);
  const script = new RunningScript(path, name);
  await script.ready();
  await script.advance(plan.before);

  await actions.edit(path, plan.edit);
  await actions.save(path, plan.save);
  let same = await diskEqualsDocument(actions, path);
  script.saved();
  if (plan.edit === 'undoAndSaveAgain') {
    await script.advance(2);
    await actions.undo(path);
    await actions.save(path, plan.save);
    same &&= await diskEqualsDocument(actions, path);
  }
  return { edit: plan.edit, save: plan.save, guarded, ...(await script.finish()), diskEqualsDocument: same };
}

async function diskEqualsDocument(actions: Actions, path: string): Promise<boolean> {
  return (await readFile(path, 'utf8')) === (await actions.text(path));
}

export interface ScriptSummary {
  readonly runs: number;
  readonly disturbed: number;
  readonly diskWrong: number;
  readonly fewestStepsAfterSave: number;
  readonly example: string;
}

export function summarize(runs: readonly ScriptRun[], guarded: boolean): ScriptSummary {
  const mine = runs.filter((run) => run.guarded === guarded);
  const disturbed = mine.filter((run) => run.disturbed);
  const telling = disturbed.find((run) => run.example.includes('command not found')) ?? disturbed[0];
  return {
    runs: mine.length,
    disturbed: disturbed.length,
    diskWrong: mine.filter((run) => !run.diskEqualsDocument).length,
    fewestStepsAfterSave: Math.min(...mine.map((run) => run.stepsAfterSave)),
    example: telling?.example ?? '',
  };
}
