/** Real saves, and readers in every language beside them, which look at their flags at random moments; some are killed meanwhile. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { setImmediate as immediate } from 'node:timers/promises';
import { join } from 'node:path';

import { languages, readerCommand, type Language } from '../flags/clients';
import { LineProgram } from '../lineProgram';
import { sumOf } from '../sum';
import type { Actions } from './actions';

export interface FlaggedSaves {
  readonly saves: number;
  /** Times that a reader has read a new version, and how often it has looked. */
  readonly reopens: number;
  readonly checks: number;
  readonly torn: number;
  readonly readersKilled: number;
  /** From VS Code's "saved" to the last reader's news, milliseconds, the longest. */
  readonly longest: number;
  /** Flags that are left after the readers' end and one more save. */
  readonly left: readonly string[];
}

const deadline = 10_000;
const killEvery = 20;

/** A folder for XDG_RUNTIME_DIR, which the editor must be started with. */
export function runtimeIn(folder: string): string {
  const runtime = join(folder, 'run');
  mkdirSync(runtime, { mode: 0o700 });
  return runtime;
}

/**
 * After each save every reader must come by itself to the version that was saved.
 *
 * @param runtime the editor's XDG_RUNTIME_DIR
 */
export async function flaggedSaves(
  act: Actions,
  folder: string,
  runtime: string,
  saves: number,
): Promise<FlaggedSaves> {
  const path = join(await realpath(folder), 'data');
  const floor = join(folder, 'floor');
  writeFileSync(path, '0\n'.repeat(50));
  writeFileSync(floor, '0\n');
  await act.open(path);
  const flags = join(runtime, 'holdfast', 'v1');
  const readers = new Map<Language, LineProgram>();
  const start = async (language: Language): Promise<void> => {
    const [program, ...args] = await readerCommand(language);
    const all = [...args, path, floor, String(saves), '2', 'tell'];
    readers.set(language, await LineProgram.start('env', `XDG_RUNTIME_DIR=${runtime}`, program, ...all));
  };
  let readersKilled = 0;
  let longest = 0;
  try {
    await Promise.all(languages.map(start));
    for (let save = 1; save <= saves; save++) {
      await saveGeneration(act, path, save);
      const saved = performance.now();
      // The last one ends them.
      if (save < saves) await Promise.all(Array.from(readers.values(), (reader) => untilAt(reader, save)));
      longest = Math.max(longest, performance.now() - saved);
      if (save % killEvery !== 0 || save === saves) continue;
      const victim = languages[(save / killEvery) % languages.length] ?? 'c';
      await readers.get(victim)?.kill();
      readersKilled++;
      await start(victim);
    }
    const counts = await Promise.all(Array.from(readers.values(), countsOf));
    const sum = (column: number): number => sumOf(counts, (one) => one[column] ?? 0);
    await saveGeneration(act, path, saves + 1);
    await untilEmpty(flags);
    return {
      saves,
      checks: sum(0),
      reopens: sum(1),
      torn: sum(2),
      readersKilled,
      longest,
      left: readdirSync(flags),
    };
  } finally {
    await Promise.all(Array.from(readers.values(), (reader) => reader.kill()));
  }
}

async function saveGeneration(act: Actions, path: string, generation: number): Promise<void> {
  await act.replace(path, { first: '', line: `${String(generation)}\n`, count: 50, last: '' });
  await act.saveOnly(path);
  const [found] = readFileSync(path, 'latin1').split('\n', 1);
  if (found !== String(generation)) throw new Error(`after save ${String(generation)} the file has ${found ?? ''}`);
}

/** A save may be told more than once. */
async function untilAt(reader: LineProgram, generation: number): Promise<void> {
  for (let said = 0; said < generation;) said = Number(await reader.next());
}

/** What a reader says at its end: four numbers. */
async function countsOf(reader: LineProgram): Promise<readonly number[]> {
  for (;;) {
    const numbers = (await reader.next()).split(' ').map(Number);
    if (numbers.length === 4) return numbers;
  }
}

/** The stager raises a flag when it is its turn. */
async function untilEmpty(folder: string): Promise<void> {
  const due = performance.now() + deadline;
  while (existsSync(folder) && readdirSync(folder).length > 0 && performance.now() < due) await immediate();
}

/** What is wrong; empty if nothing is. */
export function flaggedShortcomings(run: FlaggedSaves): readonly string[] {
  return [
    ...(run.torn > 0 ? [`${String(run.torn)} files were torn`] : []),
    ...(run.left.length > 0 ? [`flags are left: ${run.left.join(' ')}`] : []),
    ...(run.reopens < run.saves ? ['the readers have not read every version'] : []),
  ];
}

export function flaggedSavesLine({ saves, checks, reopens, torn, readersKilled, longest, left }: FlaggedSaves): string {
  return `${String(saves)} saves in VS Code, ${String(languages.length)} readers: ${String(checks)} checks, ${String(reopens)} reopened, torn ${String(torn)}, left ${String(left.length)}, ${String(readersKilled)} readers killed; all had the new version ${longest.toFixed(0)} ms after "saved" at the latest`;
}
