import assert from 'node:assert/strict';
import { closeSync, openSync, readSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';

import { activated, scratchFolder } from './inside';

describe('notebooks', function () {
  this.timeout(60_000);

  it('are detached when they are saved', async () => {
    await activated();
    const folder = await scratchFolder();
    try {
      const path = join(folder.path, 'a.ipynb');
      writeFileSync(path, JSON.stringify({ cells: [], metadata: {}, nbformat: 4, nbformat_minor: 5 }));
      const before = await readFile(path);
      const inode = statSync(path).ino;
      const holder = openSync(path, 'r');
      const notebook = await vscode.workspace.openNotebookDocument(vscode.Uri.file(path));
      const edit = new vscode.WorkspaceEdit();
      edit.set(notebook.uri, [
        vscode.NotebookEdit.insertCells(0, [
          new vscode.NotebookCellData(vscode.NotebookCellKind.Markup, 'a first cell', 'markdown'),
        ]),
      ]);
      assert.ok(await vscode.workspace.applyEdit(edit));
      assert.ok(await notebook.save());
      assert.match(await readFile(path, 'utf8'), /a first cell/);
      assert.notEqual(statSync(path).ino, inode);
      const held = Buffer.alloc(1_000);
      assert.deepEqual(held.subarray(0, readSync(holder, held, 0, held.length, 0)), before);
      closeSync(holder);
    } finally {
      await folder.dispose();
    }
  });
});
