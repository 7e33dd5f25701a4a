/** Pictures of every state of the interface, in `out/pictures`, to be looked at; and what can be checked of them. */
import assert from 'node:assert/strict';
import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startGuardedEditor } from '../../../scripts/lib/guardedEditor';
import { english, message, texts } from '../../../src/core/text';
import type { Editor, EditorWindow } from '../../support/editor';
import { showHolders, treeItem, untilMarked } from '../../support/holdersShown';
import { buttonsOf, notice, press } from '../../support/notices';
import { changeAndSave, show, untilLevel, untilSaying } from '../../support/statusBar';
import { SteppedScript, steppedText, waitingLines } from '../../support/steppedScript';

const themes = ['dark', 'light', 'high-contrast-dark', 'high-contrast-light'] as const;

describe('what the user sees', function () {
  this.timeout(180_000);
  let root: string;
  let editor: Editor | undefined;
  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'holdfast-pictures-'));
    mkdirSync(join('out', 'pictures'), { recursive: true });
    for (const name of ['backup.sh', 'linked.sh']) writeFileSync(join(root, name), '#!/usr/bin/env bash\necho one\n');
    linkSync(join(root, 'linked.sh'), join(root, 'second-name.sh'));
    editor = await startGuardedEditor({ workspace: root });
  });
  after(async () => {
    await editor?.stop();
    rmSync(root, { recursive: true, force: true });
  });

  for (const theme of themes) {
    it(`in the ${theme} theme`, async () => {
      assert.ok(editor);
      const window = await editor.openWindow({ theme, size: { width: 1000, height: 600 } });
      await window.activate('holdfast.holdfast');
      for (const [name, level] of [
        ['backup.sh', 'gated'],
        ['linked.sh', 'direct'],
        ['backup.sh', 'off'],
      ] as const) {
        if (level === 'off') {
          await window.run(async (vscode) => {
            await vscode.workspace
              .getConfiguration('holdfast')
              .update('enabled', false, vscode.ConfigurationTarget.Workspace);
          });
        }
        await show(window, join(root, name));
        await untilLevel(window, level, name);
        const item = window.page.locator('[id="holdfast.holdfast.level"] a');
        assert.equal(await item.getAttribute('role'), 'button');
        await item.hover();
        await window.page.locator('.monaco-hover', { hasText: `${name}:` }).waitFor();
        await window.screenshot(join('out', 'pictures', `${level}-${theme}.png`));
        await window.page.mouse.move(10, 300);
      }
      await window.run(async (vscode) => {
        await vscode.workspace
          .getConfiguration('holdfast')
          .update('enabled', undefined, vscode.ConfigurationTarget.Workspace);
      });
      await takeHeld(window, theme);
      await window.close();
    });
  }

  /** A script that runs: before its file is saved, after that, and what is explained then. */
  async function takeHeld(window: EditorWindow, theme: string): Promise<void> {
    const name = `running-${theme}.sh`;
    const path = join(root, name);
    writeFileSync(path, steppedText);
    const script = new SteppedScript(path);
    const picture = (state: string): Promise<unknown> =>
      window.screenshot(join('out', 'pictures', `${state}-${theme}.png`));
    const hoverItem = async (): Promise<void> => {
      await window.page.locator('[id="holdfast.holdfast.level"] a').hover();
      await window.page.locator('.monaco-hover', { hasText: `bash (pid ${String(script.pid)})` }).waitFor();
    };
    try {
      await show(window, path);
      await untilMarked(window, [waitingLines[0]]);
      await showHolders(window);
      await treeItem(window, /^bash, process /).waitFor();
      await hoverItem();
      await picture('held');
      await window.page.mouse.move(10, 300);
      await changeAndSave(window, path, '# saved');
      const told = notice(window, `bash (pid ${String(script.pid)}, `);
      assert.deepEqual(await buttonsOf(told), [
        texts.compare,
        english(message(texts.ignoreProgram, 'bash')),
        texts.holders,
      ]);
      await untilSaying(window, /1 on old version/);
      await picture('told');
      await press(told, texts.compare);
      await window.page.locator('.monaco-diff-editor .editor.modified .view-line', { hasText: '# saved' }).waitFor();
      await window.page
        .locator('.monaco-diff-editor .editor.original .view-line', { hasText: 'usr/bin/env' })
        .waitFor();
      await picture('compared');
      await show(window, path);
      await hoverItem();
      await picture('stale');
      await window.page.mouse.move(10, 300);
      await window.run(async (vscode) => {
        await vscode.commands.executeCommand('holdfast.explain');
      });
      await window.page
        .frameLocator('iframe.webview.ready')
        .frameLocator('iframe')
        .getByText(`bash (pid ${String(script.pid)})`)
        .waitFor();
      await picture('explained');
    } finally {
      await script.kill();
    }
  }

  it('the status bar leads to who uses the file, and its hover to the log', async () => {
    assert.ok(editor);
    const window = await editor.openWindow({ size: { width: 1000, height: 600 } });
    await window.activate('holdfast.holdfast');
    await show(window, join(root, 'backup.sh'));
    await untilLevel(window, 'gated', 'backup.sh');
    // Not with the mouse: while it is under way, an item that VS Code shows late can push this one from under it.
    await window.page.locator('[id="holdfast.holdfast.level"] a').press('Enter');
    await window.page.locator('.sidebar .composite.title', { hasText: /files in use/i }).waitFor();
    await window.page.locator('.notification-toast', { hasText: 'backup.sh' }).waitFor();
    await window.page.locator('[id="holdfast.holdfast.level"] a').hover();
    await window.page.locator('.monaco-hover').getByRole('link', { name: texts.log }).click();
    const panel = window.page.locator('.part.panel');
    await panel.locator('select option:checked', { hasText: 'Holdfast' }).first().waitFor({ state: 'attached' });
    await panel.locator('.view-lines', { hasText: /\[info\]/ }).waitFor();
    await window.screenshot(join('out', 'pictures', 'log.png'));
  });
});
