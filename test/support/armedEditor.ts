/** A guarded editor in which saves are armed, and what must hold after whatever becomes of them. */
import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import { parseKept } from '../../src/core/kept';
import { extensionId, startGuardedEditor } from '../../scripts/lib/guardedEditor';
import { beginSave, change, isDirty, leasesOf, save, textOf, untilReleased } from './armedSave';
import type { Editor, EditorWindow } from './editor';
import { untilEnded } from './editor/pidfd';
import { show, untilLevel } from './statusBar';

/** From what ends a save on: for an extension host, from when its extensions are told to end, or it is gone. */
const releasedWithin = 1_000;
const endsWithin = 15_000;
/** One system call, on a machine that is busy. */
const atOnce = 250;

export const oldText = 'old\n';
export const newText = 'new\nold\n';

export class ArmedEditor {
  readonly editor: Editor;
  window: EditorWindow;
  readonly #root: string;
  readonly #work: string;
  readonly #files = new Set<string>();

  private constructor(root: string, work: string, editor: Editor, window: EditorWindow) {
    this.#root = root;
    this.#work = work;
    this.editor = editor;
    this.window = window;
  }

  /** Files with names that begin with `stock-` are not guarded. */
  static async start(): Promise<ArmedEditor> {
    const root = mkdtempSync(join(tmpdir(), 'holdfast-armed-'));
    const work = join(root, 'work');
    mkdirSync(work);
    const settings = { 'holdfast.never': ['**/stock-*'] };
    const editor = await startGuardedEditor({ workspace: work, settings });
    return new ArmedEditor(root, work, editor, await editor.openWindow());
  }

  async stop(): Promise<void> {
    await this.editor.stop();
    rmSync(this.#root, { recursive: true, force: true });
  }

  /** Opens a new file of which the guard says that its saves will be gated. */
  async open(name: string): Promise<string> {
    const path = this.create(name);
    await this.window.activate(extensionId);
    await show(this.window, path);
    await untilLevel(this.window, 'gated', name);
    return path;
  }

  create(name: string): string {
    const path = join(this.#work, name);
    writeFileSync(path, oldText);
    this.#files.add(name);
    return path;
  }

  /** Opens a new file, and changes it. A second later VS Code puts the new text aside. */
  async change(name: string): Promise<string> {
    const path = await this.open(name);
    await change(this.window, path, 'new');
    return path;
  }

  /** Opens a new file, changes it, and waits until VS Code has put the new text aside. */
  async changeWithBackup(name: string): Promise<string> {
    const path = await this.change(name);
    await this.editor.untilBackedUp(path, newText);
    return path;
  }

  /** Saves a changed document as far as the gate. */
  async arm(path: string): Promise<void> {
    await beginSave(this.window, path);
    const { all, atPath } = leasesOf(this.window.extensionHostPid, path);
    // More if somebody has opened the file since: VS Code itself, when the machine is slow.
    assert.ok(all >= 2 && atPath === 1, `the save is armed: ${String(all)} leases, ${String(atPath)} at the path`);
  }

  /** Ends the window's extension host by `end`, and looks after its leases meanwhile. */
  async whileHostEnds(path: string, end: () => Promise<unknown>): Promise<string> {
    const { extensionHostPid, extensionHostEnded } = this.window;
    const began = performance.now();
    let told = NaN;
    void extensionHostEnded.then(() => {
      told = performance.now();
    });
    const gone = untilEnded([extensionHostPid], endsWithin).then(() => performance.now());
    const released = untilReleased(extensionHostPid, path, endsWithin).then((when) => {
      nothingHeld(path);
      return when;
    });
    const [free] = await Promise.all([released, end()]);
    const times = { told, free, gone: await gone };
    const said = Object.entries(times)
      .map(([what, when]) => `${what} ${(when - began).toFixed(0)}`)
      .join(', ');
    const after = Math.max(0, free - told);
    assert.ok(
      after <= releasedWithin,
      `released ${after.toFixed(0)} ms after the extension host was told to end: ${said}`,
    );
    return said;
  }

  /** Waits until the window's saves hold nothing any more. */
  async released(path: string): Promise<void> {
    await untilReleased(this.window.extensionHostPid, path, releasedWithin);
  }

  /**
   * Nearly always VS Code gives up a save whose extension host or window goes: then the text is in the window, and is saved when it is
   * asked for again. But it was seen to go on with it.
   */
  async savedAtLeastAgain(path: string): Promise<void> {
    if (readFileSync(path, 'utf8') === newText) {
      await this.nothingLost(path);
      return;
    }
    assert.equal(readFileSync(path, 'utf8'), oldText);
    assert.equal(await textOf(this.window, path), newText);
    assert.ok(await isDirty(this.window, path));
    await this.saved(path, await save(this.window, path));
  }

  /** @param saved what VS Code says */
  async saved(path: string, saved: boolean): Promise<void> {
    assert.ok(saved);
    assert.equal(readFileSync(path, 'utf8'), newText);
    await this.nothingLost(path);
  }

  /** VS Code has saved the text, or has it as unsaved text; nothing else is left, and nobody who writes the file is held. */
  async nothingLost(path: string): Promise<void> {
    const disk = readFileSync(path, 'utf8');
    assert.ok([oldText, newText].includes(disk), `not whole: ${JSON.stringify(disk)}`);
    assert.equal(await textOf(this.window, path), newText);
    assert.equal(await isDirty(this.window, path), disk === oldText);
    await this.close(path);
  }

  /** Closes a document, unsaved or not, and removes its file. */
  async close(path: string): Promise<void> {
    nothingHeld(path);
    await this.window.run(async (vscode, at) => {
      await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(at), { preview: false });
      await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    }, path);
    rmSync(path);
    this.#files.delete(basename(path));
    this.#nothingLeft();
  }

  #nothingLeft(): void {
    assert.deepEqual(readdirSync(this.#work).sort(), [...this.#files].sort());
    const storage = this.editor.storageOf(extensionId);
    assert.deepEqual(namesIn(join(storage, 'workshop')), []);
    // A document that was dirty when its extension host began: what its save has displaced is kept, without a word.
    const kept = join(storage, 'kept');
    for (const name of namesIn(kept)) {
      const text = readFileSync(join(kept, name), 'utf8');
      if (name.startsWith('.')) assert.equal(parseKept(text).value?.why, 'unread', text);
      else assert.equal(text, oldText);
    }
  }
}

function namesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** Whoever wants to write it in place goes ahead at once. */
export function nothingHeld(path: string): void {
  const began = performance.now();
  closeSync(openSync(path, 'r+'));
  const held = performance.now() - began;
  assert.ok(held <= atOnce, `a writer of ${path} was held for ${held.toFixed(0)} ms`);
}
