/** What it costs to know who is on files, beside fuser and lsof, in turn in one run, with few and with many processes. */
import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';

import type { LookoutSystem } from '../../../src/core/holders/ports';
import { openLookout } from '../../../src/platform/select';
import { projectFolder } from '../../../test/support/editor/installations';
import type { IdleLookout } from '../../../test/support/idleLookout';
import { holderBounds, verdict } from './bounds';
import { median, ratioOfMedians, type Ratio } from './statistics';

const probed = 10_000;
const watched = 1_000;

/** What is measured, in milliseconds each. */
const kinds = {
  fuser: 'fuser, one file',
  lsof: 'lsof, one file',
  probe: `is anybody on it, ${String(probed)} files`,
  first: `who, ${String(watched)} files, first pass`,
  again: `who, ${String(watched)} files, next pass`,
  one: 'who, one file, next pass',
} as const;

type Kind = keyof typeof kinds;

export interface HolderRow {
  readonly processes: number;
  readonly what: string;
  readonly n: number;
  readonly median: number;
  /** To fuser for one file. */
  readonly ratio: Ratio;
}

export interface HolderCosts {
  readonly rows: readonly HolderRow[];
  readonly verdicts: readonly {
    readonly what: string;
    readonly value: number;
    readonly bound: number;
    readonly verdict: string;
  }[];
}

/**
 * What the lookout's thread costs while nobody uses what it watches, and the memory that it adds.
 *
 * @param directory an empty one
 */
export async function timeIdleLookout(
  directory: string,
  seconds: number,
  stop: AbortSignal,
): Promise<IdleLookout & { readonly bound: number; readonly verdict: string }> {
  mkdirSync(directory, { recursive: true });
  for (let index = 0; index < watched; index++) writeFileSync(join(directory, `file-${String(index)}`), 'content\n');
  const program = join(projectFolder(), 'out/test/support/idleLookout.entry.cjs');
  const args = [program, directory, String(seconds)];
  const { stdout } = await promisify(execFile)(process.execPath, args, { signal: stop });
  const idle = JSON.parse(stdout) as IdleLookout;
  return { ...idle, bound: holderBounds.idle, verdict: verdict(idle.share, holderBounds.idle) };
}

/** @param directory an empty one, on a file system with leases */
export async function timeHolders(
  directory: string,
  rounds: number,
  random: () => number,
  stop: AbortSignal,
): Promise<HolderCosts> {
  mkdirSync(directory, { recursive: true });
  const files = Array.from({ length: probed }, (_, index) => join(directory, `file-${String(index)}`));
  for (const file of files) writeFileSync(file, 'content\n');
  const costs: HolderCosts[] = [];
  for (const processes of [400, 2_000]) costs.push(await timeWith(processes, files, rounds, random, stop));
  return { rows: costs.flatMap(({ rows }) => rows), verdicts: costs.flatMap(({ verdicts }) => verdicts) };
}

async function timeWith(
  processes: number,
  files: readonly string[],
  rounds: number,
  random: () => number,
  stop: AbortSignal,
): Promise<HolderCosts> {
  const sleepers = await sleepUntilThereAre(processes);
  try {
    const times = await timeRounds(files, rounds, stop);
    const rows = (Object.keys(kinds) as Kind[])
      .filter((kind) => times[kind].length > 0)
      .map((kind) => ({
        processes,
        what: kinds[kind],
        n: times[kind].length,
        median: median(times[kind]),
        ratio: ratioOfMedians(times[kind], times.fuser, random),
      }));
    return { rows, verdicts: verdictsOf(processes, times) };
  } finally {
    const ends = sleepers.map((sleeper) => once(sleeper, 'exit'));
    for (const sleeper of sleepers) sleeper.kill('SIGKILL');
    await Promise.all(ends);
  }
}

function verdictsOf(processes: number, times: Readonly<Record<Kind, readonly number[]>>): HolderCosts['verdicts'] {
  const of = (kind: Kind): number => median(times[kind]);
  const facts = [
    [`${kinds.probe}, ms`, of('probe'), holderBounds.probe],
    [`${kinds.first} / fuser`, of('first') / of('fuser'), holderBounds.pass],
    [`${kinds.again} / fuser`, of('again') / of('fuser'), holderBounds.pass],
    [`${kinds.again} / one file`, of('again') / of('one'), holderBounds.manyFiles],
  ] as const;
  return facts.map(([what, value, bound]) => ({
    what: `${String(processes)} processes: ${what}`,
    value,
    bound,
    verdict: verdict(value, bound),
  }));
}

async function timeRounds(
  files: readonly string[],
  rounds: number,
  stop: AbortSignal,
): Promise<Readonly<Record<Kind, readonly number[]>>> {
  const times: Record<Kind, number[]> = { fuser: [], lsof: [], probe: [], first: [], again: [], one: [] };
  const time = (kind: Kind, work: () => void): void => {
    const began = performance.now();
    work();
    times[kind].push(performance.now() - began);
  };
  const [one = ''] = files;
  const hasLsof = spawnSync('lsof', ['-v'], { stdio: 'ignore' }).error === undefined;
  for (let round = 0; round < rounds; round++) {
    stop.throwIfAborted();
    time('fuser', () => {
      const { error } = spawnSync('fuser', [one], { stdio: 'ignore' });
      if (error) throw error;
    });
    if (hasLsof) time('lsof', () => void spawnSync('lsof', ['-t', '--', one], { stdio: 'ignore' }));
    withLookout((system) => {
      time('probe', () => {
        probeAll(system, files);
      });
    });
    withLookout((system) => {
      const pins = files.slice(0, watched).map((file) => system.finder.pin(file));
      const nobody = new Set<number>();
      time('first', () => void system.finder.pass(pins, nobody));
      // As the lookout does with what nobody has; a watch keeps it then.
      for (const pin of pins) pin.letGo();
      // What is remembered is believed when it is 50 ms old.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60);
      time('again', () => void system.finder.pass(pins, nobody));
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60);
      time('one', () => void system.finder.pass(pins.slice(0, 1), nobody));
      for (const pin of pins) pin.close();
    });
    // The event loop's turn: for signals.
    await new Promise(setImmediate);
  }
  return times;
}

function probeAll({ finder }: LookoutSystem, files: readonly string[]): void {
  for (const file of files) {
    const pin = finder.pin(file);
    const held = finder.probe(pin);
    pin.close();
    if (held === 'unknown') throw new Error(`the file system of ${file} does not tell whether it is held`);
  }
}

function withLookout(work: (system: LookoutSystem) => void): void {
  const system = openLookout();
  try {
    work(system);
  } finally {
    system.waiter.close();
  }
}

async function sleepUntilThereAre(processes: number): Promise<readonly ChildProcess[]> {
  const there = spawnSync('ps', ['-e', '-o', 'pid='], { encoding: 'utf8' }).stdout.split('\n').length;
  const sleepers = Array.from({ length: Math.max(0, processes - there) }, () =>
    spawn('sleep', ['3600'], { stdio: 'ignore' }),
  );
  await Promise.all(sleepers.map((sleeper) => once(sleeper, 'spawn')));
  return sleepers;
}

export function holderLine({ processes, what, n, median: half, ratio }: HolderRow): string {
  const times = `${ratio.ratio.toFixed(2)} (${ratio.from.toFixed(2)} to ${ratio.to.toFixed(2)})`;
  return `${String(processes).padEnd(11)}${what.padEnd(40)}${String(n).padEnd(5)}${`${half.toFixed(1)} ms`.padEnd(12)}${times}`;
}
