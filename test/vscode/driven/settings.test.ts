/** What a wrong setting gets. */
import assert from 'node:assert/strict';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { withGuardedEditor } from '../../../scripts/lib/guardedEditor';
import { changeAndSave, show, untilLevel } from '../../support/statusBar';

describe('an invalid setting', function () {
  this.timeout(240_000);
  it('is told once, in a sentence with a way out, and its default is used', async () => {
    await withGuardedEditor(
      'settings',
      async (editor, root) => {
        for (const name of ['a.sh', 'b.sh']) writeFileSync(join(root, name), 'echo one\n');
        const window = await editor.openWindow();
        await window.activate('holdfast.holdfast');
        const told = window.page.locator('.notification-toast', { hasText: 'holdfast.enabled' });
        for (const name of ['a.sh', 'b.sh']) {
          const path = join(root, name);
          await show(window, path);
          await untilLevel(window, 'gated', name);
          const { ino } = statSync(path);
          await changeAndSave(window, path, '# changed');
          assert.notEqual(statSync(path).ino, ino);
        }
        await told.waitFor();
        assert.equal(await told.count(), 1);
        const text = await told.innerText();
        assert.match(
          text,
          /The setting holdfast\.enabled must be true or false\. Its default is used until it is corrected\./,
        );
        await told.getByRole('button', { name: 'Open Settings' }).click();
        await window.page.locator('.settings-editor').waitFor();
      },
      { settings: { 'holdfast.enabled': 'certainly' } },
    );
  });
});
