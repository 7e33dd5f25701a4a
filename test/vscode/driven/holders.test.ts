/** Who uses a file, as it is seen in the editor: real programs, and everything that shows them. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { HeldFile, Holdfast } from '../../../api/holdfast';
import { median } from '../../../scripts/lib/bench/statistics';
import { extensionId, withGuardedEditor } from '../../../scripts/lib/guardedEditor';
import { lookout } from '../../../src/core/holders/limits';
import { english, message, texts } from '../../../src/core/text';
import { compiled } from '../../support/compiled';
import type { EditorWindow } from '../../support/editor';
import { mountFileSystem } from '../../support/filesystems';
import { explorerLabel, showHolders, treeItem, untilMarked } from '../../support/holdersShown';
import { LineProgram } from '../../support/lineProgram';
import { skip } from '../../support/skip';
import { sharedWindow } from '../../support/sharedWindow';
import { changeAndSave, show, untilLevel, untilSaying } from '../../support/statusBar';
import { SteppedScript, steppedText, waitingLines } from '../../support/steppedScript';
import { untilUnmounted } from '../../support/unmounting';

const [first, second] = waitingLines;

/** What another extension is told. */
function told(window: EditorWindow, path: string): Promise<HeldFile | undefined> {
  return window.run(
    (vscode, id, at) => vscode.extensions.getExtension<Holdfast>(id)?.exports.holdersOf(vscode.Uri.file(at)),
    extensionId,
    path,
  );
}

/** Resolves when another extension is told that somebody has this file. */
async function untilHeld(window: EditorWindow, path: string): Promise<void> {
  await window.run(
    async (vscode, id, at, milliseconds) => {
      const api = vscode.extensions.getExtension<Holdfast>(id)?.exports;
      const held = (): boolean => (api?.holdersOf(vscode.Uri.file(at))?.current?.holders.length ?? 0) > 0;
      if (held()) return;
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`nobody is told to use ${at}`)), milliseconds);
        api?.onDidChangeHolders(() => {
          if (!held()) return;
          clearTimeout(timer);
          resolve();
        });
      });
    },
    extensionId,
    path,
    20_000,
  );
}

describe('who uses a file', function () {
  this.timeout(360_000);
  const shared = sharedWindow('holders');

  it('a running script is shown where it is, follows the edits, is stale after the save, and is gone when it ends', async () => {
    const root = shared.folder();
    const path = join(root, 'run.sh');
    writeFileSync(path, steppedText);
    const script = new SteppedScript(path);
    try {
      const { window } = shared;
      await show(window, path);
      await untilSaying(window, /held by 1\. run\.sh: .* 1 program uses it\.$/);
      await untilMarked(window, [first]);
      await showHolders(window);
      const line = (number: number): RegExp =>
        new RegExp(`^bash, process ${String(script.pid)}, read to line ${String(number)}, since `);
      await treeItem(window, line(first)).waitFor();
      await treeItem(window, /^run\.sh\. 1 program uses it\./).waitFor();
      await window.run(async (vscode) => {
        await vscode.commands.executeCommand('workbench.view.explorer');
      });
      await explorerLabel(window, badge(script.pid)).waitFor();
      await showHolders(window);

      script.step();
      await untilMarked(window, [second]);
      await treeItem(window, line(second)).waitFor();

      await window.run(async (vscode) => {
        await vscode.window.activeTextEditor?.edit((builder) => builder.insert(new vscode.Position(1, 0), '#\n#\n'));
      });
      await untilMarked(window, [second + 2]);

      await changeAndSave(window, path, '# saved');
      await untilSaying(window, /1 on old version\. run\.sh: .* 1 program still has an older version\.$/);
      await untilMarked(window, []);
      await treeItem(window, new RegExp(`^bash, process ${String(script.pid)}, has an older version, `)).waitFor();
      const stale = await told(window, path);
      assert.deepEqual([stale?.current?.holders.length, stale?.older.length, stale?.unnamed], [0, 1, false]);
      assert.equal(stale?.older[0]?.holders[0]?.pid, script.pid);
      assert.doesNotMatch(JSON.stringify(stale), /run\.sh/, 'no command line is told');

      script.step();
      script.step();
      assert.equal(await script.ended(), 0);
      await untilLevel(window, 'gated', 'run.sh');
      await window.page.locator('.pane-body', { hasText: 'No program is seen to use a file' }).waitFor();
    } finally {
      await script.kill();
    }
  });

  it('a program is asked to end after a question, and only then', async () => {
    const root = shared.folder();
    const path = join(root, 'run.sh');
    writeFileSync(path, steppedText);
    const script = new SteppedScript(path);
    try {
      const { window } = shared;
      await show(window, path);
      await untilSaying(window, /held by 1/);
      const dialog = window.page.locator('.monaco-dialog-box');
      for (const answer of ['Cancel', texts.endProcess]) {
        await window.run((vscode) => {
          void vscode.commands.executeCommand('holdfast.endProcess');
        });
        await window.page.locator('.quick-input-widget').getByText('bash', { exact: true }).waitFor();
        await window.press('Enter');
        await dialog.getByText(english(message(texts.endQuestion, 'bash', script.pid))).waitFor();
        await dialog.getByText(path).waitFor();
        await dialog.getByRole('button', { name: answer }).click();
        await dialog.waitFor({ state: 'hidden' });
        if (answer === 'Cancel') process.kill(script.pid, 0);
      }
      // bash waits for its program, and is ended by the signal all the same.
      assert.equal(await script.ended(), 'SIGTERM');
      await untilLevel(window, 'gated', 'run.sh');
    } finally {
      await script.kill();
    }
  });

  it('a program that opens the file after a quiet time is in the status bar in a moment', async () => {
    const root = shared.folder();
    const path = join(root, 'data.txt');
    writeFileSync(path, 'content\n');
    const { window } = shared;
    await show(window, path);
    await untilLevel(window, 'gated', 'data.txt');
    const opener = await LineProgram.start(await compiled('opener'));
    const times: number[] = [];
    for (let round = 0; round < 9; round++) {
      // Quiet is what it is asked for: nothing tells of it.
      await new Promise((resolve) => setTimeout(resolve, 3 * lookout.longestRest));
      const began = performance.now();
      await opener.ask(`open r ${path}`);
      await untilSaying(window, /held by 1\. data\.txt: /);
      times.push(performance.now() - began);
      await opener.ask('close');
      await untilLevel(window, 'gated', 'data.txt');
    }
    await opener.end();
    const [half, longest] = [median(times), Math.max(...times)];
    console.log(`      median ${half.toFixed(0)} ms, longest ${longest.toFixed(0)} ms of ${String(times.length)}`);
    // A machine that is busy adds to it, and takes nothing off.
    assert.ok(Math.min(...times) < 200, `${times.map((time) => time.toFixed(0)).join(', ')} ms`);
    assert.ok(half < 1_000, `${times.map((time) => time.toFixed(0)).join(', ')} ms`);
  });

  it('a file system can be unmounted while a file of it is open, and the file is found again', async function () {
    const mounted = mountFileSystem('ext4');
    if (typeof mounted === 'string') skip(this, 'driven.unmount', mounted);
    try {
      const path = join(mounted.directory, 'data.txt');
      writeFileSync(path, 'content\n');
      const { window } = shared;
      await show(window, path);
      await untilLevel(window, 'gated', 'data.txt');
      await untilUnmounted(mounted);
      mounted.mountAgain();
      const opener = await LineProgram.start(await compiled('opener'));
      await opener.ask(`open r ${path}`);
      await untilSaying(window, /held by 1\. data\.txt: /);
      assert.throws(() => {
        mounted.unmount();
      }, 'it is in use');
      await opener.end();
      await untilLevel(window, 'gated', 'data.txt');
      await untilUnmounted(mounted);
      mounted.mountAgain();
    } finally {
      mounted.release();
    }
  });

  for (const kind of ['of a shell', 'of a process'] as const) {
    it(`a program of a task ${kind} leads to its terminal`, async () => {
      const path = join(shared.folder(), 'run.sh');
      writeFileSync(path, steppedText);
      const { window } = shared;
      await show(window, path);
      await window.run(
        async (vscode, at, isProcess) => {
          const how = isProcess
            ? new vscode.ProcessExecution('bash', [at])
            : new vscode.ShellExecution(`true; bash '${at}'; true`);
          const task = new vscode.Task({ type: 'tried' }, vscode.TaskScope.Workspace, 'the task', 'test', how);
          task.presentationOptions = { reveal: vscode.TaskRevealKind.Never, panel: vscode.TaskPanelKind.Dedicated };
          await vscode.tasks.executeTask(task);
          vscode.window.createTerminal({ name: 'another', shellPath: '/bin/bash' }).show();
        },
        path,
        kind === 'of a process',
      );
      await untilSaying(window, /held by 1/);
      await showHolders(window);
      const item = treeItem(window, /^bash, process \d+, /);
      await item.hover();
      await item.getByRole('button', { name: 'Show Its Terminal' }).click();
      await untilTerminal(window, 'the task');
    });
  }

  it('a program in an integrated terminal leads to it', async () => {
    const root = shared.folder();
    const path = join(root, 'run.sh');
    writeFileSync(path, steppedText);
    const { window } = shared;
    await show(window, path);
    await window.run(async (vscode, at) => {
      const terminal = vscode.window.createTerminal({ name: 'the one', shellPath: '/bin/bash' });
      vscode.window.createTerminal({ name: 'another', shellPath: '/bin/bash' }).show();
      await terminal.processId;
      terminal.sendText(`bash '${at}'`);
    }, path);
    await untilSaying(window, /held by 1/);
    await showHolders(window);
    const item = treeItem(window, /^bash, process \d+, /);
    await item.hover();
    await item.getByRole('button', { name: 'Show Its Terminal' }).click();
    await untilTerminal(window, 'the one');
  });

  it('a file that the setting names is looked at while it is not open', async () => {
    await withGuardedEditor(
      'holders-watch',
      async (editor, root) => {
        const path = join(root, 'service.sh');
        writeFileSync(path, steppedText);
        writeFileSync(join(root, 'other.txt'), 'not named\n');
        const script = new SteppedScript(path);
        try {
          const window = await editor.openWindow();
          await window.activate(extensionId);
          await untilHeld(window, path);
          const file = await told(window, path);
          assert.deepEqual(
            file?.current?.holders.map(({ pid, program, harm }) => ({ pid, program, harm })),
            [{ pid: script.pid, program: 'bash', harm: 'readsAsItRuns' }],
          );
          assert.equal(await told(window, join(root, 'other.txt')), undefined);
          await window.close();
        } finally {
          await script.kill();
        }
      },
      { settings: { 'holdfast.watch': ['**/*.sh'] } },
    );
  });
});

/** Waits until this terminal is the one that is shown. */
async function untilTerminal(window: EditorWindow, name: string): Promise<void> {
  await window.run(
    async (vscode, wanted, milliseconds) => {
      const isIt = (): boolean => vscode.window.activeTerminal?.name === wanted;
      if (isIt()) return;
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`${vscode.window.activeTerminal?.name} is shown`)),
          milliseconds,
        );
        vscode.window.onDidChangeActiveTerminal(() => {
          if (!isIt()) return;
          clearTimeout(timer);
          resolve();
        });
      });
    },
    name,
    20_000,
  );
}

function badge(pid: number): string {
  return english(message(texts.inUseBadge, message(texts.programAndPid, 'bash', pid)));
}
