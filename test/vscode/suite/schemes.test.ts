import assert from 'node:assert/strict';
import * as vscode from 'vscode';

import { act, activated } from './inside';

/** A file system in memory with one file, as extensions provide them. */
class OneFile implements vscode.FileSystemProvider {
  bytes: Uint8Array = Buffer.from('one\n');
  writes = 0;
  #mtime = 1;
  readonly #changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly onDidChangeFile = this.#changed.event;

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined);
  }

  stat(): vscode.FileStat {
    return { type: vscode.FileType.File, ctime: 0, mtime: this.#mtime, size: this.bytes.length };
  }

  readFile(): Uint8Array {
    return this.bytes;
  }

  writeFile(_uri: vscode.Uri, bytes: Uint8Array): void {
    this.bytes = bytes;
    this.writes++;
    this.#mtime++;
  }

  readDirectory(): [string, vscode.FileType][] {
    return [];
  }

  createDirectory(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  delete(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  rename(uri: vscode.Uri): void {
    throw vscode.FileSystemError.NoPermissions(uri);
  }
}

describe('a scheme other than file', function () {
  this.timeout(60_000);

  it('is saved as ever, even where the same path exists on the disk', async () => {
    await activated();
    const provider = new OneFile();
    const registration = vscode.workspace.registerFileSystemProvider('holdfasttest', provider);
    try {
      const uri = vscode.Uri.from({ scheme: 'holdfasttest', path: __filename });
      const document = await vscode.workspace.openTextDocument(uri);
      const editor = await vscode.window.showTextDocument(document, { preview: false });
      await editor.edit((builder) => builder.insert(new vscode.Position(0, 0), 'new\n'));
      assert.ok(await document.save());
      assert.equal(Buffer.from(provider.bytes).toString(), 'new\none\n');
      assert.equal(provider.writes, 1);
    } finally {
      await act.close();
      registration.dispose();
    }
  });
});
