/** From outside: VS Code's own open is held while the new version gets to the path. The system calls of one save are kept in `out/evidence`. */
import assert from 'node:assert/strict';
import { closeSync, mkdirSync, openSync, readSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { withGuardedEditor } from '../../../scripts/lib/guardedEditor';
import { straceRefusal } from '../../support/editor';
import { skip } from '../../support/skip';
import { savedFacts } from '../../support/saveLog';
import { changeAndSave, show, untilLevel } from '../../support/statusBar';

describe('the system calls of one save', function () {
  this.timeout(240_000);
  it('a clone takes the held file’s place, and the new version the clone’s while VS Code waits in its open', async function () {
    const refusal = straceRefusal();
    if (refusal !== undefined) skip(this, 'strace', refusal);
    await withGuardedEditor('evidence', async (editor, root) => {
      const path = join(root, 'run.sh');
      writeFileSync(path, 'echo one\n');
      const window = await editor.openWindow();
      await window.activate('holdfast.holdfast');
      await show(window, path);
      await untilLevel(window, 'gated', 'run.sh');
      const before = statSync(path).ino;
      const holder = openSync(path, 'r');

      const calls = 'trace=openat,linkat,renameat2,rename,unlinkat,ftruncate,fdatasync,fsync';
      const ours = await editor.strace({ pid: window.extensionHostPid, expressions: [calls] });
      const theirs = await editor.strace({ pid: editor.serverPid, expressions: [calls] });
      await changeAndSave(window, path, '# changed');
      // Then the keeper is done with its names.
      await savedFacts(window.extensionHostPid, path, 1);
      const about = (lines: readonly string[]): string[] =>
        lines.filter((line) => line.includes(root) || line.includes('workshop'));
      // VS Code may save documents of its own meanwhile (settings.json), which Holdfast guards as well.
      const inFolder = (lines: readonly string[]): string[] => lines.filter((line) => line.includes(root));
      const keeper = about(await ours.stop());
      const server = about(await theirs.stop());
      mkdirSync(join('out', 'evidence'), { recursive: true });
      writeFileSync(
        join('out', 'evidence', 'save.strace'),
        [
          '# the extension host (Holdfast’s threads)',
          ...keeper,
          '',
          '# the server (VS Code’s own save)',
          ...server,
          '',
        ].join('\n'),
      );

      const renames = inFolder(keeper).filter((line) => /renameat2\(.*RENAME_EXCHANGE\) += 0/.test(line));
      assert.equal(renames.length, 2, keeper.join('\n'));
      assert.equal(inFolder(keeper).filter((line) => / linkat\(.*\.holdfast-\S+~".*\) += 0/.test(line)).length, 2);
      assert.equal(inFolder(keeper).filter((line) => /unlinkat\(.*\.holdfast-\S+~".*\) += 0/.test(line)).length, 2);
      assert.ok(
        !keeper.some((line) => /run\.sh.*O_(WRONLY|RDWR)/.test(line)),
        'Holdfast never opens the target for writing',
      );
      assert.ok(!inFolder(server).some((line) => /rename|link/.test(line)), 'VS Code itself renames nothing');
      const writes = server.filter((line) => /openat\(.*run\.sh.*O_WRONLY\|O_CREAT\|O_TRUNC/.test(line));
      assert.equal(writes.length, 1, server.join('\n'));
      const inOrder = [renames[0], writes[0], renames[1]];
      const times = inOrder.map(timeOf);
      assert.deepEqual(times, [...times].sort(), inOrder.join('\n'));

      assert.notEqual(statSync(path).ino, before);
      const held = Buffer.alloc(100);
      assert.equal(held.toString('utf8', 0, readSync(holder, held, 0, 100, 0)), 'echo one\n');
      closeSync(holder);
    });
  });
});

/** strace -ttt: seconds since the epoch, after the pid. */
function timeOf(line = ''): number {
  const found = /^\d+ +(\d+\.\d+) /.exec(line);
  assert.ok(found, `no time in: ${line}`);
  return Number(found[1]);
}
