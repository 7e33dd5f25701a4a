/** Other programs that write the file at any moment of a save: nobody's bytes vanish, and nothing is called saved that is not. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import * as vscode from 'vscode';

import { DeadlineError, within } from '../../support/deadline';
import { pick, randomFrom } from '../../support/random';
import { keptFiles, savedFacts, type SavedFacts } from '../../support/saveLog';
import { act, activated, isOldest, scratchFolder } from './inside';

const execute = promisify(execFile);

/** What the other program does, as a script that is given the path, its own version in a file, and its line. */
const writers = {
  append: 'echo "$3" >> "$1"',
  copy: 'cp "$2" "$1"',
  move: 'cp "$2" "$1.theirs" && mv "$1.theirs" "$1"',
  checkout: 'git -C "$(dirname "$1")" checkout -q -- "$1"',
} as const;
type Writer = keyof typeof writers;
const kinds = Object.keys(writers) as Writer[];

/** When the other program is started: before the save, or when the participants after ours are asked. */
type Start = 'before' | 'armed';

interface Round {
  readonly path: string;
  readonly writer: Writer;
  readonly start: Start;
  /** How long the other program waits before it writes, in milliseconds. */
  readonly pause: number;
  readonly before: string;
  readonly theirs: string;
  readonly text: string;
  readonly saved: boolean;
  readonly wrote: boolean;
  /** What the file contained when `save()` returned, and when all was over. */
  readonly atReturn: string;
  readonly atEnd: string;
  readonly inodeChanged: boolean;
  /** VS Code shows what is on the disk, or says that the document is not saved. */
  readonly shown: boolean;
}

const longestSave = 60;

class Rounds {
  readonly #folder: string;
  readonly #random: () => number;
  #next = 0;

  constructor(folder: string, random: () => number) {
    this.#folder = folder;
    this.#random = random;
  }

  /** New files, each committed with what the other program will write, and changed since. */
  async make(count: number): Promise<readonly string[]> {
    const git = (...args: string[]): Promise<unknown> =>
      execute('git', ['-C', this.#folder, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args]);
    const paths = Array.from({ length: count }, () => join(this.#folder, `file-${String(this.#next++)}.txt`));
    for (const path of paths) writeFileSync(path, this.#theirs(path));
    await git('init', '-q');
    await git('add', '.');
    await git('commit', '-qm', 'theirs');
    for (const path of paths) {
      writeFileSync(`${path}-theirs`, this.#theirs(path));
      writeFileSync(path, this.#before(path));
    }
    return paths;
  }

  async play(path: string, index: number): Promise<Round> {
    const writer = kinds[index % kinds.length] ?? 'append';
    const start = pick(this.#random, ['before', 'armed'] as const);
    const pause = this.#random() * (start === 'before' ? longestSave : longestSave / 3);
    const before = this.#before(path);
    const document = await vscode.workspace.openTextDocument(path);
    const editor = await vscode.window.showTextDocument(document, { preview: false });
    assert.ok(await editor.edit((builder) => builder.insert(new vscode.Position(0, 0), 'ours\n')));
    const text = document.getText();
    const { ino } = statSync(path);
    let writing: Promise<boolean> | undefined;
    const write = (): void => {
      writing ??= this.#write(writer, path, pause);
    };
    const listener = vscode.workspace.onWillSaveTextDocument(write);
    try {
      if (start === 'before') write();
      const saved = await document.save();
      const atReturn = readFileSync(path, 'utf8');
      const wrote = (await writing) ?? false;
      const atEnd = readFileSync(path, 'utf8');
      const inodeChanged = statSync(path).ino !== ino;
      const shown = await shows(document, atEnd);
      const theirs = writer === 'append' ? this.#line(path) : this.#theirs(path);
      return { path, writer, start, pause, before, theirs, text, saved, wrote, atReturn, atEnd, inodeChanged, shown };
    } finally {
      listener.dispose();
      await vscode.window.showTextDocument(document, { preview: false });
      await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
    }
  }

  async #write(writer: Writer, path: string, pause: number): Promise<boolean> {
    const script = `sleep ${(pause / 1000).toFixed(4)}; ${writers[writer]}`;
    const child = spawn('sh', ['-c', script, 'sh', path, `${path}-theirs`, this.#line(path).trimEnd()]);
    const [code] = (await once(child, 'close')) as [number | null];
    return code === 0;
  }

  #before(path: string): string {
    return `before ${basename(path)}\n`.repeat(2_000);
  }

  #theirs(path: string): string {
    return `theirs ${basename(path)}\n`.repeat(1_000);
  }

  #line(path: string): string {
    return `a line of theirs in ${basename(path)}\n`;
  }
}

/** Waits until the document is what is on the disk, if it is not dirty. */
async function shows(document: vscode.TextDocument, disk: string): Promise<boolean> {
  let listener: vscode.Disposable | undefined;
  const shown = new Promise<void>((resolve) => {
    const look = (): void => {
      if (document.isDirty || document.getText() === disk) resolve();
    };
    listener = vscode.workspace.onDidChangeTextDocument(look);
    look();
  });
  try {
    await within(5_000, 'the document is what is on the disk', shown);
    return true;
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
    return false;
  } finally {
    listener?.dispose();
  }
}

/** What of the other program was kept; a version that is not at the path any more may still be on its way. */
async function keptVersions({ path, wrote, theirs, atEnd }: Round, waits: boolean): Promise<readonly string[]> {
  const isMissing = waits && wrote && !atEnd.includes(theirs);
  const files = await keptFiles(process.pid, path, isMissing ? 1 : 0);
  return files.map((file) => readFileSync(file, 'utf8'));
}

/** What must not be, of one round; empty if all is well. */
function faults(round: Round, facts: SavedFacts | undefined, kept: readonly string[]): readonly string[] {
  const { writer, before, theirs, text, saved, atReturn, atEnd } = round;
  const found: string[] = [];
  // As in stock, and the user is told.
  if (isTold(facts)) return found;
  const appended = writer === 'append' ? theirs : '';
  const after = [theirs, ...(appended ? [text + appended] : [])];
  const whole = saved ? [text, ...after] : [theirs, before + appended, before];
  if (!whole.includes(atEnd)) found.push(`the file is not whole: ${shortly(atEnd)}`);
  // Only what was written after the new version was at the path may be there in its stead.
  const wasPublished = atReturn === text || atEnd.startsWith(text) || Number(facts?.['publishes'] ?? 0) > 0;
  if (saved && atEnd !== text && !wasPublished) found.push('called saved, and never was at the path');
  if (!saved && !round.wrote) found.push('refused, although nobody else wrote');
  if (isLost(round, kept)) found.push('theirs is nowhere');
  if (!round.shown) found.push('VS Code shows something else as saved');
  return found;
}

/** The two ran into each other within a millisecond or so, and the status bar warns of it. */
function isTold(facts: SavedFacts | undefined): boolean {
  return facts?.['level'] === 'direct' || facts?.['reason'] === 'writersCaught';
}

/** What the other program wrote is nowhere. */
function isLost({ wrote, theirs, atEnd }: Round, kept: readonly string[]): boolean {
  return wrote && ![atEnd, ...kept].some((version) => version.includes(theirs));
}

function shortly(text: string): string {
  return `${String(text.length)} bytes, ${JSON.stringify(text.slice(0, 60))}…`;
}

describe('other programs that write while a document is saved', function () {
  this.timeout(240_000);
  let folder: Awaited<ReturnType<typeof scratchFolder>>;
  before(async () => {
    await activated();
    folder = await scratchFolder();
  });
  after(async () => {
    await act.enable(true);
    await folder.dispose();
  });

  it('theirs is on the disk or kept, ours is whole or refused', async () => {
    const seed = 20_261_122;
    const rounds = new Rounds(folder.path, randomFrom(seed));
    const paths = await rounds.make(isOldest() ? 12 : 25);
    const stock: Round[] = [];
    const guarded: Round[] = [];
    for (const isGuarded of [true, false]) {
      await act.enable(isGuarded);
      const count = Math.floor(paths.length * (isGuarded ? 0.8 : 0.2));
      for (let index = 0; index < count; index++) {
        const path = paths[isGuarded ? index : paths.length - 1 - index] ?? '';
        (isGuarded ? guarded : stock).push(await rounds.play(path, index));
      }
    }
    const bad: string[] = [];
    const seen: Record<string, number> = {};
    const told: string[] = [];
    for (const [name, all] of Object.entries({ guarded, stock })) {
      for (const round of all) {
        const [facts] = await savedFacts(process.pid, round.path, 1);
        const kept = await keptVersions(round, name === 'guarded' && !isTold(facts));
        const wrong = faults(round, facts, kept);
        if (name === 'guarded' && isTold(facts)) told.push(facts?.['reason'] ?? '');
        const how = described(name, round, facts, kept, wrong);
        seen[how] = (seen[how] ?? 0) + 1;
        if (name !== 'guarded') continue;
        bad.push(
          ...wrong.map((what) => `${how} ${round.start}+${round.pause.toFixed(1)}: ${what} ${JSON.stringify(facts)}`),
        );
      }
    }
    const lines = Object.keys(seen).sort();
    console.log([`seed ${String(seed)}`, ...lines.map((how) => `${how}: ${String(seen[how])}`)].join('\n  '));
    assert.deepEqual(bad, []);
    const many = `${String(told.length)} of ${String(guarded.length)} could not be guarded: ${told.join(', ')}`;
    assert.ok(told.length <= guarded.length / 5, many);
  });
});

function described(
  name: string,
  round: Round,
  facts: SavedFacts | undefined,
  kept: readonly string[],
  wrong: readonly string[],
): string {
  const disk = round.atEnd === round.text ? 'ours' : round.atEnd.startsWith(round.text) ? 'both' : 'theirs';
  const reason = name === 'guarded' && isTold(facts) ? [`told: ${facts?.['reason'] ?? ''}`] : [];
  return [
    name,
    round.writer,
    `${round.saved ? 'saved' : 'refused'}: ${disk} on the disk`,
    ...reason,
    ...(kept.length > 0 ? ['theirs kept'] : []),
    ...(isLost(round, kept) ? ['theirs lost'] : []),
    ...(round.shown ? [] : ['not shown']),
    ...(wrong.length > 0 ? ['FAULT'] : []),
  ].join(', ');
}
