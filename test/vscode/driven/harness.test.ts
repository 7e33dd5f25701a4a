/** The harness itself: what the other driven tests rely on. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Editor, RemoteError, straceRefusal, type EditorVersion, type EditorWindow } from '../../support/editor';
import { skip } from '../../support/skip';
import { membersOf } from '../../support/editor/processes';

const versions: readonly EditorVersion[] = ['current', 'oldest'];

for (const version of versions) {
  describe(`driving the ${version} VS Code`, function () {
    this.timeout(360_000);
    let folder: string;
    let script: string;
    let editor: Editor;
    let started: Editor | undefined;
    let window: EditorWindow;

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'holdfast-harness-'));
      script = join(folder, 'a.sh');
      await writeFile(script, 'echo one\n');
      started = editor = await Editor.start({
        version,
        workspace: folder,
        locale: 'de',
        settings: { 'files.eol': '\n' },
      });
      window = await editor.openWindow();
    });

    after(async () => {
      await started?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    it('runs functions in the extension host', async () => {
      const facts = await window.run(
        (vscode, extra) => ({
          version: vscode.version,
          language: vscode.env.language,
          folder: vscode.workspace.workspaceFolders?.[0]?.uri.fsPath,
          eol: vscode.workspace.getConfiguration('files').inspect<string>('eol')?.globalValue,
          pid: process.pid,
          extra,
        }),
        'argument',
      );
      assert.deepEqual(facts, {
        version: editor.version,
        language: 'de',
        folder,
        eol: '\n',
        pid: window.extensionHostPid,
        extra: 'argument',
      });
    });

    it("passes a remote function's error on", async () => {
      const failing = window.run(() => {
        throw Object.assign(new TypeError('on purpose'), { code: 'EPURPOSE' });
      });
      await assert.rejects(
        failing,
        (error) =>
          error instanceof RemoteError &&
          error.name === 'TypeError' &&
          error.message === 'on purpose' &&
          error.code === 'EPURPOSE',
      );
    });

    it('types, saves by key, by command and by document, and sees the write', async function () {
      const refusal = straceRefusal();
      if (refusal !== undefined) skip(this, 'strace', refusal);
      const strace = await editor.strace({ pid: editor.serverPid, expressions: ['trace=openat'] });
      await show(window, script);
      await window.press('Control+End');
      await window.type('echo two');
      const saved = await expectSave(window, script);
      await window.press('Control+S');
      await saved();
      assert.equal(await readFile(script, 'utf8'), 'echo one\necho two');

      await window.type('\n: three');
      await window.run(async (vscode) => {
        await vscode.commands.executeCommand('workbench.action.files.save');
      });
      assert.equal(await readFile(script, 'utf8'), 'echo one\necho two\n: three');

      const success = await window.run(async (vscode) => {
        const active = vscode.window.activeTextEditor;
        await active?.edit((edit) => edit.insert(new vscode.Position(0, 0), ': zero\n'));
        return active?.document.save();
      });
      assert.equal(success, true);
      assert.equal(await readFile(script, 'utf8'), ': zero\necho one\necho two\n: three');

      const writes = (await strace.stop()).filter((line) => line.includes(`"${script}", O_WRONLY|O_CREAT|O_TRUNC`));
      assert.equal(writes.length, 3);
    });

    it('takes pictures', async () => {
      const path = join(folder, 'picture.png');
      await window.screenshot(path);
      const picture = await readFile(path);
      assert.equal(picture.subarray(1, 4).toString('latin1'), 'PNG');
      assert.deepEqual([picture.readUInt32BE(16), picture.readUInt32BE(20)], [1280, 800]);
      // An empty page of this size compresses to less.
      assert.ok(picture.length > 15_000, `only ${picture.length} bytes`);
    });

    it('has two windows on one folder, each with its own extension host', async () => {
      const second = await editor.openWindow({ theme: 'light' });
      const [first, other] = [window.extensionHostPid, second.extensionHostPid];
      assert.notEqual(first, other);
      assert.equal(
        await second.run((vscode) => vscode.window.activeColorTheme.kind === vscode.ColorThemeKind.Light),
        true,
      );
      assert.equal(await window.run(() => process.pid), first);
      await second.reload();
      assert.notEqual(second.extensionHostPid, other);
      assert.equal(
        await second.run((vscode) => vscode.workspace.name),
        await window.run((vscode) => vscode.workspace.name),
      );
      await second.close();
    });

    it('notices that the extension host was killed, and gets the next one', async () => {
      const killed = window.extensionHostPid;
      const ended = window.extensionHostEnded;
      process.kill(killed, 'SIGKILL');
      await ended;
      await assert.rejects(
        window.run(() => 1),
        /has ended/,
      );
      await window.untilNewExtensionHost();
      assert.notEqual(window.extensionHostPid, killed);
    });

    it('leaves nothing behind', async () => {
      const { serverPid } = editor;
      assert.ok((await membersOf(serverPid)).length > 1);
      const home = await window.run(() => process.env['HOME'] ?? '');
      await editor.stop();
      assert.deepEqual(await membersOf(serverPid), []);
      await assert.rejects(readdir(home), { code: 'ENOENT' });
    });
  });
}

async function show(window: EditorWindow, path: string): Promise<void> {
  await window.run(async (vscode, file) => {
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(file));
  }, path);
  await window.page.waitForSelector('.monaco-editor.focused');
}

/** Listens first, so that the save that follows cannot be missed; the function returned waits for it. */
async function expectSave(window: EditorWindow, path: string): Promise<() => Promise<void>> {
  await window.run((vscode, file) => {
    const saved = new Promise<void>((resolve) => {
      const listener = vscode.workspace.onDidSaveTextDocument((document) => {
        if (document.fileName !== file) return;
        listener.dispose();
        resolve();
      });
    });
    Object.assign(globalThis, { saved });
  }, path);
  return () => window.run(() => (globalThis as typeof globalThis & { saved: Promise<void> }).saved);
}
