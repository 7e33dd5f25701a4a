/** VS Code's Explorer while a file is saved: which names come and go in it. */
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { EditorWindow } from '../editor';
import type { Run } from '../run';
import { savedFacts } from '../saveLog';
import { goThisWay, saveText, type Way } from '../scenarios/following';

const ways = ['stock', 'guarded', 'held'] as const satisfies readonly Way[];
const file = 'explored.txt';

/** What the Explorer did during the saves of one way. */
export interface Explored {
  readonly way: Way;
  readonly saves: number;
  /** Names that came and went, in their order: `+name`, `-name`. */
  readonly changes: readonly string[];
}

/** Milliseconds until the Explorer shows a new file. */
const showing = 15_000;

/** Makes the file that is saved: before the window opens, as the Explorer never shows a file that comes between its first reading and its watcher’s start. */
export function makeExplored(folder: string): void {
  writeFileSync(join(folder, file), 'version 0\n');
}

/**
 * Saves {@link makeExplored the file} again and again. After the saves of each way another file is made: when the Explorer shows it, it has taken what came before.
 *
 * @param run in this window, in which Holdfast is active
 * @param folder the workspace's
 */
export async function explore(
  window: EditorWindow,
  run: Run,
  folder: string,
  saves: number,
): Promise<readonly Explored[]> {
  const path = join(folder, file);
  await run(async (vscode) => {
    await vscode.commands.executeCommand('workbench.view.explorer');
  });
  await untilShown(window, file);
  await rememberNames(window);
  const found: Explored[] = [];
  for (const [round, way] of ways.entries()) {
    await goThisWay(run, way);
    for (let save = 1; save <= saves; save++) {
      const holder = way === 'held' ? openSync(path, 'r') : undefined;
      try {
        await saveText(run, path, `version ${way} ${String(save)}\n`);
        await savedFacts(window.extensionHostPid, path, round * saves + save);
      } finally {
        if (holder !== undefined) closeSync(holder);
      }
    }
    const after = `after-${way}.txt`;
    writeFileSync(join(folder, after), '');
    await untilShown(window, after);
    const changes: readonly string[] = await window.page.evaluate('window.holdfastNames.splice(0)');
    if (!changes.includes(`+${after}`)) throw new Error(`of the Explorer only this was seen: ${changes.join()}`);
    found.push({ way, saves, changes: changes.filter((change) => change !== `+${after}`) });
  }
  return found;
}

/** What must not be; empty if all is well. */
export function explorerShortcomings(found: readonly Explored[]): readonly string[] {
  return found.flatMap(({ way, changes }) => changes.map((change) => `the Explorer, ${way}: ${change}`));
}

async function untilShown(window: EditorWindow, name: string): Promise<void> {
  const row = window.page.locator('.explorer-folders-view .label-name', { hasText: name });
  await row.waitFor({ timeout: showing });
}

/** From now on the page remembers which names come and go. */
async function rememberNames(window: EditorWindow): Promise<void> {
  await window.page.evaluate(`(() => {
    const changes = (window.holdfastNames = []);
    const view = document.querySelector('.explorer-folders-view');
    const names = () => new Set([...view.querySelectorAll('.label-name')].map(({ textContent }) => textContent));
    let last = names();
    const look = () => {
      const now = names();
      for (const name of last) if (!now.has(name)) changes.push('-' + name);
      for (const name of now) if (!last.has(name)) changes.push('+' + name);
      last = now;
    };
    new MutationObserver(look).observe(view, { subtree: true, childList: true, characterData: true });
  })()`);
}
