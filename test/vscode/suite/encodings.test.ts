import assert from 'node:assert/strict';
import { closeSync, openSync, readSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';

import { act, activated, scratchFolder } from './inside';

const bom = Buffer.from([0xef, 0xbb, 0xbf]);

/** VS Code's name of an encoding → what its bytes must be, written down independently of VS Code. */
const encodings: Readonly<Record<string, (text: string) => Buffer>> = {
  utf8: (text) => Buffer.from(text, 'utf8'),
  utf8bom: (text) => Buffer.concat([bom, Buffer.from(text, 'utf8')]),
  utf16le: (text) => Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]),
  iso88591: (text) => Buffer.from(text, 'latin1'),
};

describe('the bytes on the disk are the document’s', function () {
  this.timeout(60_000);
  let folder: Awaited<ReturnType<typeof scratchFolder>>;
  before(async () => {
    await activated();
    folder = await scratchFolder();
  });
  after(() => folder.dispose());

  for (const [encoding, bytesOf] of Object.entries(encodings)) {
    for (const [name, eol] of [
      ['LF', '\n'],
      ['CRLF', '\r\n'],
    ] as const) {
      it(`${encoding}, ${name}, and a holder keeps the old ones`, async () => {
        const path = join(folder.path, `${encoding}-${name}.txt`);
        const before = ['eins', 'zwei äöü', 'drei', ''].join(eol);
        writeFileSync(path, bytesOf(before));
        const inode = statSync(path).ino;
        const holder = openSync(path, 'r');
        try {
          const document = await vscode.workspace.openTextDocument(vscode.Uri.file(path), { encoding });
          assert.equal(document.getText(), before);
          const editor = await vscode.window.showTextDocument(document, { preview: false });
          await editor.edit((builder) => {
            builder.insert(new vscode.Position(1, 0), 'dazwischen é\n');
          });
          await act.save(path, 'save');
          const after = ['eins', 'dazwischen é', 'zwei äöü', 'drei', ''].join(eol);
          assert.equal(document.getText(), after);
          assert.deepEqual(await readFile(path), bytesOf(after));
          assert.notEqual(statSync(path).ino, inode);
          const held = Buffer.alloc(1000);
          assert.deepEqual(held.subarray(0, readSync(holder, held, 0, held.length, 0)), bytesOf(before));
        } finally {
          closeSync(holder);
        }
      });
    }
  }
});
