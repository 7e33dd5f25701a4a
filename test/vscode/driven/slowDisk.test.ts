/** *Save All* of many documents on a disk that takes its time: they get a copy, in time, and the guard is alive afterwards. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { withGuardedEditor } from '../../../scripts/lib/guardedEditor';
import { straceRefusal, whole } from '../../support/editor';
import { savedFacts } from '../../support/saveLog';
import { skip } from '../../support/skip';
import { changeAndSave, show, untilLevel } from '../../support/statusBar';

const documents = 50;
/** Microseconds that each of our syncs takes; the editor's own writes are not slowed. */
const slowSync = 400_000;

describe('a slow disk', function () {
  this.timeout(600_000);

  let logFolder: string;
  before(() => {
    logFolder = mkdtempSync(join(tmpdir(), 'holdfast-slow-log-'));
  });
  after(() => {
    rmSync(logFolder, { recursive: true });
  });

  it(`Save All of ${String(documents)} documents gives them new versions, and the next save, too`, async function () {
    const refusal = straceRefusal();
    if (refusal !== undefined) skip(this, 'strace', refusal);
    const log = join(logFolder, 'strace.log');
    // From the start, so that only the calls that are asked for stop a process (seccomp): all others are as fast as ever.
    const wrapper = [
      'strace',
      '-f',
      '--seccomp-bpf',
      '-o',
      log,
      '-e',
      'trace=fsync',
      '-e',
      `inject=fsync:delay_enter=${String(slowSync)}`,
    ];
    await withGuardedEditor(
      'slow',
      async (editor, folder) => {
        const paths = Array.from({ length: documents }, (_, index) => join(folder, `file-${String(index)}.txt`));
        for (const path of paths) writeFileSync(path, 'old\n');
        const inodes = paths.map((path) => statSync(path).ino);
        const window = await editor.openWindow();
        await window.activate('holdfast.holdfast');
        const [first] = paths;
        assert.ok(first);
        await show(window, first);
        await untilLevel(window, 'gated', 'file-0.txt');
        const took = await window.run(async (vscode, all) => {
          const edit = new vscode.WorkspaceEdit();
          for (const path of all) edit.insert(vscode.Uri.file(path), new vscode.Position(0, 0), 'new\n');
          await vscode.workspace.applyEdit(edit);
          const wanted = new Set(all);
          const dirty = vscode.workspace.textDocuments.filter(({ isDirty, uri }) => isDirty && wanted.has(uri.fsPath));
          if (dirty.length !== all.length) throw new Error(`${String(dirty.length)} documents are dirty`);
          const began = performance.now();
          const saved = await Promise.all(dirty.map((document) => document.save()));
          if (!saved.every(Boolean)) throw new Error('a document was not saved');
          return performance.now() - began;
        }, paths);
        for (const path of paths) assert.equal(readFileSync(path, 'utf8'), 'new\nold\n');
        const inPlace = paths.filter((path, index) => statSync(path).ino === inodes[index]);
        console.log(
          `      ${String(documents)} saves in ${took.toFixed(0)} ms, ${String(inPlace.length)} of them in place`,
        );
        // What is not ready within the time that VS Code is held up goes on unguarded, and says so: a slow machine may have some.
        const extensionHost = await window.run(() => process.pid);
        for (const path of inPlace) {
          const [facts] = await savedFacts(extensionHost, path, 1);
          assert.deepEqual([facts?.['level'], facts?.['reason']], ['direct', 'tooSlow']);
        }
        assert.ok(inPlace.length <= documents / 2, `${String(inPlace.length)} are saved in place`);
        const { ino } = statSync(first);
        await changeAndSave(window, first, '# once more');
        assert.notEqual(statSync(first).ino, ino);
        assert.equal(readdirSync(folder).length, documents);
      },
      { wrapper },
    );
    const calls = whole(readFileSync(log, 'utf8').split('\n'));
    assert.ok(
      calls.some((line) => /fsync\(.*DELAYED/.test(line)),
      'the disk was slow',
    );
  });
});
