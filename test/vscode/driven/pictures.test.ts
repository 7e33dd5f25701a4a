/** Pictures of every state of the interface, in `out/pictures`, to be looked at; and what can be checked of them. */
import assert from 'node:assert/strict';
import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startGuardedEditor } from '../../../scripts/lib/guardedEditor';
import { english, message, texts } from '../../../src/core/text';
import { themes, type Editor, type EditorWindow } from '../../support/editor';
import { showHolders, treeItem, untilMarked } from '../../support/holdersShown';
import { buttonsOf, notice, press } from '../../support/notices';
import { changeAndSave, show, untilLevel, untilSaying } from '../../support/statusBar';
import { SteppedScript, steppedText, waitingLines } from '../../support/steppedScript';

describe('what the user sees', function () {
  this.timeout(360_000);
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

  /** @param hover brings up again what goes when the theme changes */
  async function picture(window: EditorWindow, state: string, hover?: () => Promise<void>): Promise<void> {
    for (const theme of themes) {
      await window.wear(theme);
      await window.page.mouse.move(400, 340);
      await hover?.();
      await window.screenshot(join('out', 'pictures', `${state}-${theme}.png`));
    }
    await window.page.mouse.move(400, 340);
  }

  it('in every theme', async () => {
    assert.ok(editor);
    const window = await editor.openWindow({ size: { width: 1000, height: 600 } });
    await window.activate('holdfast.holdfast');
    const enable = (value: false | undefined): Promise<void> =>
      window.run(async (vscode, to) => {
        // What is not given arrives as null.
        await vscode.workspace
          .getConfiguration('holdfast')
          .update('enabled', to ?? undefined, vscode.ConfigurationTarget.Workspace);
      }, value);
    for (const [name, level] of [
      ['backup.sh', 'gated'],
      ['linked.sh', 'direct'],
      ['backup.sh', 'off'],
    ] as const) {
      if (level === 'off') await enable(false);
      await show(window, join(root, name));
      await untilLevel(window, level, name);
      const item = window.page.locator('[id="holdfast.holdfast.level"] a');
      assert.equal(await item.getAttribute('role'), 'button');
      await picture(window, level, async () => {
        await item.hover();
        await window.page.locator('.monaco-hover', { hasText: `${name}:` }).waitFor();
      });
    }
    await enable(undefined);
    await takeHeld(window);
    await window.close();
  });

  /** A script that runs: before its file is saved, after that, and what is explained then. */
  async function takeHeld(window: EditorWindow): Promise<void> {
    const path = join(root, 'running.sh');
    writeFileSync(path, steppedText);
    const script = new SteppedScript(path);
    const hoverItem = async (): Promise<void> => {
      await window.page.locator('[id="holdfast.holdfast.level"] a').hover();
      await window.page.locator('.monaco-hover', { hasText: `bash (pid ${String(script.pid)})` }).waitFor();
    };
    try {
      await show(window, path);
      await untilMarked(window, [waitingLines[0]]);
      await showHolders(window);
      await treeItem(window, /^bash, process /).waitFor();
      await picture(window, 'held', hoverItem);
      await changeAndSave(window, path, '# saved');
      const told = notice(window, `bash (pid ${String(script.pid)}, `);
      assert.deepEqual(await buttonsOf(told), [
        texts.compare,
        english(message(texts.ignoreProgram, 'bash')),
        texts.holders,
      ]);
      await untilSaying(window, /1 on old version/);
      await picture(window, 'told');
      await press(told, texts.compare);
      await window.page.locator('.monaco-diff-editor .editor.modified .view-line', { hasText: '# saved' }).waitFor();
      await window.page
        .locator('.monaco-diff-editor .editor.original .view-line', { hasText: 'usr/bin/env' })
        .waitFor();
      await picture(window, 'compared');
      await show(window, path);
      await picture(window, 'stale', hoverItem);
      await window.run(async (vscode) => {
        await vscode.commands.executeCommand('holdfast.explain');
      });
      await window.page
        .frameLocator('iframe.webview.ready')
        .frameLocator('iframe')
        .getByText(`bash (pid ${String(script.pid)})`)
        .waitFor();
      await picture(window, 'explained');
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
