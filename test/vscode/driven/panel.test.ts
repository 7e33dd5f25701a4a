/** The picture of files in use, in the real editor, with the keyboard alone. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { extensionId, startGuardedEditor } from '../../../scripts/lib/guardedEditor';
import { english, message, texts } from '../../../src/core/text';
import { themes, type Editor, type EditorWindow } from '../../support/editor';
import {
  audit,
  choices,
  choose,
  frameOf,
  go,
  openPicture,
  pageOf,
  runByKeyboard,
  untilFocused,
  untilInPage,
  untilPictureFocused,
  wearWithPage,
} from '../../support/picturePage';
import { linesOf } from '../../support/saveLog';
import { sharedWindow } from '../../support/sharedWindow';
import { show, untilSaying } from '../../support/statusBar';
import { SteppedScript, steppedText } from '../../support/steppedScript';

/** Changes and saves a document that is open, and leaves in front what is there. */
async function saveUnseen(window: EditorWindow, path: string, line: string): Promise<void> {
  await window.run(
    async (vscode, at, text) => {
      const document = await vscode.workspace.openTextDocument(at);
      const edit = new vscode.WorkspaceEdit();
      edit.insert(document.uri, new vscode.Position(0, 0), `${text}\n`);
      await vscode.workspace.applyEdit(edit);
      if (!(await document.save())) throw new Error(`${at} was not saved`);
    },
    path,
    line,
  );
}

function activeTab(window: EditorWindow): Promise<string | undefined> {
  return window.run((vscode) => vscode.window.tabGroups.activeTabGroup.activeTab?.label);
}

describe('the picture of files in use', function () {
  this.timeout(480_000);
  const shared = sharedWindow('panel');

  /** A running script whose file is shown, and the picture in front of it. */
  async function shown(
    work: (one: {
      readonly window: EditorWindow;
      readonly path: string;
      readonly script: SteppedScript;
    }) => Promise<void>,
    name = 'run.sh',
  ): Promise<void> {
    const path = join(shared.folder(), name);
    writeFileSync(path, steppedText);
    const script = new SteppedScript(path);
    try {
      const { window } = shared;
      await show(window, path);
      await untilSaying(window, /held by 1/);
      await openPicture(window);
      await pageOf(window)
        .locator('.program', { hasText: `pid ${String(script.pid)}` })
        .waitFor();
      await work({ window, path, script });
    } finally {
      await script.kill();
    }
  }

  it('shows a running script, and after a save the version that it goes on with; what has the focus keeps it', async () => {
    await shown(async ({ window, path, script }) => {
      const page = pageOf(window);
      assert.deepEqual(await page.getByRole('heading', { level: 1 }).allInnerTexts(), [texts.pictureTitle]);
      assert.deepEqual(await page.locator('.version > .row .name').allInnerTexts(), [texts.currentVersion]);
      await page.getByText('read to line 3').waitFor();
      await go(window, 'ArrowDown', 'run.sh');
      await go(window, 'ArrowDown', `pid ${String(script.pid)}`);
      // From what is no item, back to the one that had the focus last.
      const who = `pid ${String(script.pid)}`;
      await pageOf(window).locator('h1').focus();
      await go(window, 'ArrowDown', who);
      await go(window, 'Home', 'run.sh');
      await go(window, 'Shift+Tab', texts.pictureList);
      await go(window, 'ArrowUp', 'run.sh');
      await go(window, 'Shift+Tab', texts.pictureList);
      await go(window, 'ArrowDown', 'run.sh');
      await go(window, 'ArrowDown', who);

      script.step();
      await page.getByText('read to line 5').waitFor();
      await untilFocused(window, 'read to line 5');

      await saveUnseen(window, path, '# saved');
      await page
        .locator('.version.older.behind .program.behind', { hasText: 'older version, read to line 5' })
        .waitFor();
      await untilFocused(window, 'older version');
      const labels = await page.locator('.version > .row .name').allInnerTexts();
      assert.equal(labels.length, 2);
      assert.equal(labels[0], texts.currentVersion);
      assert.match(labels[1] ?? '', /^Version of /);
      await page
        .locator('[aria-live=polite]')
        .getByText(english(message(texts.pictureLeftBehind, 'run.sh', 'bash', script.pid)))
        .waitFor({ state: 'attached' });
      await page.locator('.summary').getByText(texts.oneStale).waitFor();

      // The older version ends where the current one begins, and the program's line goes on from there.
      const frame = await frameOf(window);
      // While it is short, everything is near.
      await untilInPage(
        frame,
        `document.querySelector('.version:not(.older) > .row .bar').getBoundingClientRect().width > 20`,
      );
      const edges = await frame.evaluate<Record<string, [number, number]>>(`Object.fromEntries(
        Object.entries({
          current: '.version:not(.older) > .row .bar',
          older: '.version.older > .row .bar',
          with: '.program.behind .line:not(.before):not(.after)',
          after: '.program.behind .line.after',
        }).map(([name, selector]) => {
          const { left, right } = document.querySelector(selector).getBoundingClientRect();
          return [name, [left, right]];
        }),
      )`);
      const near = (one = NaN, other = NaN): void => {
        assert.ok(Math.abs(one - other) < 8, JSON.stringify(edges));
      };
      near(edges['older']?.[1], edges['current']?.[0]);
      near(edges['with']?.[1], edges['after']?.[0]);
      near(edges['after']?.[0], edges['current']?.[0]);
      near(edges['after']?.[1], edges['current']?.[1]);

      // What was pointed at goes: its neighbour has the focus, not nobody.
      await script.kill();
      await page.locator('.program').waitFor({ state: 'detached' });
      await untilFocused(window, texts.pictureTitle);
    });
  });

  it('every action of a program is there by the keyboard', async () => {
    await shown(async ({ window, path, script }) => {
      const who = `pid ${String(script.pid)}`;
      await saveUnseen(window, path, '# saved');
      await pageOf(window).locator('.program.behind').waitFor();
      const back = async (): Promise<void> => {
        await openPicture(window);
        await untilFocused(window, who);
      };
      await go(window, 'End', who);

      await window.press('Enter');
      assert.deepEqual(await choices(window), [
        texts.compare,
        english(message(texts.ignoreProgram, 'bash')),
        english(message(texts.openTheFile, 'run.sh')),
        texts.copyProcessId,
        texts.endProcess,
      ]);
      await window.press('Escape');
      await untilFocused(window, who);

      await window.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      await window.press('Space');
      await choose(window, texts.copyProcessId);
      await window.page.waitForFunction(
        `navigator.clipboard.readText().then((text) => text === ${JSON.stringify(String(script.pid))})`,
      );
      await untilFocused(window, who);

      await window.press('Enter');
      await choose(window, texts.compare);
      await window.page.locator('.monaco-diff-editor .editor.modified .view-line', { hasText: '# saved' }).waitFor();
      await back();

      await window.press('Enter');
      await choose(window, english(message(texts.openTheFile, 'run.sh')));
      await window.page.locator('.editor-group-container.active .tab.active', { hasText: 'run.sh' }).waitFor();
      await back();

      await go(window, 'ArrowLeft', 'run.sh');
      await go(window, 'ArrowRight', who);
      await go(window, 'Home', 'run.sh');
      await window.press('Enter');
      await window.page.locator('.editor-group-container.active .tab.active', { hasText: 'run.sh' }).waitFor();
      await openPicture(window);

      await go(window, 'End', who);
      await window.press('Enter');
      await choose(window, texts.endProcess);
      const dialog = window.page.locator('.monaco-dialog-box');
      await dialog.getByText(english(message(texts.endQuestion, 'bash', script.pid))).waitFor();
      await window.press('Enter');
      assert.equal(await script.ended(), 'SIGTERM');
      await pageOf(window).getByText(texts.pictureNone).waitFor();
      assert.equal(await pageOf(window).locator('.item').count(), 0);

      await untilPictureFocused(window);
      await go(window, 'Tab', texts.pictureList);
      await go(window, 'Tab', texts.pictureWatch);
      await window.press('Enter');
      await window.page.locator('.settings-editor').getByText('Holdfast: Watch').first().waitFor();
    });
  });

  it('leads to the terminal of a program, to the list, and to what another program has done to a file', async () => {
    const root = shared.folder();
    const path = join(root, 'run.sh');
    writeFileSync(path, '#!/usr/bin/env bash\nsleep 600\n', { mode: 0o755 });
    const { window } = shared;
    await show(window, path);
    await window.run((vscode, cwd) => {
      const terminal = vscode.window.createTerminal({ name: 'the one', shellPath: '/bin/bash', cwd });
      terminal.sendText('./run.sh');
    }, root);
    await untilSaying(window, /held by 1/);
    await openPicture(window);
    const page = pageOf(window);
    await page.locator('.program', { hasText: 'bash' }).waitFor();
    await go(window, 'End', 'bash');
    await window.press('Enter');
    await choose(window, texts.revealTerminal);
    await window.page.locator('.part.panel .terminal-wrapper.active').waitFor();

    await openPicture(window);
    await go(window, 'Home', 'run.sh');
    await go(window, 'Shift+Tab', texts.pictureList);
    await window.press('Enter');
    await window.page.locator('.sidebar .composite.title', { hasText: /files in use/i }).waitFor();
    const inTitleBar = window.page.locator('.sidebar').getByRole('button', { name: /as a Picture/ });
    await inTitleBar.waitFor();

    await openPicture(window);
    writeFileSync(path, '#!/usr/bin/env bash\nsleep 601\n', { flag: 'r+' });
    await page.locator('.violation').getByText(texts.violatedItem).waitFor();
    await go(window, 'Home', 'run.sh');
    await go(window, 'ArrowDown', texts.violatedItem);
    await window.press('Enter');
    const actions = [texts.compareRunning, texts.restoreRunning, texts.dismissViolation];
    assert.deepEqual(await choices(window), actions);
    // What comes while the list is open is not dismissed with what was seen.
    const violation = page.locator('.violation .use');
    const first = await violation.innerText();
    writeFileSync(path, '#!/usr/bin/env bash\nsleep 602\n: more\n: and more\n', { flag: 'r+' });
    await violation.filter({ hasNotText: first }).waitFor();
    await choose(window, texts.dismissViolation);
    await window.page
      .locator(`.quick-input-widget input[placeholder=${JSON.stringify(await violation.innerText())}]`)
      .waitFor();
    assert.deepEqual(await choices(window), actions);
    await choose(window, texts.dismissViolation);
    await page.locator('.violation').waitFor({ state: 'hidden' });
  });

  it('is there again when the window was loaded again, with its place; and is gone when it is closed', async () => {
    await shown(async ({ window, script }) => {
      const who = `pid ${String(script.pid)}`;
      await go(window, 'End', who);
      // By VS Code's own command: what is merely torn away may not have written down which tabs it has.
      await window.reload(() => runByKeyboard(window, 'Developer: Reload Window'));
      await pageOf(window).locator('.program', { hasText: who }).waitFor({ timeout: 60_000 });
      assert.equal(await activeTab(window), texts.pictureTitle);
      await openPicture(window);
      assert.equal(await window.page.locator('.tab', { hasText: texts.pictureTitle }).count(), 1, 'there is one');
      await untilFocused(window, who);
      await window.run(async (vscode) => {
        await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
      });
      await window.page.locator('.tab', { hasText: texts.pictureTitle }).waitFor({ state: 'detached' });
      await window.page.locator('iframe.webview').waitFor({ state: 'detached' });
      await openPicture(window);
      await pageOf(window).locator('.program', { hasText: who }).waitFor();
    });
  });

  it('takes names for text, runs no script but its own, and survives messages that are none', async () => {
    const name = '<img src=x onerror=alert(1)>.sh';
    await shown(async ({ window }) => {
      const page = pageOf(window);
      await page.locator('.file .title .name', { hasText: name }).waitFor();
      assert.equal(await page.locator('img, [onerror]').count(), 0);
      const frame = await frameOf(window);
      const policy = await frame.evaluate<string>(
        `document.querySelector('meta[http-equiv=Content-Security-Policy]').content`,
      );
      assert.match(policy, /^default-src 'none'; .*script-src 'nonce-[0-9a-f-]{36}'$/);
      assert.doesNotMatch(policy, /unsafe/);
      // What gets in all the same is not run.
      const ran = await frame.evaluate(`new Promise((resolve) => {
        document.addEventListener('securitypolicyviolation', ({ violatedDirective }) => resolve(violatedDirective), { once: true });
        const script = document.createElement('script');
        script.textContent = 'window.ran = true';
        document.body.append(script);
      }).then((violated) => [violated, window.ran])`);
      assert.deepEqual(ran, ['script-src-elem', undefined]);
      for (const bad of [null, {}, { kind: 'picture' }, { kind: 'picture', picture: { files: [{}] } }, 'x'])
        await frame.evaluate(`window.postMessage(${JSON.stringify(bad)}, '*')`);
      const told = await linesOf(window.extensionHostPid, 'picture: a message to the page could not be read', 5);
      assert.equal(told.length, 5);
      await page.locator('.file .title .name', { hasText: name }).waitFor();
    }, name);
  });
});

describe('the picture of files in use, for everybody', function () {
  this.timeout(480_000);
  let root: string;
  let editor: Editor | undefined;
  const scripts: SteppedScript[] = [];
  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'holdfast-panel-'));
    mkdirSync(join(root, 'jobs'));
    mkdirSync(join('out', 'pictures'), { recursive: true });
    for (const name of ['backup.sh', join('jobs', 'import.sh')]) writeFileSync(join(root, name), steppedText);
    // No notification stands in front of the picture.
    editor = await startGuardedEditor({ workspace: root, settings: { 'holdfast.reopen.ignore': ['bash'] } });
  });
  after(async () => {
    for (const script of scripts) await script.kill();
    await editor?.stop();
    rmSync(root, { recursive: true, force: true });
  });

  /** Audits what is there in each theme, takes a picture of each, and returns how many rules had something to look at, at least. */
  async function auditAll(window: EditorWindow, name: string): Promise<number> {
    const passed: number[] = [];
    for (const theme of themes) {
      await wearWithPage(window, theme);
      const found = await audit(window);
      assert.deepEqual([found.violations, found.incomplete], [[], []], theme);
      assert.ok(found.passed.includes('color-contrast'), `${theme}: ${found.passed.join(' ')}`);
      passed.push(found.passed.length);
      await window.screenshot(join('out', 'pictures', `${name}-${theme}.png`));
    }
    return Math.min(...passed);
  }

  it('axe-core finds nothing against it in any theme', async () => {
    assert.ok(editor);
    const [backup, other] = [join(root, 'backup.sh'), join(root, 'jobs', 'import.sh')];
    const window = await editor.openWindow({ size: { width: 1200, height: 760 } });
    await window.activate(extensionId);
    await openPicture(window);
    await pageOf(window).getByText(texts.pictureNone).waitFor();
    const empty = await auditAll(window, 'picture-empty');
    // Chromium does not paint a page's ground anew when forced colours end: the next page is another one.
    await wearWithPage(window, themes[0]);
    await window.run(async (vscode) => {
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    });

    await show(window, backup);
    await show(window, other);
    for (const path of [backup, other]) scripts.push(new SteppedScript(path));
    await untilSaying(window, /held by 1/);
    await openPicture(window);
    const page = pageOf(window);
    await page.locator('.program').nth(1).waitFor();
    await saveUnseen(window, backup, '# first');
    await page.locator('.program.behind').waitFor();
    scripts.push(new SteppedScript(backup));
    await page.locator('.program').nth(2).waitFor();
    await saveUnseen(window, backup, '# second');
    await page.locator('.program.behind').nth(1).waitFor();
    await saveUnseen(window, backup, '# third');
    await page.locator('.bar.past:not(.swatch)').waitFor();
    await go(window, 'End', 'pid');
    const full = await auditAll(window, 'picture');
    assert.ok(full > empty && full > 15, `${String(full)} rules had something to look at`);
    await window.close();
  });
});
