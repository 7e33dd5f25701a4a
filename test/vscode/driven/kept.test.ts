/**
 * What an interrupted save left is found at the next start, told of, and restored by the command; what came while no extension looked is
 * kept as well.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { extensionId, withGuardedEditor } from '../../../scripts/lib/guardedEditor';
import { parseKept } from '../../../src/core/kept';
import { ownerLine, targetLine } from '../../../src/core/ownerRecord';
import { temporaryName } from '../../../src/core/temporaryName';
import { english, message, texts } from '../../../src/core/text';
import { thisOwner } from '../../../src/platform/linux/owner';
import { change, save } from '../../support/armedSave';
import { keptFiles, savedFacts } from '../../support/saveLog';
import { changeAndSave, show, untilLevel } from '../../support/statusBar';

describe('a version that an interrupted save left', function () {
  this.timeout(240_000);

  it('is told of once, and restored; where none is kept, the command says so', async () => {
    await withGuardedEditor('kept', async (editor, root) => {
      const window = await editor.openWindow();
      await window.activate(extensionId);
      const showKept = (): Promise<void> =>
        window.run((vscode) => {
          void vscode.commands.executeCommand('holdfast.showKept');
        });
      await showKept();
      await window.page.locator('.notification-toast', { hasText: texts.noneKept }).waitFor();

      const notice = window.page.locator('.notification-toast', { hasText: english(message(texts.untold, 1)) });
      const path = join(root, 'run.sh');
      const owners = join(editor.storageOf(extensionId), 'owners');
      const owner = { ...thisOwner(), pid: spawnSync('true').pid, startTime: 1n };
      mkdirSync(owners, { recursive: true });
      writeFileSync(path, 'echo new\n');
      writeFileSync(join(root, temporaryName({ ...owner, target: 1 }, 0)), 'echo left\n');
      const record = join(owners, `${String(owner.pid)}-1-0123456789abcdef.owner`);
      writeFileSync(record, ownerLine(owner) + targetLine(1, path));
      // A window that goes with its notice has told nobody.
      for (let start = 1; start <= 2; start++) {
        await window.reload();
        await window.activate(extensionId);
        await notice.waitFor();
      }
      await notice.getByRole('button', { name: texts.showKept }).click();
      assert.deepEqual(readdirSync(root), ['run.sh']);

      const picks = window.page.locator('.quick-input-widget');
      await picks.getByText(texts.keptInterrupted).waitFor();
      await window.press('Enter');
      await picks.getByText(texts.restoreKept, { exact: true }).click();
      await window.page.locator('.tab.dirty', { hasText: 'run.sh' }).waitFor();
      assert.equal(readFileSync(path, 'utf8'), 'echo new\n');
      const saved = window.run(async (vscode, at) => (await vscode.workspace.openTextDocument(at)).save(), path);
      assert.ok(await saved);
      assert.equal(readFileSync(path, 'utf8'), 'echo left\n');

      // What was there before is kept in its turn.
      await showKept();
      await picks.getByText(texts.keptRestored).waitFor();
      await window.press('Escape');

      // Who has answered has been told, and is not told again.
      const kept = join(editor.storageOf(extensionId), 'kept');
      const records = readdirSync(kept).filter((name) => name.endsWith('.json'));
      assert.deepEqual(
        records.map((name) => parseKept(readFileSync(join(kept, name), 'utf8')).value?.told),
        [true, true],
      );
    });
  });
});

describe('a version that may have come while no extension ran', function () {
  this.timeout(240_000);

  it('is kept without a word where changes from before are saved, and called by its name by the command', async () => {
    await withGuardedEditor('unread', async (editor, root) => {
      const window = await editor.openWindow();
      await window.activate(extensionId);
      const saves = ['saved as it was.txt', 'changed again.txt'].map((name) => join(root, name));
      for (const path of saves) {
        writeFileSync(path, 'before\n');
        await show(window, path);
        await untilLevel(window, 'gated', basename(path));
        await change(window, path, 'ours');
      }
      const { extensionHostPid, extensionHostEnded } = window;
      process.kill(extensionHostPid, 'SIGKILL');
      await extensionHostEnded;
      for (const path of saves) writeFileSync(path, 'theirs\n');
      await window.untilNewExtensionHost();
      await window.activate(extensionId);

      for (const [again, path] of saves.entries()) {
        if (again) await change(window, path, 'again');
        assert.ok(await save(window, path));
        assert.equal(readFileSync(path, 'utf8'), `${again ? 'again\n' : ''}ours\nbefore\n`);
        const [file = '', ...others] = await keptFiles(window.extensionHostPid, path, 1);
        assert.deepEqual([readFileSync(file, 'utf8'), others], ['theirs\n', []]);
      }
      // From then on what is overwritten is known.
      const [path = ''] = saves;
      await changeAndSave(window, path, 'once more');
      assert.equal((await keptFiles(window.extensionHostPid, path, 1)).length, 1);
      assert.equal(await window.page.locator('.notification-toast', { hasText: 'kept' }).count(), 0);

      await window.run((vscode) => {
        void vscode.commands.executeCommand('holdfast.showKept');
      });
      const picks = window.page.locator('.quick-input-widget');
      await picks.getByText(texts.keptUnread).nth(1).waitFor();
    });
  });
});

describe('the version before the first save after the guard was switched on', function () {
  this.timeout(240_000);

  it('is not kept where the document was as on the disk', async () => {
    await withGuardedEditor(
      'on',
      async (editor, root) => {
        const window = await editor.openWindow();
        await window.activate(extensionId);
        const path = join(root, 'run.sh');
        writeFileSync(path, 'before\n');
        await show(window, path);
        await changeAndSave(window, path, 'off');
        await window.run(async (vscode) => {
          await vscode.workspace
            .getConfiguration('holdfast')
            .update('enabled', true, vscode.ConfigurationTarget.Global);
        });
        await untilLevel(window, 'gated', 'run.sh');
        await changeAndSave(window, path, 'on');
        const facts = await savedFacts(window.extensionHostPid, path, 2);
        assert.deepEqual(
          facts.map(({ reason }) => reason),
          ['switchedOff', 'gated'],
        );
        assert.deepEqual(await keptFiles(window.extensionHostPid, path, 0), []);
      },
      { settings: { 'holdfast.enabled': false } },
    );
  });
});
