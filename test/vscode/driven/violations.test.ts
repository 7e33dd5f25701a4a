/** Another program changes a running file in place: what the user is told, and can do. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { extensionId, withGuardedEditor } from '../../../scripts/lib/guardedEditor';
import { texts } from '../../../src/core/text';
import type { EditorWindow } from '../../support/editor';
import { showHolders, treeItem } from '../../support/holdersShown';
import { until } from '../../support/sentryBench';
import { show, untilSaying } from '../../support/statusBar';
import { SteppedScript, steppedText, waitingLines } from '../../support/steppedScript';

/** Resolves when whoever writes this file has to wait. */
function untilGuarded(path: string): Promise<void> {
  const { ino } = statSync(path);
  const lease = new RegExp(`LEASE +ACTIVE +READ +\\d+ [0-9a-f]+:[0-9a-f]+:${String(ino)} `);
  return until(`a lease on ${path}`, () => lease.test(readFileSync('/proc/locks', 'latin1')));
}

/** Runs a shell command in place of which the last program runs, and returns its pid. */
function pidOf(command: string, ...args: readonly string[]): number {
  return Number(execFileSync('sh', ['-c', `echo $$; exec ${command}`, 'sh', ...args], { encoding: 'latin1' }));
}

/** What is shown beside the file. */
function running(window: EditorWindow): Promise<string | undefined> {
  return window.run(async (vscode, milliseconds) => {
    const shown = (): string | undefined =>
      vscode.workspace.textDocuments.find(({ uri }) => uri.scheme === 'holdfast-running')?.getText();
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
  }, 10_000);
}

const notice = (window: EditorWindow, text: string): ReturnType<EditorWindow['page']['locator']> =>
  window.page.locator('.notification-toast', { hasText: text });

describe('a file that another program changes in place while it runs', function () {
  this.timeout(240_000);

  for (const theme of ['dark', 'light'] as const) {
    it(`by cp: is told with cp, its pid and bash, compared and restored (${theme})`, async () => {
      await withGuardedEditor('violations', async (editor, root) => {
        const path = join(root, 'run.sh');
        writeFileSync(path, steppedText);
        writeFileSync(join(root, 'new'), `# Another one.\n${steppedText}`);
        const script = new SteppedScript(path);
        try {
          mkdirSync(join('out', 'pictures'), { recursive: true });
          const picture = (state: string): Promise<unknown> =>
            window.screenshot(join('out', 'pictures', `${state}-${theme}.png`));
          const window = await editor.openWindow({ theme, size: { width: 1200, height: 700 } });
          await window.activate(extensionId);
          await show(window, path);
          await untilSaying(window, /held by 1/);
          await untilGuarded(path);
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
          await picture('violated');
          await toast.getByRole('button', { name: texts.compareRunning }).click();
          await window.page.locator('.tab', { hasText: 'What Is Running' }).waitFor();
          assert.equal(await running(window), steppedText);
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
          await untilSaying(window, /Holdfast: gated · held by 1\./);
          await window.close();
        } finally {
          await script.kill();
        }
      });
    });
  }

  it('by a save of which VS Code tells no extension, and not by one of which it does', async () => {
    await withGuardedEditor('violations-save', async (editor, root) => {
      const path = join(root, 'run.sh');
      writeFileSync(path, steppedText);
      const script = new SteppedScript(path);
      try {
        const window = await editor.openWindow();
        await window.activate(extensionId);
        await show(window, path);
        await untilSaying(window, /held by 1/);
        await untilGuarded(path);
        const inode = statSync(path).ino;
        await window.run(async (vscode) => {
          await vscode.window.activeTextEditor?.edit((builder) => builder.insert(new vscode.Position(0, 0), '# one\n'));
          await vscode.commands.executeCommand('workbench.action.files.saveWithoutFormatting');
        });
        assert.equal(statSync(path).ino, inode, 'it was changed in place');
        const toast = notice(window, 'VS Code itself changed run.sh in place');
        await toast.getByRole('button', { name: texts.compareRunning }).click();
        await window.page.locator('.tab', { hasText: 'What Is Running' }).waitFor();
        assert.equal(await running(window), steppedText);

        const other = join(root, 'other.sh');
        writeFileSync(other, steppedText);
        const second = new SteppedScript(other);
        try {
          await show(window, other);
          await untilSaying(window, /held by 1\. other\.sh/);
          await untilGuarded(other);
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
        await window.close();
      } finally {
        await script.kill();
      }
    });
  });

  it('is not told any more where that is not wanted, and nobody has to wait', async () => {
    await withGuardedEditor('violations-never', async (editor, root) => {
      const path = join(root, 'run.sh');
      writeFileSync(path, steppedText);
      const script = new SteppedScript(path);
      try {
        const window = await editor.openWindow();
        await window.activate(extensionId);
        await show(window, path);
        await untilSaying(window, /held by 1/);
        await untilGuarded(path);
        execFileSync('sh', ['-c', 'echo "# more" >> "$1"', 'sh', path]);
        const toast = notice(window, 'changed run.sh in place');
        assert.match((await toast.textContent()) ?? '', /1 line was added at the end/);
        await toast.getByRole('button', { name: texts.ignoreViolations }).click();
        const settings = join(root, '.vscode', 'settings.json');
        await until('the setting', () => {
          try {
            return readFileSync(settings, 'utf8').includes('"run.sh"');
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
        await window.close();
      } finally {
        await script.kill();
      }
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
            await untilGuarded(path);
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
