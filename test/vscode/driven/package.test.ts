/** The packages: exactly what is in them, and that the one without a koffi binary says what it cannot do. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expectedFiles, makePackage, packageTargets, type Package } from '../../../scripts/lib/package';
import { Editor } from '../../support/editor';
import { changeAndSave, show, untilLevel } from '../../support/statusBar';

/** koffi's binary is twice as large for Windows. */
const sizeAtMost = { 'linux-x64': 592 * 1024, 'win32-x64': 704 * 1024, universal: 256 * 1024 } as const;

describe('the packages', function () {
  this.timeout(240_000);
  let root: string;
  let editor: Editor | undefined;
  const made = new Map<string, Package>();
  before(async () => {
    root = mkdtempSync(join(tmpdir(), 'holdfast-package-'));
    // The bundle of the last one stays in place: let it be this machine's.
    for (const target of [...packageTargets].reverse()) made.set(target, await makePackage(target));
  });
  after(async () => {
    await editor?.stop();
    rmSync(root, { recursive: true, force: true });
  });

  for (const target of packageTargets) {
    it(`${target}: contains exactly what is meant to be shipped, in less than ${String(sizeAtMost[target] / 1024)} KiB`, () => {
      const found = made.get(target);
      assert.deepEqual(found?.files, expectedFiles[target]);
      assert.ok(found.size < sizeAtMost[target], `${String(found.size)} bytes`);
    });
  }

  it('universal: saves as the stock editor does, and says so', async () => {
    const path = join(root, 'run.sh');
    writeFileSync(path, 'echo one\n');
    const universal = made.get('universal');
    assert.ok(universal);
    editor = await Editor.start({ workspace: root, extensions: [universal.path] });
    const window = await editor.openWindow();
    await window.activate('holdfast.holdfast');
    await show(window, path);
    assert.match(await untilLevel(window, 'direct', 'run.sh'), /contains no system calls for this machine/);
    const { ino } = statSync(path);
    await changeAndSave(window, path, '# changed');
    assert.equal(statSync(path).ino, ino);
    await untilLevel(window, 'direct', 'run.sh');
  });
});
