/** The level that is shown is the one that is reached. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Locator } from 'playwright-core';

import { startGuardedEditor } from '../../../scripts/lib/guardedEditor';
import type { Editor, EditorVersion, EditorWindow } from '../../support/editor';
import { skip } from '../../support/skip';
import { changeAndSave, show, untilLevel, untilNoLevel, untilSaying } from '../../support/statusBar';

const versions: readonly EditorVersion[] = ['current', 'oldest'];

for (const version of versions) {
  describe(`levels in the ${version} VS Code`, function () {
    this.timeout(240_000);
    let root: string;
    let editor: Editor | undefined;
    let window: EditorWindow;
    const at = (...names: string[]): string => join(root, ...names);
    const write = (path: string, mode = 0o644): string => {
      writeFileSync(path, 'echo one\n', { mode });
      return path;
    };

    before(async () => {
      root = mkdtempSync(join(tmpdir(), 'holdfast-levels-'));
      for (const name of ['outer', 'outer/inner', 'outside']) mkdirSync(at(name));
      mkdirSync(at('outer', 'inner', '.vscode'));
      writeFileSync(at('outer', 'inner', '.vscode', 'settings.json'), '{ "holdfast.enabled": false }\n');
      const workspace = at('two.code-workspace');
      writeFileSync(
        workspace,
        JSON.stringify({ folders: [{ path: 'outer' }, { path: 'outer/inner', name: 'Inner' }] }),
      );
      editor = await startGuardedEditor({ version, workspace });
      window = await editor.openWindow();
      await window.activate('holdfast.holdfast');
    });
    after(async () => {
      await editor?.stop();
      rmSync(root, { recursive: true, force: true });
    });

    function warnings(): Promise<number> {
      return window.page.locator('.statusbar-item.warning-kind[id="holdfast.holdfast.level"]').count();
    }

    function untilWarned(): Promise<void> {
      return window.page
        .locator('.statusbar-item.warning-kind[id="holdfast.holdfast.level"]')
        .waitFor({ timeout: 15_000 });
    }

    async function reached(path: string, level: string): Promise<string> {
      const { ino } = statSync(path);
      const before = readFileSync(path, 'utf8');
      await show(window, path);
      const foreseen = await untilLevel(window, level, path.slice(path.lastIndexOf('/') + 1));
      await changeAndSave(window, path, '# changed');
      assert.equal(readFileSync(path, 'utf8'), `# changed\n${before}`);
      assert.equal(
        statSync(path).ino === ino ? 'in place' : 'a new inode',
        level === 'gated' ? 'a new inode' : 'in place',
      );
      await untilLevel(window, level, path.slice(path.lastIndexOf('/') + 1));
      return foreseen;
    }

    it('a plain file: gated', async () => {
      const label = await reached(write(at('outer', 'plain.sh'), 0o755), 'gated');
      assert.match(label, /there for others when it is complete/);
    });

    it('a file that may not be written by its mode, and a file outside every folder: gated', async () => {
      await reached(write(at('outside', 'outside.sh')), 'gated');
      if (process.getuid?.() === 0) await reached(write(at('outer', 'read-only.sh'), 0o444), 'gated');
    });

    it('through a symbolic link: gated', async () => {
      const target = write(at('outside', 'linked.sh'));
      symlinkSync(target, at('outer', 'link.sh'));
      await reached(at('outer', 'link.sh'), 'gated');
    });

    it('more than one hard link: direct, and why', async () => {
      const path = write(at('outer', 'one.sh'));
      linkSync(path, at('outer', 'two.sh'));
      assert.match(await reached(path, 'direct'), /more than one name/);
    });

    it('hard links of a file in use: asked when it becomes dirty; unanswered a new file, and as the answer says', async () => {
      const path = write(at('outer', 'asked.sh'));
      const second = at('outer', 'asked-2.sh');
      linkSync(path, second);
      const reader = openSync(path, 'r');
      try {
        await show(window, path);
        assert.match(await untilLevel(window, 'gated', 'asked.sh'), /other names \(hard links\) keep the old version/);
        const question = window.page.locator('.notification-toast', { hasText: 'asked.sh has other names' });
        assert.equal(await question.count(), 0, 'nothing is asked about a file that is only looked at');
        await changeAndSave(window, path, '# unanswered');
        assert.equal(readFileSync(second, 'utf8'), 'echo one\n');
        assert.equal(readFileSync(path, 'utf8'), '# unanswered\necho one\n');
        await question.waitFor();

        const kept = write(at('outer', 'kept.sh'));
        linkSync(kept, at('outer', 'kept-2.sh'));
        const other = openSync(kept, 'r');
        try {
          await show(window, kept);
          await untilLevel(window, 'gated', 'kept.sh');
          await window.run(async (vscode) => {
            await vscode.window.activeTextEditor?.edit((edit) => edit.insert(new vscode.Position(0, 0), '# dirty\n'));
          });
          const asks = window.page.locator('.notification-toast', { hasText: 'kept.sh has other names' });
          await asks.getByRole('button', { name: 'Keep One File', exact: true }).click();
          await untilLevel(window, 'direct', 'kept.sh');
          await untilWarned();
          await changeAndSave(window, kept, '# answered');
          assert.equal(readFileSync(at('outer', 'kept-2.sh'), 'utf8'), '# answered\n# dirty\necho one\n');
        } finally {
          closeSync(other);
        }
      } finally {
        closeSync(reader);
        await window.run(async (vscode) => {
          await vscode.commands.executeCommand('notifications.clearAll');
        });
      }
    });

    it('the other names that an unanswered save has left behind: joined again by the button of the notice', async () => {
      const path = write(at('outer', 'apart.sh'));
      const second = at('outside', 'apart-2.sh');
      linkSync(path, second);
      const third = at('outer', 'inner', 'apart-3.sh');
      linkSync(path, third);
      const holder = openSync(path, 'r');
      const toast = (text: string): Locator => window.page.locator('.notification-toast', { hasText: text });
      try {
        await show(window, path);
        await untilLevel(window, 'gated', 'apart.sh');
        await changeAndSave(window, path, '# changed');
        assert.equal(readFileSync(third, 'utf8'), 'echo one\n');
        const offer = toast('apart.sh has other names (hard links) that still lead to the old version');
        await offer.getByRole('button', { name: 'Join the Names Again', exact: true }).click();
        await toast('1 of 2 other names of apart.sh lead to the new version now').waitFor();
        assert.equal(statSync(third).ino, statSync(path).ino);
        assert.equal(readFileSync(third, 'utf8'), '# changed\necho one\n');
        assert.equal(readFileSync(second, 'utf8'), 'echo one\n', 'it is outside of the workspace');
        assert.equal(readFileSync(holder, 'utf8'), 'echo one\n');
        // The hover offers it for what is left.
        renameSync(second, at('outer', 'apart-2.sh'));
        await untilSaying(window, /Other names of it \(hard links\) still lead to an old version/);
        await window.page.locator('[id="holdfast.holdfast.level"]').hover();
        await window.page.locator('.monaco-hover').getByRole('link', { name: 'Join the Names Again' }).click();
        await toast('All names of apart.sh are one file again').waitFor();
        assert.equal(statSync(at('outer', 'apart-2.sh')).ino, statSync(path).ino);
        await window.run((vscode) => void vscode.commands.executeCommand('holdfast.joinNames'));
        await toast('There is nothing to join').waitFor();
      } finally {
        closeSync(holder);
        await window.run(async (vscode) => {
          await vscode.commands.executeCommand('notifications.clearAll');
        });
      }
    });

    it('in a folder that is switched off by its own settings, although the folder around it is not: off', async () => {
      assert.match(
        await reached(write(at('outer', 'inner', 'off.sh')), 'off'),
        /switched off by the settings of the folder Inner/,
      );
      await reached(write(at('outer', 'on.sh')), 'gated');
    });

    it('a file that a pattern of holdfast.never names, by its whole path or below its folder: off', async () => {
      mkdirSync(at('outer', '.git'));
      assert.match(await reached(write(at('outer', '.git', 'config')), 'off'), /holdfast\.never names it .*\.git/);
      const path = write(at('outer', 'kept.log'));
      await reached(path, 'gated');
      const never = (globs: readonly string[] | undefined): Promise<void> =>
        window.run(
          async (vscode, file, value) => {
            const configuration = vscode.workspace.getConfiguration('holdfast', vscode.Uri.file(file));
            await configuration.update('never', value ?? undefined, vscode.ConfigurationTarget.WorkspaceFolder);
          },
          path,
          globs ?? null,
        );
      await never(['kept.*']);
      assert.match(await reached(path, 'off'), /holdfast\.never names it \(kept\.\*\)/);
      await never(undefined);
      await reached(path, 'gated');
    });

    it('with holdfast.when set to whenHeld: direct while no program uses the file, gated while one does', async () => {
      const path = write(at('outer', 'when.sh'));
      const when = (value: string | null): Promise<void> =>
        window.run(
          async (vscode, file, word) => {
            const configuration = vscode.workspace.getConfiguration('holdfast', vscode.Uri.file(file));
            await configuration.update('when', word ?? undefined, vscode.ConfigurationTarget.WorkspaceFolder);
          },
          path,
          value,
        );
      await when('whenHeld');
      assert.match(
        await reached(path, 'direct'),
        /no program uses it, and the setting holdfast\.when asks for no more/,
      );
      assert.equal(await warnings(), 0);
      await show(window, at('outer', 'plain.sh'));
      const reader = openSync(path, 'r');
      try {
        await show(window, path);
        await untilLevel(window, 'gated', 'when.sh');
        await changeAndSave(window, path, '# changed again');
        // The new file is used by nobody, and is shown so.
        assert.equal(readFileSync(reader, 'utf8'), '# changed\necho one\n');
      } finally {
        closeSync(reader);
        await when(null);
      }
      await reached(path, 'gated');
    });

    it('a mount point: direct, and why', async function () {
      const path = write(at('outer', 'mounted.sh'));
      const source = write(at('outside', 'source.sh'));
      try {
        execFileSync('mount', ['--bind', source, path], { stdio: 'pipe' });
      } catch {
        skip(this, 'levels.mount', 'a file can only be mounted by root');
      }
      let reader: number | undefined;
      try {
        assert.match(await reached(path, 'direct'), /mounted by itself/);
        assert.equal(await warnings(), 0);
        await show(window, source);
        assert.match(await untilLevel(window, 'gated', 'source.sh'), /mounted by itself, .* the old version stays/);
        reader = openSync(path, 'r');
        await show(window, at('outer', 'plain.sh'));
        await show(window, path);
        await untilSaying(window, /a program uses this file now, and a save will change it under that program/);
        await untilWarned();
        await changeAndSave(window, path, '# changed again');
        await untilWarned();
      } finally {
        if (reader !== undefined) closeSync(reader);
        // The window may be looking at it at this moment.
        execFileSync('umount', ['--lazy', path]);
      }
    });

    it('an append-only file and a file of the kernel: none', async function () {
      await show(window, '/proc/version');
      assert.match(await untilLevel(window, 'none', 'version'), /not on a disk/);
      const path = write(at('outer', 'append.log'));
      try {
        execFileSync('chattr', ['+a', path], { stdio: 'pipe' });
      } catch {
        skip(this, 'levels.sealed', 'only root can make a file append-only, on a file system that knows it');
      }
      try {
        await show(window, path);
        assert.match(await untilLevel(window, 'none', 'append.log'), /file attribute/);
      } finally {
        execFileSync('chattr', ['-a', path]);
      }
    });

    it('a new document has no level until it is a file', async () => {
      await window.run(async (vscode) => {
        await vscode.commands.executeCommand('workbench.action.files.newUntitledFile');
      });
      await untilNoLevel(window);
      await window.run(async (vscode) => {
        await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
      });
    });

    it('a folder’s setting that changes is shown at once', async () => {
      const path = write(at('outer', 'plain2.sh'));
      await reached(path, 'gated');
      const enable = (on: boolean): Promise<void> =>
        window.run(
          async (vscode, file, value) => {
            const configuration = vscode.workspace.getConfiguration('holdfast', vscode.Uri.file(file));
            await configuration.update(
              'enabled',
              value ? undefined : false,
              vscode.ConfigurationTarget.WorkspaceFolder,
            );
          },
          path,
          on,
        );
      await enable(false);
      assert.match(await untilLevel(window, 'off', 'plain2.sh'), /settings of the folder outer/);
      await enable(true);
      await untilLevel(window, 'gated', 'plain2.sh');
    });

    it('nothing is left behind', () => {
      const names = execFileSync('find', [root, '-name', '.holdfast*'], { encoding: 'utf8' });
      assert.equal(names, '');
    });
  });
}
