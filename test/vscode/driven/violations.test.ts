/** Another program changes a running file in place: what the user is told, and can do. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import type { CodeAction } from 'vscode';

import { extensionId, withGuardedEditor } from '../../../scripts/lib/guardedEditor';
import { texts } from '../../../src/core/text';
import type { EditorWindow } from '../../support/editor';
import { showHolders, treeItem } from '../../support/holdersShown';
import { until } from '../../support/sentryBench';
import { isLeased } from '../../support/leased';
import { notice } from '../../support/notices';
import { linesSoFar, savedFacts } from '../../support/saveLog';
import { sharedWindow } from '../../support/sharedWindow';
import { changeAndSave, show, untilSaying } from '../../support/statusBar';
import { SteppedScript, steppedText, waitingLines } from '../../support/steppedScript';

/** Resolves when whoever writes this file has to wait for this window. */
function untilGuarded({ extensionHostPid }: EditorWindow, path: string): Promise<void> {
  return until(`a lease on ${path}`, () => isLeased(path, extensionHostPid));
}

/** Runs a shell command in place of which the last program runs, and returns its pid. */
function pidOf(command: string, ...args: readonly string[]): number {
  return Number(execFileSync('sh', ['-c', `echo $$; exec ${command}`, 'sh', ...args], { encoding: 'latin1' }));
}

/** What is shown beside the file. */
function running(window: EditorWindow, path: string): Promise<string | undefined> {
  return window.run(
    async (vscode, of, milliseconds) => {
      const shown = (): string | undefined =>
        vscode.workspace.textDocuments
          .find(({ uri }) => uri.scheme === 'holdfast-running' && uri.path === of)
          ?.getText();
      return (
        shown() ??
        (await new Promise<string | undefined>((resolve) => {
          const timer = setTimeout(() => resolve(undefined), milliseconds);
          vscode.workspace.onDidOpenTextDocument(() => {
            if (shown() === undefined) return;
            clearTimeout(timer);
            resolve(shown());
          });
        }))
      );
    },
    path,
    10_000,
  );
}

/** What the Problems panel has of ours about a file, and what can be done about it. */
function problem(
  window: EditorWindow,
  path: string,
): Promise<{ readonly source: string; readonly says: string; readonly fixes: readonly string[] } | undefined> {
  return window.run(async (vscode, at) => {
    const uri = vscode.Uri.file(at);
    const [one] = vscode.languages.getDiagnostics(uri).filter(({ source }) => source === 'Holdfast');
    if (!one) return undefined;
    const ask = async (): Promise<readonly CodeAction[]> => {
      const fixes = await vscode.commands.executeCommand<CodeAction[]>(
        'vscode.executeCodeActionProvider',
        uri,
        one.range,
      );
      return fixes.filter(({ command }) => command?.command.startsWith('holdfast.'));
    };
    // VS Code gives up what it has asked for when the document changes meanwhile: it is about to be read anew.
    const changed = new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('no fixes, and the document was not read anew')), 20_000);
      const listener = vscode.workspace.onDidChangeTextDocument(({ document }) => {
        if (document.uri.toString() !== uri.toString()) return;
        clearTimeout(late);
        listener.dispose();
        resolve();
      });
    });
    changed.catch(() => undefined);
    let ours = await ask();
    if (ours.length === 0) {
      await changed;
      ours = await ask();
    }
    return { source: one.source ?? '', says: one.message, fixes: ours.map(({ title }) => title) };
  }, path);
}

/** Milliseconds, for VS Code to do something with more than 50 MB. */
const largeDeadline = 120_000;

describe('a file that another program changes in place while it runs', function () {
  this.timeout(480_000);
  const shared = sharedWindow('violations');

  /** A script that runs, is shown, and is guarded. */
  async function whileItRuns(
    work: (one: {
      readonly window: EditorWindow;
      readonly root: string;
      readonly path: string;
      readonly script: SteppedScript;
    }) => Promise<void>,
  ): Promise<void> {
    const { window } = shared;
    const root = shared.folder();
    const path = join(root, 'run.sh');
    writeFileSync(path, steppedText);
    const script = new SteppedScript(path);
    try {
      await show(window, path);
      await untilSaying(window, /held by 1/);
      await untilGuarded(window, path);
      await work({ window, root, path, script });
    } finally {
      await script.kill();
    }
  }

  it('by cp: is told with cp, its pid and bash, compared and restored', async () => {
    await whileItRuns(async ({ window, root, path, script }) => {
      writeFileSync(join(root, 'new'), `# Another one.\n${steppedText}`);
      mkdirSync(join('out', 'pictures'), { recursive: true });
      const picture = async (state: string): Promise<void> => {
        for (const theme of ['light', 'dark'] as const) {
          await window.wear(theme);
          await window.screenshot(join('out', 'pictures', `${state}-${theme}.png`));
        }
      };
      const cp = pidOf('cp "$1" "$2"', join(root, 'new'), path);
      const toast = notice(window, `cp (${String(cp)}) changed run.sh in place`);
      await toast.waitFor();
      assert.match(
        (await toast.textContent()) ?? '',
        new RegExp(`while bash \\(${String(script.pid)}\\) ran from it: 1 line is different\\.`),
      );
      await untilSaying(window, /changed while running\. cp \(\d+\) changed run\.sh in place/);
      await showHolders(window);
      await treeItem(window, /^cp \(\d+\) changed run\.sh in place/).waitFor();
      assert.deepEqual(await problem(window, path), {
        source: 'Holdfast',
        says: `cp (${String(cp)}) changed run.sh in place while bash (${String(script.pid)}) ran from it: 1 line is different. What was written may be executed by it.`,
        fixes: ['Compare with What Is Running', 'Restore the Running Version', 'Dismiss'],
      });
      await picture('violated');
      await toast.getByRole('button', { name: texts.noticeCompareRunning }).click();
      await window.page.locator('.tab', { hasText: 'What Is Running' }).waitFor();
      assert.equal(await running(window, path), steppedText);
      await picture('violated-compared');

      await window.run(async (vscode) => {
        await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
      });
      await show(window, path);
      await untilSaying(window, /changed while running/);
      await window.run(async (vscode) => {
        await vscode.commands.executeCommand('holdfast.restoreRunning');
      });
      const text = await window.run((vscode) => vscode.window.activeTextEditor?.document.getText());
      assert.equal(text, steppedText);
      assert.equal(readFileSync(path, 'utf8'), `# Another one.\n${steppedText}`, 'nothing is saved');
      await window.run(async (vscode) => {
        await vscode.commands.executeCommand('undo');
      });
      const undone = await window.run((vscode) => vscode.window.activeTextEditor?.document.getText());
      assert.equal(undone, `# Another one.\n${steppedText}`);
      assert.equal(await problem(window, path), undefined, 'dealt with');
      await untilSaying(window, /Holdfast: gated · held by 1\./);
    });
  });

  it('by a save of which VS Code tells no extension, and not by one of which it does', async () => {
    await whileItRuns(async ({ window, root, path }) => {
      const inode = statSync(path).ino;
      await window.run(async (vscode) => {
        await vscode.window.activeTextEditor?.edit((builder) => builder.insert(new vscode.Position(0, 0), '# one\n'));
        await vscode.commands.executeCommand('workbench.action.files.saveWithoutFormatting');
      });
      assert.equal(statSync(path).ino, inode, 'it was changed in place');
      const toast = notice(window, 'VS Code itself changed run.sh in place');
      await toast.getByRole('button', { name: texts.noticeCompareRunning }).click();
      await window.page.locator('.tab', { hasText: 'What Is Running' }).waitFor();
      assert.equal(await running(window, path), steppedText);

      const other = join(root, 'other.sh');
      writeFileSync(other, steppedText);
      const second = new SteppedScript(other);
      try {
        await show(window, other);
        await untilSaying(window, /held by 1\. other\.sh/);
        await untilGuarded(window, other);
        await window.run(async (vscode) => {
          const active = vscode.window.activeTextEditor;
          await active?.edit((builder) => builder.insert(new vscode.Position(0, 0), '# one\n'));
          await active?.document.save();
        });
        await untilSaying(window, /1 on old version\. other\.sh/);
        assert.equal(await notice(window, 'changed other.sh').count(), 0);
      } finally {
        await second.kill();
      }
    });
  });

  it('by a save of a document of which VS Code tells no extension because it is larger than 50 MB', async () => {
    const { window } = shared;
    const path = join(shared.folder(), 'big.sh');
    writeFileSync(path, `${steppedText}exit\n${`#${'x'.repeat(1_022)}\n`.repeat(52 << 10)}`);
    const script = new SteppedScript(path);
    try {
      const { ino, size } = statSync(path);
      await window.run(async (vscode, at) => {
        await vscode.workspace
          .getConfiguration('workbench')
          .update('editorLargeFileConfirmation', 1_024, vscode.ConfigurationTarget.Workspace);
        await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(at), { preview: false });
      }, path);
      await untilSaying(window, /held by 1\. big\.sh/);
      await untilGuarded(window, path);
      await window.page.locator('.editor-instance .view-line').first().waitFor({ timeout: largeDeadline });
      await window.page.keyboard.press('Control+Home');
      await window.page.keyboard.type('# one');
      await window.page.locator('.tab.dirty', { hasText: 'big.sh' }).waitFor({ timeout: largeDeadline });
      const toast = notice(window, 'VS Code itself changed big.sh in place');
      // It comes before VS Code has written all, and goes after a while.
      const told = toast.textContent({ timeout: largeDeadline });
      await window.run(async (vscode) => {
        await vscode.commands.executeCommand('workbench.action.files.save');
      });
      const text = (await told) ?? '';
      assert.match(text, new RegExp(`while bash \\(${String(script.pid)}\\) ran from it`));
      assert.deepEqual([statSync(path).ino, statSync(path).size > size], [ino, true], 'it was changed in place');
    } finally {
      await script.kill();
    }
  });

  it('is not told any more where that is not wanted, and nobody has to wait', async () => {
    await whileItRuns(async ({ window, root, path }) => {
      execFileSync('sh', ['-c', 'echo "# more" >> "$1"', 'sh', path]);
      const toast = notice(window, 'changed run.sh in place');
      assert.match((await toast.textContent()) ?? '', /1 line was added at the end/);
      await toast.getByRole('button', { name: texts.ignoreViolations }).click();
      const settings = join(shared.root, '.vscode', 'settings.json');
      await until('the setting', () => {
        try {
          return readFileSync(settings, 'utf8').includes(`"${basename(root)}/run.sh"`);
        } catch {
          return false;
        }
      });
      await untilSaying(window, /Holdfast: gated · held by 1\./);
      const { ino } = statSync(path);
      await until(
        'no lease',
        () => !new RegExp(`LEASE .*:${String(ino)} `).test(readFileSync('/proc/locks', 'latin1')),
      );
    });
  });

  it('is told once, and healed once where that is wanted, though two windows have it open', async () => {
    await withGuardedEditor('violations-two', async (editor, root) => {
      const windows = [await editor.openWindow(), await editor.openWindow()];
      for (const window of windows) await window.activate(extensionId);
      const hosts = windows.map(({ extensionHostPid }) => extensionHostPid);
      writeFileSync(join(root, 'new'), `# Another one.\n${steppedText}`);
      for (const way of ['warn', 'heal'] as const) {
        await windows[0]?.run(async (vscode, value) => {
          await vscode.workspace
            .getConfiguration('holdfast')
            .update('violations', value, vscode.ConfigurationTarget.Workspace);
        }, way);
        for (const window of windows) {
          await window.run(async (vscode, value) => {
            const isSet = (): boolean => vscode.workspace.getConfiguration('holdfast').get('violations') === value;
            await new Promise<void>((resolve) => {
              const listener = vscode.workspace.onDidChangeConfiguration(look);
              function look(): void {
                if (!isSet()) return;
                listener.dispose();
                resolve();
              }
              look();
            });
          }, way);
        }
        const path = join(root, `${way}.sh`);
        writeFileSync(path, steppedText);
        const script = new SteppedScript(path);
        try {
          for (const window of windows) {
            await show(window, path);
            await untilSaying(window, new RegExp(`held by 1\\. ${way}`));
          }
          await until('a lease of each window', () => hosts.every((host) => isLeased(path, host)));
          execFileSync('cp', [join(root, 'new'), path]);
          const told = `changed in place ${JSON.stringify(path)}: `;
          const lines = (): readonly string[] => hosts.flatMap((host) => linesSoFar(host, told));
          await until('a word of one of them', () => lines().length > 0);
          // The line of a save comes after all that was told before it.
          for (const [index, window] of windows.entries()) {
            const other = join(root, `${way}-${String(index)}.txt`);
            writeFileSync(other, 'other\n');
            await show(window, other);
            await changeAndSave(window, other, 'changed');
            await savedFacts(window.extensionHostPid, other, 1);
          }
          const all = lines();
          assert.equal(all.length, 1, all.join('\n'));
          assert.equal(all[0]?.includes(' healed=yes'), way === 'heal', all[0]);
          if (way === 'heal') {
            assert.equal(readFileSync(`/proc/${String(script.pid)}/fd/255`, 'utf8'), steppedText);
          }
          assert.equal(readFileSync(path, 'utf8'), `# Another one.\n${steppedText}`);
        } finally {
          await script.kill();
        }
      }
      for (const window of windows) await window.close();
    });
  });

  it('is healed where that is wanted: by cp, and by saves of which VS Code tells no extension', async () => {
    await withGuardedEditor(
      'violations-heal',
      async (editor, root) => {
        const window = await editor.openWindow({ size: { width: 1200, height: 700 } });
        await window.activate(extensionId);
        /** A script that runs is written by `write`, and what it has, what is at the path and what is said are looked at. */
        const healed = async (name: string, write: (path: string) => Promise<string>, who: RegExp): Promise<void> => {
          const path = join(root, name);
          writeFileSync(path, steppedText, { mode: 0o750 });
          const script = new SteppedScript(path);
          try {
            await show(window, path);
            await untilSaying(window, new RegExp(`held by 1\\. ${name}`));
            await untilGuarded(window, path);
            const { ino } = statSync(path);
            const written = await write(path);
            const toast = notice(window, `changed ${name} in place`);
            await toast.waitFor();
            const text = (await toast.textContent()) ?? '';
            assert.match(text, who);
            assert.match(text, /This was healed: the file has what was written/);
            await untilSaying(window, /changed while running, healed/);
            assert.equal(readFileSync(path, 'utf8'), written);
            assert.notEqual(statSync(path).ino, ino);
            assert.equal(statSync(path).mode & 0o777, 0o750);
            assert.equal(readFileSync(`/proc/${String(script.pid)}/fd/255`, 'utf8'), steppedText);
            assert.deepEqual(
              readdirSync(root).filter((left) => left.startsWith('.holdfast-')),
              [],
            );
            waitingLines.forEach(() => {
              script.step();
            });
            assert.equal(await script.ended(), 0);
          } finally {
            await script.kill();
          }
        };
        const text = `# Another one.\n${steppedText}`;
        writeFileSync(join(root, 'new'), text);
        await healed(
          'cp.sh',
          (path) => {
            execFileSync('cp', [join(root, 'new'), path]);
            return Promise.resolve(text);
          },
          /cp \(\d+\) changed/,
        );
        mkdirSync(join('out', 'pictures'), { recursive: true });
        await window.screenshot(join('out', 'pictures', 'healed.png'));
        await healed(
          'without.sh',
          async () => {
            await window.run(async (vscode) => {
              const active = vscode.window.activeTextEditor;
              await active?.edit((builder) => builder.insert(new vscode.Position(0, 0), '# one\n'));
              await vscode.commands.executeCommand('workbench.action.files.saveWithoutFormatting');
            });
            return `# one\n${steppedText}`;
          },
          /VS Code itself changed/,
        );
        await healed(
          'extension.sh',
          async (path) => {
            await window.run(async (vscode, of) => {
              await vscode.workspace.fs.writeFile(vscode.Uri.file(of), new TextEncoder().encode('# two\n'));
            }, path);
            return '# two\n';
          },
          // The extension host writes local files itself.
          /node \(\d+\) changed/,
        );
        await window.close();
      },
      { settings: { 'holdfast.violations': 'heal' } },
    );
  });
});
