import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import * as vscode from 'vscode';

import { compiled } from '../../support/compiled';
import { within } from '../../support/deadline';
import { LineProgram } from '../../support/lineProgram';
import { act, activated, isOldest, scratchFolder, scratchOutside } from './inside';

const run = promisify(execFile);
const temporary = /^\.holdfast(-\d+){4}~$/;

/** Collects what a watcher of the extension API reports, and tells when a wanted event has come. */
class WatchLog implements vscode.Disposable {
  readonly events: {
    readonly kind: 'created' | 'changed' | 'deleted';
    readonly name: string;
    readonly folder: string;
  }[] = [];
  readonly #watcher: vscode.FileSystemWatcher;
  readonly #wanted = new Map<string, () => void>();

  constructor(pattern: vscode.GlobPattern) {
    this.#watcher = vscode.workspace.createFileSystemWatcher(pattern);
    this.#watcher.onDidCreate((uri) => this.#take('created', uri));
    this.#watcher.onDidChange((uri) => this.#take('changed', uri));
    this.#watcher.onDidDelete((uri) => this.#take('deleted', uri));
  }

  /** To be called before the save; what it returns waits for the event, and not before. */
  expectChange(path: string): () => Promise<void> {
    const seen = new Promise<void>((resolve) => {
      this.#wanted.set(path, resolve);
    });
    return async () => {
      try {
        await within(10_000, `the watcher says that ${basename(path)} was changed`, seen);
      } catch (error) {
        throw new Error(`the last events were ${JSON.stringify(this.events.slice(-8))}`, { cause: error });
      }
    };
  }

  dispose(): void {
    this.#watcher.dispose();
  }

  #take(kind: 'created' | 'changed' | 'deleted', uri: vscode.Uri): void {
    this.events.push({ kind, name: basename(uri.fsPath), folder: dirname(uri.fsPath) });
    if (kind === 'changed') this.#wanted.get(uri.fsPath)?.();
  }
}

/** Writes a file that VS Code's watcher must have seen before the test goes on, so that its creation is not counted. */
async function makeWatched(folder: string, contents: Readonly<Record<string, Buffer>>): Promise<string[]> {
  const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, '*'));
  try {
    const missing = new Set(Object.keys(contents));
    const all = new Promise<void>((resolve) => {
      watcher.onDidCreate((uri) => {
        missing.delete(basename(uri.fsPath));
        if (missing.size === 0) resolve();
      });
    });
    for (const [name, bytes] of Object.entries(contents)) writeFileSync(join(folder, name), bytes);
    await within(20_000, 'the watcher has seen the new files', all);
  } finally {
    watcher.dispose();
  }
  return Object.keys(contents).map((name) => join(folder, name));
}

async function changeAndSave(path: string, round: number): Promise<void> {
  const document = await vscode.workspace.openTextDocument(path);
  const editor = await vscode.window.showTextDocument(document, { preview: false });
  const done = await editor.edit((builder) => {
    // The smallest stays one byte; the others grow by a line at the top and lose one every other time.
    if (document.getText().length === 1) builder.replace(new vscode.Range(0, 0, 0, 1), String(round % 10));
    else if (round % 2 === 0) builder.insert(new vscode.Position(0, 0), `round ${String(round)}\n`);
    else builder.delete(new vscode.Range(0, 0, 1, 0));
  });
  assert.ok(done && document.isDirty, `${path} was edited`);
  assert.ok(await document.save(), `${path} was saved`);
  assert.ok(!document.isDirty);
}

const rounds = isOldest() ? 3 : 6;
const saves = 5 * rounds;

describe(`${String(saves)} saves over 5 documents of 1 byte to 2 MB`, function () {
  this.timeout(300_000);

  it('each is seen as a change, none leaves anything behind', async () => {
    await activated();
    const folder = await scratchFolder();
    const logger = await LineProgram.start(await compiled('inotify-log'), folder.path);
    const line = 'a line of forty characters, more or less\n';
    const paths = await makeWatched(folder.path, {
      'one-byte.txt': Buffer.from('x'),
      'small.txt': Buffer.from(line.repeat(3)),
      '4k.txt': Buffer.from(line.repeat(100)),
      '200k.txt': Buffer.from(line.repeat(5_000)),
      '2m.txt': Buffer.from(line.repeat(52_000)),
    });
    const log = new WatchLog('**/*');
    try {
      for (let round = 0; round < rounds; round++) {
        for (const path of paths) {
          const seen = log.expectChange(path);
          const inode = statSync(path).ino;
          await changeAndSave(path, round);
          const document = await vscode.workspace.openTextDocument(path);
          assert.equal(await readFile(path, 'utf8'), document.getText());
          assert.notEqual(statSync(path).ino, inode, `${path} got a new inode`);
          await seen();
        }
      }
    } finally {
      log.dispose();
    }
    // The folder of the test before this one may only now be seen to go.
    const events = log.events.filter((event) => event.folder === folder.path);
    assert.deepEqual(
      events.filter(({ name }) => temporary.test(name) || name.startsWith('#')),
      [],
    );
    assert.deepEqual(
      events.filter(({ kind }) => kind === 'deleted'),
      [],
    );
    for (const path of paths) {
      const changes = events.filter(({ kind, name }) => kind === 'changed' && name === basename(path));
      assert.ok(changes.length >= rounds, `${basename(path)}: ${String(changes.length)} changes`);
    }
    assert.deepEqual(readdirSync(folder.path).sort(), paths.map((path) => basename(path)).sort());

    const raw = await logger.end();
    assert.ok(!raw.some((entry) => entry.startsWith('OVERFLOW')), 'the log is complete');
    const names = (kind: string): string[] =>
      raw
        .filter((entry) => entry.startsWith(`${kind} `))
        .map((entry) => entry.slice(kind.length + 1))
        .filter((name) => temporary.test(name))
        .sort();
    const created = names('create');
    // Another one for each clone: where somebody (VS Code itself, after a change) read the file as its save began.
    assert.ok(created.length >= saves && created.length <= saves + 10, `${String(created.length)} temporary names`);
    assert.equal(new Set(created).size, created.length);
    assert.deepEqual(names('delete'), created, 'each of them is gone');
    await folder.dispose();
  });
});

describe('around a save', function () {
  this.timeout(60_000);
  before(activated);

  it('git sees nothing but the change', async () => {
    const folder = await scratchFolder();
    const git = async (...args: string[]): Promise<string> =>
      (await run('git', ['-C', folder.path, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args])).stdout;
    const path = join(folder.path, 'run.sh');
    writeFileSync(path, '#!/bin/sh\necho one\n', { mode: 0o755 });
    await git('init', '-q');
    await git('add', '.');
    await git('commit', '-qm', 'start');
    await changeAndSave(path, 0);
    assert.equal(await git('status', '--porcelain'), ' M run.sh\n');
    assert.equal((await git('diff', '--numstat')).trim(), '1\t0\trun.sh');
    assert.equal(await git('diff', '--summary'), '', 'no change of mode');
    await folder.dispose();
  });

  it('a document outside every folder is saved to a new inode and never shown as deleted', async () => {
    const folder = await scratchOutside();
    const path = join(folder.path, 'outside.sh');
    writeFileSync(path, 'echo one\n');
    const document = await vscode.workspace.openTextDocument(path);
    await vscode.window.showTextDocument(document, { preview: false });
    const labels = new Set<string>();
    const remember = (): void => {
      for (const group of vscode.window.tabGroups.all) for (const tab of group.tabs) labels.add(tab.label);
    };
    remember();
    const listener = vscode.window.tabGroups.onDidChangeTabs(remember);
    const log = new WatchLog(new vscode.RelativePattern(vscode.Uri.file(folder.path), '*'));
    try {
      for (let round = 0; round < 10; round++) {
        const inode = statSync(path).ino;
        const seen = log.expectChange(path);
        await changeAndSave(path, round);
        assert.notEqual(statSync(path).ino, inode);
        await seen();
      }
    } finally {
      listener.dispose();
      log.dispose();
    }
    assert.deepEqual([...labels], ['outside.sh']);
    // This watcher was asked for everything in that one folder, and nothing is excluded from it: it may see temporary names.
    assert.deepEqual(
      log.events.filter(({ kind, name }) => kind === 'deleted' && !temporary.test(name)),
      [],
    );
    await folder.dispose();
  });

  it('save all with 50 dirty documents detaches every one of them', async () => {
    const folder = await scratchFolder();
    const paths = Array.from({ length: 50 }, (_, index) => join(folder.path, `file-${String(index)}.txt`));
    for (const path of paths) writeFileSync(path, `${path}\n`);
    const inodes = paths.map((path) => statSync(path).ino);
    const edit = new vscode.WorkspaceEdit();
    for (const path of paths) {
      await act.open(path);
      edit.insert(vscode.Uri.file(path), new vscode.Position(0, 0), 'new\n');
    }
    assert.ok(await vscode.workspace.applyEdit(edit));
    assert.ok(await vscode.workspace.saveAll());
    for (const [index, path] of paths.entries()) {
      assert.equal(await readFile(path, 'utf8'), `new\n${path}\n`);
      assert.notEqual(statSync(path).ino, inodes[index]);
    }
    await folder.dispose();
  });

  it('a link stays a link, its target is detached in its own directory', async () => {
    const folder = await scratchFolder();
    const other = await scratchOutside();
    const target = join(other.path, 'target.sh');
    writeFileSync(target, 'echo one\n', { mode: 0o750 });
    const link = join(folder.path, 'link.sh');
    await run('ln', ['-s', target, link]);
    const inode = statSync(target).ino;
    await act.open(link);
    await act.edit(link, 'replace');
    await act.save(link, 'save');
    const kind = (await run('stat', ['-c', '%F', link])).stdout.trim();
    assert.equal(kind, 'symbolic link');
    assert.notEqual(statSync(target).ino, inode);
    assert.equal(statSync(target).mode & 0o7777, 0o750);
    assert.deepEqual(readdirSync(other.path), ['target.sh']);
    await other.dispose();
    await folder.dispose();
  });

  it('hard links are written in place, so that both names stay one file', async () => {
    const folder = await scratchFolder();
    const path = join(folder.path, 'one.txt');
    const second = join(folder.path, 'two.txt');
    writeFileSync(path, 'one\n');
    await run('ln', [path, second]);
    await changeAndSave(path, 0);
    assert.equal(statSync(path).ino, statSync(second).ino);
    assert.equal(await readFile(second, 'utf8'), 'round 0\none\n');
    await folder.dispose();
  });

  it('a target that has vanished is made again by VS Code as ever', async () => {
    const folder = await scratchFolder();
    const path = join(folder.path, 'vanishing.txt');
    writeFileSync(path, 'one\n');
    await act.open(path);
    await act.edit(path, 'replace');
    await run('rm', [path]);
    await act.save(path, 'save');
    assert.equal(await readFile(path, 'utf8'), await act.text(path));
    await folder.dispose();
  });

  it('a target that has become a directory leaves the document dirty, not lost', async () => {
    const folder = await scratchFolder();
    const path = join(folder.path, 'turned.txt');
    writeFileSync(path, 'one\n');
    const document = await vscode.workspace.openTextDocument(path);
    const editor = await vscode.window.showTextDocument(document, { preview: false });
    await editor.edit((builder) => builder.insert(new vscode.Position(0, 0), 'kept\n'));
    await run('sh', ['-c', `rm '${path}' && mkdir '${path}'`]);
    const saved = await document.save();
    assert.ok(!saved && document.isDirty);
    assert.equal(document.getText(), 'kept\none\n');
    await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    await folder.dispose();
  });
});
