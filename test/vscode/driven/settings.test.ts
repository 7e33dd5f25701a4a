/** What a wrong setting gets. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startGuardedEditor } from '../../../scripts/lib/guardedEditor';
import type { Editor } from '../../support/editor';
import { changeAndSave, show, untilLevel } from '../../support/statusBar';

describe('an invalid setting', function () {
  this.timeout(120_000);
  let root: string;
  let editor: Editor | undefined;
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'holdfast-settings-'));
  });
  after(async () => {
    await editor?.stop();
    rmSync(root, { recursive: true, force: true });
  });

  it('is told once, in a sentence with a way out, and its default is used', async () => {
    for (const name of ['a.sh', 'b.sh']) writeFileSync(join(root, name), 'echo one\n');
    editor = await startGuardedEditor({ workspace: root, settings: { 'holdfast.enabled': 'certainly' } });
    const window = await editor.openWindow();
    await window.activate('holdfast.holdfast');
    const told = window.page.locator('.notification-toast', { hasText: 'holdfast.enabled' });
    for (const name of ['a.sh', 'b.sh']) {
      const path = join(root, name);
      await show(window, path);
      await untilLevel(window, 'detached', name);
      const { ino } = statSync(path);
      await changeAndSave(window, path, '# changed');
      assert.notEqual(statSync(path).ino, ino);
    }
    await told.waitFor();
    assert.equal(await told.count(), 1);
    const text = await told.innerText();
    assert.match(text, /The setting holdfast\.enabled must be true or false\. Its default is used until it is corrected\./);
    await told.getByRole('button', { name: 'Open Settings' }).click();
    await window.page.locator('.settings-editor').waitFor();
  });
});
