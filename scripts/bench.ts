/**
 * `npm run bench`: saves with Holdfast on and off, interleaved in the same real editor, as ratios of medians, and the
 * time of activation. Into `bench/results/`.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';

import type { EditorWindow } from '../test/support/editor';
import { actions } from '../test/support/scenarios/actions';
import { extensionId, runIn, withGuardedEditor } from './lib/guardedEditor';

const sizes = { '4 KB': 4_000, '200 KB': 200_000, '2 MB': 2_000_000 } as const;
const savesEach = 60;
const starts = 10;
/** Milliseconds, the median of all starts; the first of them is a cold one. */
const activationAtMost = 50;

interface SaveTimes {
  readonly size: string;
  readonly off: { readonly median: number; readonly p95: number };
  readonly on: { readonly median: number; readonly p95: number };
  readonly ratio: number;
}

/** One save of a changed document, in milliseconds as an extension sees it. */
async function timeSave(window: EditorWindow, path: string): Promise<number> {
  return window.run(async (vscode, at) => {
    const document = await vscode.workspace.openTextDocument(at);
    const edit = new vscode.WorkspaceEdit();
    const first = document.getText(new vscode.Range(0, 0, 0, 1));
    edit.replace(document.uri, new vscode.Range(0, 0, 0, 1), first === 'a' ? 'b' : 'a');
    if (!(await vscode.workspace.applyEdit(edit))) throw new Error('not edited');
    const began = performance.now();
    if (!(await document.save())) throw new Error('not saved');
    return performance.now() - began;
  }, path);
}

function quantile(times: readonly number[], share: number): number {
  const sorted = [...times].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

async function benchSaves(window: EditorWindow, folder: string): Promise<readonly SaveTimes[]> {
  const act = actions(runIn(window));
  const rows: SaveTimes[] = [];
  for (const [size, bytes] of Object.entries(sizes)) {
    const path = join(folder, `${String(bytes)}.txt`);
    await writeFile(path, 'a line of forty characters, more or less\n'.repeat(bytes / 41));
    await act.open(path);
    const times: Record<'on' | 'off', number[]> = { on: [], off: [] };
    for (let round = 0; round < savesEach; round++) {
      for (const which of round % 2 === 0 ? (['on', 'off'] as const) : (['off', 'on'] as const)) {
        await act.enable(which === 'on');
        times[which].push(await timeSave(window, path));
      }
    }
    const figures = (which: 'on' | 'off'): SaveTimes['on'] => ({
      median: quantile(times[which], 0.5),
      p95: quantile(times[which], 0.95),
    });
    const [on, off] = [figures('on'), figures('off')];
    rows.push({ size, off, on, ratio: on.median / off.median });
    await act.close();
  }
  await act.enable(true);
  return rows;
}

async function benchStarts(window: EditorWindow): Promise<readonly number[]> {
  const times: number[] = [];
  for (let start = 1; start <= starts; start++) {
    if (start > 1) await window.reload();
    await window.activate(extensionId);
    await window.run(async (vscode) => {
      await vscode.commands.executeCommand('holdfast.showLog');
    });
    const log = window.page.locator('.part.panel .view-lines', { hasText: 'activated:' });
    await log.waitFor();
    times.push(Number(/activated:\s+time=([\d.]+)ms/.exec(await log.innerText())?.[1]));
    await window.run(async (vscode) => {
      await vscode.commands.executeCommand('workbench.action.closePanel');
    });
  }
  return times;
}

async function main(): Promise<boolean> {
  return withGuardedEditor('bench', async (editor, folder) => {
    const window = await editor.openWindow();
    await window.activate(extensionId);
    console.log('Ten starts …');
    const activation = await benchStarts(window);
    console.log(`${String(savesEach)} saves of each kind, on and off in turn …`);
    const saves = await benchSaves(window, folder);
    const median = quantile(activation, 0.5);
    console.log(
      `\nfirst line of the bundle to the end of activation: median ${median.toFixed(1)} ms of ${activation.join(', ')}\n`,
    );
    console.log('size      off: median, 95 %     on: median, 95 %      ratio of medians');
    for (const { size, off, on, ratio } of saves) {
      const cell = ({ median: half, p95 }: SaveTimes['on']): string =>
        `${half.toFixed(1)} ms, ${p95.toFixed(1)} ms`.padEnd(22);
      console.log(`${size.padEnd(10)}${cell(off)}${cell(on)}${ratio.toFixed(2)}`);
    }
    await mkdir(join('bench', 'results'), { recursive: true });
    const path = join('bench', 'results', 'gated.json');
    const machine = { cpus: cpus().length, model: cpus()[0]?.model ?? '' };
    await writeFile(
      path,
      `${JSON.stringify(
        {
          editor: editor.version,
          machine,
          unit: 'ms',
          activation: { median, times: activation },
          saves,
        },
        undefined,
        2,
      )}\n`,
    );
    console.log(`\n${path}`);
    return median < activationAtMost;
  });
}

void main().then((good) => {
  if (!good) console.error(`activation took ${String(activationAtMost)} ms or more`);
  process.exitCode = good ? 0 : 1;
});
