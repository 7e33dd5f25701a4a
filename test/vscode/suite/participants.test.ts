/** Save participants of others: what lands is what VS Code shows, at level `gated`, and how often it is published. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';

import { randomFrom } from '../../support/random';
import { savedFacts, type SavedFacts } from '../../support/saveLog';
import { activated, isOldest, scratchFolder } from './inside';

const slowFormatter = 5_000;

/** Sets settings for the whole window, and puts them back. */
async function withSettings(values: Readonly<Record<string, unknown>>, work: () => Promise<void>): Promise<void> {
  const set = async (of: (name: string) => unknown): Promise<void> => {
    for (const name of Object.keys(values)) {
      await vscode.workspace.getConfiguration().update(name, of(name), vscode.ConfigurationTarget.Global);
    }
  };
  await set((name) => values[name]);
  try {
    await work();
  } finally {
    await set(() => undefined);
  }
}

function wholeOf(document: vscode.TextDocument): vscode.Range {
  return document.validateRange(new vscode.Range(0, 0, document.lineCount, 0));
}

/** Formats by making every letter a capital, and takes its time. */
function capitals(milliseconds = 0): vscode.Disposable {
  return vscode.languages.registerDocumentFormattingEditProvider('plaintext', {
    provideDocumentFormattingEdits: (document) =>
      new Promise((resolve) => {
        setTimeout(() => {
          resolve([vscode.TextEdit.replace(wholeOf(document), document.getText().toUpperCase())]);
        }, milliseconds);
      }),
  });
}

/** Fixes every problem that there is: there are none but the word `WRONG`. */
function fixer(): vscode.Disposable {
  const kind = vscode.CodeActionKind.SourceFixAll;
  return vscode.languages.registerCodeActionsProvider(
    'plaintext',
    {
      provideCodeActions: (document) => {
        const action = new vscode.CodeAction('Fix all', kind);
        action.edit = new vscode.WorkspaceEdit();
        action.edit.replace(document.uri, wholeOf(document), document.getText().replace(/wrong/gi, 'right'));
        return [action];
      },
    },
    { providedCodeActionKinds: [kind] },
  );
}

/** An EditorConfig-like extension: asked after Holdfast, it answers with edits. */
function editsLater(editsOf: (document: vscode.TextDocument) => Thenable<vscode.TextEdit[]>): vscode.Disposable {
  return vscode.workspace.onWillSaveTextDocument((event) => {
    if (event.document.languageId === 'plaintext') event.waitUntil(editsOf(event.document));
  });
}

async function opened(path: string): Promise<vscode.TextEditor> {
  return vscode.window.showTextDocument(await vscode.workspace.openTextDocument(path), { preview: false });
}

async function insert(editor: vscode.TextEditor, text: string): Promise<void> {
  assert.ok(await editor.edit((builder) => builder.insert(new vscode.Position(0, 0), text)));
}

/** Saves, and compares the disk with the document in the moment in which VS Code says that it is saved. */
async function saveAndCompare(document: vscode.TextDocument): Promise<void> {
  assert.ok(await document.save(), 'saved');
  const disk = readFileSync(document.uri.fsPath, 'utf8');
  assert.equal(disk, document.getText(), 'the disk is what VS Code shows');
  assert.ok(!document.isDirty);
}

function countEach(facts: readonly SavedFacts[], name: string): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { [name]: value = 'none' } of facts) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

describe('save participants of others', function () {
  this.timeout(120_000);
  let folder: Awaited<ReturnType<typeof scratchFolder>>;
  before(async () => {
    await activated();
    folder = await scratchFolder();
  });
  after(() => folder.dispose());

  it('VS Code’s own are done before we are told: one publish a save, gated', async () => {
    const path = join(folder.path, 'formatted.txt');
    writeFileSync(path, 'one\n');
    const registered = vscode.Disposable.from(capitals(), fixer());
    const settings = {
      'editor.formatOnSave': true,
      'editor.codeActionsOnSave': { 'source.fixAll': 'explicit' },
      'files.trimTrailingWhitespace': true,
      'files.insertFinalNewline': true,
      'files.trimFinalNewlines': true,
    };
    try {
      await withSettings(settings, async () => {
        const editor = await opened(path);
        for (let round = 1; round <= 10; round++) {
          const line = `round ${String(round)}`;
          const whole = wholeOf(editor.document);
          assert.ok(
            await editor.edit((builder) => builder.replace(whole, `${line}   \nwrong${'\n'.repeat(round % 3)}`)),
          );
          await saveAndCompare(editor.document);
          assert.equal(readFileSync(path, 'utf8').toLowerCase(), `${line}\nright\n`);
          assert.match(readFileSync(path, 'utf8'), /^ROUND/);
        }
      });
    } finally {
      registered.dispose();
    }
    const facts = await savedFacts(process.pid, path, 10);
    assert.deepEqual(countEach(facts, 'reason'), { gated: 10 });
    assert.deepEqual(countEach(facts, 'publishes'), { 1: 10 });
  });

  it('a formatter that takes 5 s: the save waits for it, one publish, gated', async () => {
    const path = join(folder.path, 'slow.txt');
    writeFileSync(path, 'one\n');
    const registered = capitals(slowFormatter);
    try {
      await withSettings({ 'editor.formatOnSave': true }, async () => {
        const editor = await opened(path);
        await insert(editor, 'slowly ');
        const began = performance.now();
        await saveAndCompare(editor.document);
        assert.ok(performance.now() - began >= slowFormatter - 100, 'the formatter was waited for');
        assert.equal(editor.document.getText(), 'SLOWLY ONE\n');
      });
    } finally {
      registered.dispose();
    }
    const [facts] = await savedFacts(process.pid, path, 1);
    assert.deepEqual([facts?.['reason'], facts?.['publishes']], ['gated', '1']);
  });

  /** What a listener after ours makes of a text; in turn. */
  const changes: Readonly<Record<string, (document: vscode.TextDocument) => vscode.TextEdit>> = {
    longer: () => vscode.TextEdit.insert(new vscode.Position(0, 0), 'put before by another extension\n'),
    appended: (document) => vscode.TextEdit.insert(wholeOf(document).end, 'appended by another extension\n'),
    cut: (document) =>
      vscode.TextEdit.delete(new vscode.Range(wholeOf(document).end.translate(-1), wholeOf(document).end)),
    other: () => vscode.TextEdit.replace(new vscode.Range(0, 0, 0, 4), 'LINE'),
    empty: (document) => vscode.TextEdit.delete(wholeOf(document)),
  };
  const names = Object.keys(changes);

  it('a listener that changes the text after ours: none refused, the disk holds the document', async () => {
    const saves = isOldest() ? 20 : 100;
    const seed = 20_261_121;
    const random = randomFrom(seed);
    const path = join(folder.path, 'later.txt');
    writeFileSync(path, 'one\n');
    const editor = await opened(path);
    for (let round = 0; round < saves; round++) {
      const change = changes[names[round % names.length] ?? ''];
      assert.ok(change);
      // What is staged anew after the change is ready before VS Code writes, or is not.
      const pause = round % 2 === 0 ? 0 : random() * 40;
      const listener = editsLater(async (document) => {
        const edits = [change(document)];
        if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
        return edits;
      });
      try {
        const whole = wholeOf(editor.document);
        // A large one takes longer to be staged anew than VS Code takes to begin.
        const lines = 1 + Math.floor(random() * (round % 7 === 0 ? 60_000 : 2_000));
        const text = `line of round ${String(round)}\n`.repeat(lines);
        assert.ok(await editor.edit((builder) => builder.replace(whole, text)));
        await saveAndCompare(editor.document);
        assert.notEqual(editor.document.getText(), text);
      } finally {
        listener.dispose();
      }
    }
    const facts = await savedFacts(process.pid, path, saves);
    console.log(`seed ${String(seed)}, publishes a save → saves: ${JSON.stringify(countEach(facts, 'publishes'))}`);
    assert.deepEqual(countEach(facts, 'reason'), { gated: saves });
    // One if the changed text was staged before VS Code opened the file, two if it was found by the comparison.
    assert.ok(facts.every(({ publishes }) => publishes === '1' || publishes === '2'));
    assert.deepEqual(countEach(facts, 'kept'), { none: saves });
  });
});
