/** *Save All* of many documents: they are gated, however many come at once, and the guard is alive afterwards. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { runIn, withGuardedEditor } from '../../../scripts/lib/guardedEditor';
import type { EditorWindow } from '../../support/editor';
import { savedFacts } from '../../support/saveLog';
import { actions } from '../../support/scenarios/actions';
import { changeAndSave, show, untilLevel } from '../../support/statusBar';

/** A machine that was busy with something else is given more. */
const roundsAtMost = 5;

/** Milliseconds. The command saves only what has a tab, and does the same for each. */
async function saveAll(window: EditorWindow, paths: readonly string[], text: string): Promise<number> {
  return window.run(
    async (vscode, all, put) => {
      const edit = new vscode.WorkspaceEdit();
      for (const path of all) edit.insert(vscode.Uri.file(path), new vscode.Position(0, 0), put);
      await vscode.workspace.applyEdit(edit);
      const wanted = new Set(all);
      // A document that becomes dirty gets a tab: that is not what is measured, and takes VS Code seconds for so many.
      await new Promise<void>((resolve, reject) => {
        const shown = (): boolean => {
          const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs);
          const paths = new Set(
            tabs.map(({ input }) => (input instanceof vscode.TabInputText ? input.uri.fsPath : '')),
          );
          return all.every((path) => paths.has(path));
        };
        if (shown()) {
          resolve();
          return;
        }
        const timer = setTimeout(() => {
          listener.dispose();
          reject(new Error('not every document has a tab'));
        }, 60_000);
        const listener = vscode.window.tabGroups.onDidChangeTabs(() => {
          if (!shown()) return;
          clearTimeout(timer);
          listener.dispose();
          resolve();
        });
      });
      const dirty = vscode.workspace.textDocuments.filter(({ isDirty, uri }) => isDirty && wanted.has(uri.fsPath));
      if (dirty.length !== all.length) throw new Error(`${String(dirty.length)} documents are dirty`);
      const began = performance.now();
      const saved = await Promise.all(dirty.map((document) => document.save()));
      if (!saved.every(Boolean)) throw new Error('a document was not saved');
      return performance.now() - began;
    },
    paths,
    text,
  );
}

describe('Save All', function () {
  this.timeout(360_000);

  /** Rounds: Save All with Holdfast on, and with it off. Gated: of one round. */
  for (const { documents, rounds, leastGated } of [
    { documents: 50, rounds: 2, leastGated: 50 },
    { documents: 200, rounds: 1, leastGated: 150 },
  ]) {
    it(`of ${String(documents)} documents gates them, and the next save, too`, async () => {
      await withGuardedEditor(`save-all-${String(documents)}`, async (editor, root) => {
        const folder = join(root, 'many');
        mkdirSync(folder);
        const paths = Array.from({ length: documents }, (_, index) => join(folder, `file-${String(index)}.txt`));
        for (const path of paths) writeFileSync(path, 'old\n');
        const window = await editor.openWindow();
        await window.activate('holdfast.holdfast');
        const act = actions(runIn(window));
        const [first] = paths;
        assert.ok(first);
        await show(window, first);
        await untilLevel(window, 'gated', 'file-0.txt');
        const extensionHost = await window.run(() => process.pid);
        const times = { on: [] as number[], off: [] as number[] };
        let content = 'old\n';
        const levels = new Map<string, number>();
        let mostGated = 0;
        let round = 0;
        while (round < rounds || (mostGated < leastGated && round < roundsAtMost)) {
          round++;
          for (const which of round % 2 === 0 ? (['off', 'on'] as const) : (['on', 'off'] as const)) {
            await act.enable(which === 'on');
            const line = `${which} ${String(round)}\n`;
            times[which].push(await saveAll(window, paths, line));
            content = line + content;
            for (const path of paths) assert.equal(readFileSync(path, 'utf8'), content);
          }
          const reached: string[] = [];
          for (const path of paths) {
            const facts = await savedFacts(extensionHost, path, 2 * round);
            reached.push(...facts.slice(-2).map(({ level = '', reason = '' }) => `${level} ${reason}`));
          }
          for (const level of reached) levels.set(level, (levels.get(level) ?? 0) + 1);
          mostGated = Math.max(mostGated, reached.filter((level) => level === 'gated gated').length);
        }
        await act.enable(true);
        const [on, off] = [Math.min(...times.on), Math.min(...times.off)];
        console.log(
          `      ${String(documents)} documents: ${on.toFixed(0)} ms, stock ${off.toFixed(0)} ms, ratio ${(on / off).toFixed(2)};`,
          JSON.stringify([...levels]),
          JSON.stringify(times, (_, value: unknown) => (typeof value === 'number' ? Math.round(value) : value)),
        );
        // What is not ready within the time that VS Code is held up goes on unguarded, and says so: a slow machine may have some.
        const late = levels.get('direct tooSlow') ?? 0;
        assert.deepEqual(Object.fromEntries(levels), {
          'gated gated': round * documents - late,
          'direct switchedOff': round * documents,
          ...(late > 0 ? { 'direct tooSlow': late } : {}),
        });
        assert.ok(mostGated >= leastGated, `at most ${String(mostGated)} are gated`);
        assert.equal(readdirSync(folder).length, documents);
        await changeAndSave(window, first, '# once more');
        const again = await savedFacts(extensionHost, first, 2 * round + 1);
        assert.equal(again.at(-1)?.['level'], 'gated');
      });
    });
  }
});
