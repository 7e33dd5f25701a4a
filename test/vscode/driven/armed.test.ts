/**
 * A save that is armed when something else happens: nothing is lost, nothing is held, nothing is left over. In the current VS Code
 * only: nearly each of these loads a window or an extension host again, which takes seconds.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { extensionId } from '../../../scripts/lib/guardedEditor';
import { makePackage } from '../../../scripts/lib/package';
import { ArmedEditor, newText, oldText } from '../../support/armedEditor';
import { beginSave, change, goOn, isDirty, textOf } from '../../support/armedSave';
import type { EditorWindow } from '../../support/editor';
import { ExtensionPage } from '../../support/extensionPage';
import { savedFacts } from '../../support/saveLog';
import { whileSaving } from '../../support/scenarios/whileSaving';

/** Higher than any that the project has. */
const newerVersion = '99.0.0';

describe('a save that is armed', function () {
  this.timeout(240_000);
  let armed: ArmedEditor;
  let packages: string;
  let newer: string;
  before(async () => {
    packages = mkdtempSync(join(tmpdir(), 'holdfast-newer-'));
    newer = (await makePackage('linux-x64', { version: newerVersion, folder: packages })).path;
    armed = await ArmedEditor.start();
  });
  after(async () => {
    await armed.stop();
    rmSync(packages, { recursive: true, force: true });
  });

  async function untilReleased(how: string, path: string, end: () => Promise<unknown>): Promise<void> {
    console.log(`      milliseconds since ${how}: ${await armed.whileHostEnds(path, end)}`);
  }

  async function untilGated(path: string): Promise<void> {
    const saved = await goOn(armed.window);
    const [facts] = await savedFacts(armed.window.extensionHostPid, path, 1);
    assert.equal(facts?.['level'], 'gated');
    await armed.saved(path, saved);
  }

  it('is let go when the window is reloaded, and the text is there again', async () => {
    const path = await armed.changeWithBackup('reloaded.txt');
    await armed.arm(path);
    await untilReleased('the window is reloaded', path, () => armed.window.reload());
    await armed.nothingLost(path);
  });

  it('is let go when the extension host is killed, and VS Code saves again', async () => {
    const path = await armed.change('killed.txt');
    await armed.arm(path);
    await untilReleased('the extension host is killed', path, async () => {
      const { window } = armed;
      const { extensionHostEnded } = window;
      process.kill(window.extensionHostPid, 'SIGKILL');
      await extensionHostEnded;
      await window.untilNewExtensionHost();
    });
    await armed.savedAtLeastAgain(path);
  });

  it('is let go when the window is closed, and the next window has the text', async () => {
    const path = await armed.changeWithBackup('closed.txt');
    await armed.arm(path);
    await untilReleased('the window is closed', path, () => armed.window.close());
    armed.window = await armed.editor.openWindow();
    await armed.nothingLost(path);
  });

  it('goes on while the extension is updated, and is let go when the newer one takes over', async () => {
    const { window } = armed;
    const goesOn = await armed.change('installing.txt');
    await armed.arm(goesOn);
    await window.run(async (vscode, file) => {
      await vscode.commands.executeCommand('workbench.extensions.installExtension', vscode.Uri.file(file));
    }, newer);
    await untilGated(goesOn);

    const path = await armed.changeWithBackup('updated.txt');
    const page = await ExtensionPage.open(window, extensionId);
    await page.untilReloadOffered();
    await armed.arm(path);
    await untilReleased('the extension is updated', path, () => page.reloadWindow());
    await armed.savedAtLeastAgain(path);
    assert.equal(await versionIn(window), newerVersion);
  });

  it('goes on while the extension is disabled, and is let go when it ends', async () => {
    const { window } = armed;
    const goesOn = await armed.change('disabling.txt');
    const page = await ExtensionPage.open(window, extensionId);
    await armed.arm(goesOn);
    await page.disable();
    await untilGated(goesOn);

    const path = await armed.changeWithBackup('disabled.txt');
    await ExtensionPage.open(window, extensionId);
    await armed.arm(path);
    await untilReleased('the extension is disabled', path, () => page.reloadWindow());
    await armed.savedAtLeastAgain(path);
    assert.equal(await versionIn(window), undefined);
    await ExtensionPage.open(window, extensionId);
    await page.enable();
  });

  documentTests(() => armed);

  it('is let go when the server ends, and the text is still in the window', async () => {
    const path = await armed.changeWithBackup('server.txt');
    await armed.arm(path);
    await untilReleased('the server ends', path, async () => {
      const { extensionHostEnded } = armed.window;
      process.kill(armed.editor.serverPid, 'SIGTERM');
      await armed.editor.serverEnded;
      await extensionHostEnded;
    });
    assert.equal(readFileSync(path, 'utf8'), oldText);
    const shown = await armed.window.page.locator('.view-lines').innerText();
    assert.equal(`${shown}\n`, newText);
    await armed.editor.untilBackedUp(path, newText);
  });
});

/** What a person does to the document meanwhile. */
function documentTests(armed: () => ArmedEditor): void {
  for (const [how, act] of Object.entries(whileSaving)) {
    it(`${how}: ends as it does in the stock editor`, async () => {
      const { window } = armed();
      const stock = armed().create(`stock-${how}.txt`);
      await change(window, stock, 'new');
      await beginSave(window, stock);
      await act(window, stock);
      const expected = await outcome(window, stock);
      await armed().close(stock);

      const path = await armed().change(`${how}.txt`);
      await armed().arm(path);
      await act(window, path);
      await armed().released(path);
      assert.deepEqual(await outcome(window, path), expected);
      await armed().close(path);
    });
  }

  it('has text that VS Code had no time to put aside: that is lost only if the user was asked', async () => {
    const { window } = armed();
    const stock = armed().create('stock-unsaved.txt');
    const path = await armed().open('unsaved.txt');
    const asked = window.leavingAsked;
    await change(window, stock, 'new');
    await change(window, path, 'new');
    await armed().arm(path);
    await armed().whileHostEnds(path, () => window.reload());
    for (const one of [stock, path]) {
      const text = await textOf(window, one);
      assert.ok(text === newText || (text === oldText && window.leavingAsked > asked), JSON.stringify(text));
    }
    await armed().close(stock);
    await armed().close(path);
  });
}

async function versionIn(window: EditorWindow): Promise<string | undefined> {
  return window.run((vscode, id) => {
    const manifest = vscode.extensions.getExtension(id)?.packageJSON as { readonly version: string } | undefined;
    return manifest?.version;
  }, extensionId);
}

interface Outcome {
  readonly disk: string;
  readonly text: string;
  readonly dirty: boolean;
}

async function outcome(window: EditorWindow, path: string): Promise<Outcome> {
  return { disk: readFileSync(path, 'utf8'), text: await textOf(window, path), dirty: await isDirty(window, path) };
}
