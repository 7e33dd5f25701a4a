/** Saves of a file in a git repository, with stash, checkout and rebase in between: no saved version may be lost. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type * as vscode from 'vscode';

import { pick, randomFrom } from '../random';
import type { Run } from '../run';

const run = promisify(execFile);

const between = ['nothing', 'commit', 'stash', 'checkout', 'rebase', 'restore'] as const;
type Between = (typeof between)[number];

export interface GitSaves {
  readonly saves: number;
  /** Saves that VS Code refused, because the file had changed under the document. */
  readonly refused: number;
  readonly operations: Readonly<Record<Between, number>>;
  /** Rebases that were called off: somebody who types on at once may have changed a text of the branch that was just left. */
  readonly conflicts: number;
  /** Saved texts that are neither on the disk nor in any object of the repository. */
  readonly lost: readonly string[];
  /** How often the content was that of the last commit, and git still called the file changed. */
  readonly dirtyIndex: number;
  /** Saves after which the disk was other than the document. */
  readonly diskWrong: number;
}

const lines = 60;

/** @param folder an empty one that the window has open */
export async function gitSaves(inside: Run, folder: string, saves: number, seed: number): Promise<GitSaves> {
  const random = randomFrom(seed);
  const repository = new Repository(folder);
  const path = join(folder, 'run.sh');
  await repository.begin(path);
  const operations: Record<Between, number> = { nothing: 0, commit: 0, stash: 0, checkout: 0, rebase: 0, restore: 0 };
  const markers: string[] = [];
  let refused = 0;
  let dirtyIndex = 0;
  let diskWrong = 0;
  for (let save = 1; save <= saves; save++) {
    const marker = `echo "version ${String(save)} of seed ${String(seed)}"`;
    const line = 10 + Math.floor(random() * 40);
    const { saved, text } = await inside(changeLine, path, line, marker);
    if (saved) {
      markers.push(marker);
      if ((await readFile(path, 'utf8')) !== text) diskWrong++;
    } else {
      refused++;
      await inside(revert, path);
    }
    const operation = pick(random, between);
    operations[operation]++;
    await repository.between(operation, path, save);
    // At once, as somebody who types on: then VS Code may not have seen what git did. Or when it has.
    if (random() < 0.5) await inside(untilText, path, await readFile(path, 'utf8'));
    if (save % 5 === 0) {
      await inside(untilText, path, await readFile(path, 'utf8'));
      if (!(await repository.cleanAfterSame(inside, path))) dirtyIndex++;
    }
  }
  await inside(untilText, path, await readFile(path, 'utf8'));
  const { conflicts } = repository;
  const lost = await repository.missing(path, markers);
  return { saves, refused, operations, conflicts, lost, dirtyIndex, diskWrong };
}

class Repository {
  readonly #folder: string;
  conflicts = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async begin(path: string): Promise<void> {
    await this.#git('init', '-q', '-b', 'main');
    await writeFile(path, Array.from({ length: lines }, (_, index) => `# line ${String(index)}\n`).join(''));
    await writeFile(join(this.#folder, 'other.txt'), 'other\n');
    await this.#git('add', '.');
    await this.#git('commit', '-qm', 'start');
    await this.#git('branch', 'upstream');
  }

  /** Leaves the work tree as it is with what was saved in it; `restore` sets it back to the last commit, which has it. */
  async between(operation: Between, path: string, number: number): Promise<void> {
    switch (operation) {
      case 'nothing':
        return;
      case 'commit':
        return this.#commit(number);
      case 'stash':
        await this.#git('stash', 'push', '-q', '--allow-empty').catch(() => this.#git('stash', 'push', '-q'));
        if ((await this.#git('stash', 'list')) !== '') await this.#git('stash', 'pop', '-q');
        return;
      case 'checkout':
        await this.#commit(number);
        await this.#git('checkout', '-q', 'upstream');
        await this.#git('checkout', '-q', 'main');
        return;
      case 'rebase':
        await this.#commit(number);
        await this.#upstreamChanges(number);
        await this.#git('rebase', '-q', 'upstream').catch(async () => {
          this.conflicts++;
          await this.#git('rebase', '--abort');
        });
        return;
      case 'restore':
        await this.#commit(number);
        await writeFile(path, 'overwritten by a program\n');
        await this.#git('checkout', '-q', '--', 'run.sh');
    }
  }

  /** Saves a change and takes it back: the content is the commit's then. Whether git says so, too. */
  async cleanAfterSame(inside: Run, path: string): Promise<boolean> {
    await this.#commit(0);
    const { text } = await inside(changeLine, path, 5, 'echo "for a moment"');
    const before = (await this.#git('show', 'HEAD:run.sh')).split('\n')[5] ?? '';
    if (text === '') return false;
    await inside(changeLine, path, 5, before);
    return (await this.#git('status', '--porcelain')) === '';
  }

  /** Which of these are neither in the file nor in any object. */
  async missing(path: string, markers: readonly string[]): Promise<readonly string[]> {
    const listed = await this.#git('cat-file', '--batch-all-objects', '--batch-check=%(objectname) %(objecttype)');
    const blobs = listed
      .split('\n')
      .flatMap((line) => (line.endsWith(' blob') ? [line.slice(0, line.indexOf(' '))] : []));
    const contents = [await readFile(path, 'utf8')];
    for (const blob of blobs) contents.push(await this.#git('cat-file', 'blob', blob));
    const all = contents.join('\n');
    return markers.filter((marker) => !all.includes(marker));
  }

  async #commit(number: number): Promise<void> {
    await this.#git('commit', '-q', '--allow-empty', '-am', `save ${String(number)}`);
  }

  async #upstreamChanges(number: number): Promise<void> {
    await this.#git('checkout', '-q', 'upstream');
    const path = join(this.#folder, 'run.sh');
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace(/# line 59.*\n/, `# line 59, upstream ${String(number)}\n`));
    await this.#git('commit', '-q', '-am', `upstream ${String(number)}`);
    await this.#git('checkout', '-q', 'main');
  }

  async #git(...args: readonly string[]): Promise<string> {
    const who = ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'core.editor=true'];
    const { stdout } = await run('git', ['-C', this.#folder, ...who, ...args], { maxBuffer: 1 << 26 });
    return stdout.trimEnd();
  }
}

/** Replaces one line of the document and saves it. */
async function changeLine(
  api: typeof vscode,
  at: string,
  line: number,
  text: string,
): Promise<{ saved: boolean; text: string }> {
  const document = await api.workspace.openTextDocument(at);
  await api.window.showTextDocument(document, { preview: false });
  // Refused while VS Code takes over what git has written.
  for (let edited = false, tries = 0; !edited; tries++) {
    if (tries === 50) throw new Error('not edited');
    const edit = new api.WorkspaceEdit();
    edit.replace(document.uri, document.lineAt(Math.min(line, document.lineCount - 1)).range, text);
    edited = await api.workspace.applyEdit(edit);
  }
  const wanted = document.getText();
  return { saved: await document.save(), text: wanted };
}

async function revert(api: typeof vscode, at: string): Promise<void> {
  await api.window.showTextDocument(await api.workspace.openTextDocument(at), { preview: false });
  await api.commands.executeCommand('workbench.action.files.revert');
  await api.commands.executeCommand('notifications.clearAll');
}

/** Waits until the document is what is on the disk. */
async function untilText(api: typeof vscode, at: string, wanted: string): Promise<void> {
  const document = await api.workspace.openTextDocument(at);
  if (document.getText() === wanted) return;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      listener.dispose();
      reject(new Error(`the window does not show what is on the disk, but ${document.getText().slice(0, 200)}`));
    }, 15_000);
    const listener = api.workspace.onDidChangeTextDocument(() => {
      if (document.getText() !== wanted) return;
      clearTimeout(timer);
      listener.dispose();
      resolve();
    });
  });
}
