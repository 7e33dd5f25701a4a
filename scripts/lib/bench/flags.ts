/** What it costs to ask a flag whether a file is newer, beside asking the file; and what a save pays for a file without a flag. */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';

import { flagPlaces, openFlags } from '../../../src/platform/linux/flags';
import { openHost } from '../../../src/platform/linux/linux';
import { compiled } from '../../../test/support/compiled';
import { projectFolder } from '../../../test/support/editor/installations';
import { flagBounds, verdict } from './bounds';
import { median } from './statistics';

/** Medians in nanoseconds. */
export interface FlagCosts {
  readonly rounds: number;
  readonly check: number;
  readonly stat: number;
  readonly reopen: number;
  /** Of the writer, by path, where there is no flag. */
  readonly noFlag: number;
  readonly verdicts: readonly {
    readonly what: string;
    readonly value: number;
    readonly bound: number;
    readonly verdict: 'PASS' | 'over';
  }[];
}

const raises = 2_000;

/** @param folder a temporary one */
export async function timeFlags(folder: string, rounds: number): Promise<FlagCosts> {
  const runtime = join(folder, 'run');
  await mkdir(runtime, { mode: 0o700 });
  const file = join(folder, 'configuration');
  await writeFile(file, 'one\n');
  const program = await compiled('flag-cost', [join(projectFolder(), 'clients', 'c', 'holdfast-flag.c')]);
  const env = { ...process.env, XDG_RUNTIME_DIR: runtime };
  const { stdout } = await promisify(execFile)(program, [file, String(rounds)], { env });
  const figures = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map(Number));
  const column = (index: number): number => median(figures.map((line) => line[index] ?? Number.NaN));
  const [check, stat, reopen] = [column(0), column(1), column(2)];
  const other = join(folder, 'other');
  await writeFile(other, 'one\n');
  const noFlag = timeWithoutFlag(other, runtime, rounds);
  const facts = [
    ['a check / a stat', check / stat, flagBounds.check],
    ['a save of a file without a flag, µs', noFlag / 1000, flagBounds.noFlag],
  ] as const;
  const verdicts = facts.map(([what, value, bound]) => ({ what, value, bound, verdict: verdict(value, bound) }));
  return { rounds, check, stat, reopen, noFlag, verdicts };
}

function timeWithoutFlag(file: string, runtime: string, rounds: number): number {
  const host = openHost();
  const flags = openFlags(host, flagPlaces(host.uid, runtime), (error) => {
    throw error;
  });
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const began = performance.now();
    for (let raise = 0; raise < raises; raise++) flags.raise(file);
    times.push(((performance.now() - began) * 1e6) / raises);
  }
  return median(times);
}

export function flagLine({ check, stat, reopen, noFlag }: FlagCosts): string {
  return `a check ${check.toFixed(2)} ns, a stat ${stat.toFixed(0)} ns, reopening the flag ${(reopen / 1000).toFixed(1)} µs; a save of a file without one ${(noFlag / 1000).toFixed(1)} µs, in the stager's thread`;
}
