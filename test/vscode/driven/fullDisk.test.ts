/**
 * A full disk, on which another program takes every page that is freed: VS Code empties the file and loses it; with Holdfast its own
 * write fails before that, whatever it is told to do then.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { withGuardedEditor } from '../../../scripts/lib/guardedEditor';
import { Editor, type EditorVersion, type EditorWindow } from '../../support/editor';
import { mountFileSystem } from '../../support/filesystems';
import { GreedyHog } from '../../support/hog';
import { savedBecause, savedFacts } from '../../support/saveLog';
import { skip } from '../../support/skip';
import { show, untilLevel } from '../../support/statusBar';

const line = `${'echo a line of an old script'.padEnd(99)}\n`;
/** What there is room for twice, and no more. */
const old = line.repeat(30_000);
const shown = 30_000;

/** Types and saves, and waits for VS Code's own words about it. */
async function changeAndFail(window: EditorWindow, path: string): Promise<void> {
  await show(window, path);
  await window.press('Control+Home');
  await window.type('# changed ');
  await window.press('Control+S');
  await failure(window).first().waitFor({ timeout: shown });
}

function failure(window: EditorWindow): ReturnType<EditorWindow['page']['locator']> {
  return window.page.locator('.notification-toast', { hasText: 'Failed to save' });
}

/** In the list of notifications: of more than three in 800 ms VS Code shows none beside (notificationsToasts.ts, SPAM_PROTECTION). */
async function failureListed(window: EditorWindow): Promise<ReturnType<typeof failure>> {
  await window.run(async (vscode) => {
    await vscode.commands.executeCommand('notifications.showList');
  });
  const listed = window.page.locator('.notifications-center .notification-list-item', { hasText: 'Failed to save' });
  await listed.first().waitFor({ timeout: shown });
  return listed.first();
}

describe('a full disk', function () {
  this.timeout(480_000);

  it('costs the stock editor the file', async function () {
    const disk = mountFileSystem('tmpfs', { tmpfsSize: '8m' });
    if (typeof disk === 'string') skip(this, 'fullDisk', disk);
    try {
      const path = join(disk.directory, 'run.sh');
      writeFileSync(path, old);
      const hog = await GreedyHog.start(disk.directory);
      const editor = await Editor.start({ workspace: disk.directory });
      try {
        await changeAndFail(await editor.openWindow(), path);
        const left = readFileSync(path, 'utf8');
        assert.ok(left.length < old.length, 'neither the old nor the new version');
        console.log(`      ${String(left.length)} of ${String(old.length)} bytes are left`);
      } finally {
        await editor.stop();
        await hog.stop();
      }
    } finally {
      disk.release();
    }
  });

  const editors: readonly (readonly [string, EditorVersion, readonly string[]])[] = [
    ['root', 'current', []],
    // Bound by the permissions of its own files, as any user is.
    ['a user without privileges', 'oldest', ['setpriv', '--bounding-set=-all']],
  ];
  for (const [who, version, wrapper] of editors) {
    it(`leaves ${who} the old version whole, also after Retry and Overwrite (${version})`, async function () {
      const disk = mountFileSystem('tmpfs', { tmpfsSize: '8m' });
      if (typeof disk === 'string') skip(this, 'fullDisk', disk);
      const path = join(disk.directory, 'run.sh');
      writeFileSync(path, old, { mode: 0o644 });
      const hog = await GreedyHog.start(disk.directory);
      try {
        const { ino, mtimeMs } = statSync(path);
        const isWhole = (): void => {
          assert.ok(readFileSync(path, 'utf8') === old);
          const now = statSync(path);
          assert.deepEqual([now.ino, now.mtimeMs, now.mode & 0o7777], [ino, mtimeMs, 0o644]);
        };
        await withGuardedEditor(
          'full',
          async (editor) => {
            const window = await editor.openWindow();
            await window.activate('holdfast.holdfast');
            await show(window, path);
            const label = await untilLevel(window, 'no room', 'run.sh');
            assert.match(
              label,
              /a save will be stopped before it changes anything, because there is no room on its disk/,
            );

            await changeAndFail(window, path);
            const told = window.page.locator('.notification-toast', {
              hasText: 'run.sh was not saved, because there is no room',
            });
            await told.first().waitFor({ timeout: shown });
            isWhole();
            const words = new Set<string>();
            let saves = 1;
            // What is offered depends on whether VS Code looks at the permissions while they are taken away.
            for (let turn = 0; turn < 4; turn++) {
              const failed = await failureListed(window);
              const button = failed.getByRole('button', { name: /^(Retry|Overwrite)/ }).first();
              words.add(((await button.textContent()) ?? '').trim());
              // Not with the mouse: Holdfast's own notice can come and push it away.
              await button.press('Enter');
              saves++;
              const facts = await savedFacts(window.extensionHostPid, path, saves);
              assert.deepEqual(
                facts.map(({ reason, errno }) => [reason, errno]),
                facts.map(() => ['vetoed', 'ENOSPC']),
              );
              isWhole();
            }
            console.log(`      ${String(saves)} saves stopped; offered: ${[...words].join(', ')}`);
            // VS Code makes a file writable for whom it says so.
            const overwritten = await window.run(async (vscode) => {
              await vscode.commands.executeCommand('workbench.action.files.save');
              return vscode.window.activeTextEditor?.document.isDirty;
            });
            assert.equal(overwritten, true);
            isWhole();

            await hog.stop();
            writeFileSync(join(disk.directory, 'greedy'), '');
            await window.run(async (vscode) => vscode.commands.executeCommand('workbench.action.files.save'));
            await savedBecause(window.extensionHostPid, path, 'gated');
            assert.equal(readFileSync(path, 'utf8'), `# changed ${old}`);
            assert.deepEqual(readdirSync(disk.directory).toSorted(), ['greedy', 'run.sh']);
          },
          { version, wrapper },
        );
      } finally {
        await hog.stop();
        disk.release();
      }
    });
  }
});
