/**
 * `npm run bench [-- --short] [--seed=N] [--only=PART]`: saves with Holdfast on and off in turn in the same real editor, how long VS Code waits for
 * us, how quiet the keeper is, and the time of activation: into `bench/results/gated.json`. Then what it costs to know who is on files,
 * beside fuser and lsof: into `bench/results/holders.json`. Then what a flag costs, beside a stat: into `bench/results/flags.json`.
 * `--only=saves`, `--only=holders` or `--only=flags` does one of them. It says what is over its bound, and fails only if something cannot be measured.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';

import type { Editor, EditorWindow } from '../test/support/editor';
import { randomFrom } from '../test/support/random';
import { activationBound, idleBound, verdict, type User } from './lib/bench/bounds';
import { countIdle, type Idle } from './lib/bench/idle';
import { flagLine, timeFlags } from './lib/bench/flags';
import { holderLine, timeHolders, timeIdleLookout } from './lib/bench/holders';
import { fileSystemType, isQuiet, load, machineFacts } from './lib/bench/machine';
import { findPlaces, type Place } from './lib/bench/places';
import { answersOf, rounded, saveHeading, saveLine, saveRow, type SaveRow } from './lib/bench/report';
import { thinkingTime, timeSaves } from './lib/bench/saves';
import { timeStarts } from './lib/bench/starts';
import { median } from './lib/bench/statistics';
import { extensionId, withGuardedEditor } from './lib/guardedEditor';

const users: readonly User[] = ['nobody', 'holder', 'reader'];

const sizes = [
  { size: '4 KB', bytes: 4_000 },
  { size: '200 KB', bytes: 200_000 },
  { size: '2 MB', bytes: 2_000_000 },
  { size: '20 MB', bytes: 20_000_000 },
] as const;
const full = { starts: 10, idleSeconds: 60, savesAtMost: 60, secondsAtMost: 22, holderRounds: 30, flagRounds: 30 };
const brief = { starts: 3, idleSeconds: 10, savesAtMost: 12, secondsAtMost: 5, holderRounds: 5, flagRounds: 5 };

const parts = ['saves', 'holders', 'flags'] as const;

interface Options {
  readonly short: boolean;
  readonly seed: number;
  readonly parts: readonly (typeof parts)[number][];
}

function options(): Options {
  const { values } = parseArgs({
    options: { short: { type: 'boolean', default: false }, seed: { type: 'string' }, only: { type: 'string' } },
  });
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  if (!Number.isSafeInteger(seed)) throw new Error('--seed must be a whole number');
  const wanted = parts.filter((part) => values.only === undefined || values.only === part);
  if (wanted.length === 0) throw new Error(`--only must be one of: ${parts.join(', ')}`);
  return { short: values.short, seed, parts: wanted };
}

async function openWindow(editor: Editor, workspace: string): Promise<EditorWindow> {
  const window = await editor.openWindow({ workspace, logLevels: { [extensionId]: 'debug' } });
  await window.activate(extensionId);
  return window;
}

async function saveRows(
  window: EditorWindow,
  place: Place,
  { short, seed }: Options,
  stop: AbortSignal,
): Promise<readonly SaveRow[]> {
  const { savesAtMost, secondsAtMost } = short ? brief : full;
  const random = randomFrom(seed);
  const { directory, ...where } = place;
  const rows: SaveRow[] = [];
  for (const { size, bytes } of sizes) {
    for (const user of users) {
      const plan = { ...where, size, bytes, user, savesAtMost, secondsAtMost };
      const row = saveRow(await timeSaves(window, directory, plan, stop), random);
      console.log(saveLine(row));
      rows.push(row);
    }
  }
  return rows;
}

interface Found {
  readonly editor: string;
  readonly activation: readonly number[];
  readonly idle: Idle;
  readonly saves: readonly SaveRow[];
}

async function measure(places: readonly Place[], given: Options, stop: AbortSignal): Promise<Found> {
  const { starts, idleSeconds } = given.short ? brief : full;
  return withGuardedEditor('bench', async (editor, folder) => {
    const first = await openWindow(editor, folder);
    const activation = await timeStarts(first, starts);
    await first.close();
    console.log(saveHeading);
    const saves: SaveRow[] = [];
    let idle: Idle | undefined;
    for (const place of places) {
      const window = await openWindow(editor, place.directory);
      saves.push(...(await saveRows(window, place, given, stop)));
      idle ??= await countIdle(window.extensionHostPid, idleSeconds, stop);
      await window.close();
    }
    if (idle === undefined) throw new Error('there is no place to save files at');
    return { editor: editor.version, activation, idle, saves };
  });
}

/** Control+C and kill end the bench between two saves: what is mounted must be unmounted. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      stop.abort(new Error(`stopped by ${name}`));
    });
  }
  return stop.signal;
}

async function benchSaves(given: Options, stop: AbortSignal): Promise<void> {
  const began = { load: load(), at: performance.now() };
  const temporary = await mkdtemp(join(tmpdir(), 'holdfast-bench-files-'));
  const places = findPlaces(temporary);
  try {
    console.log(`seed ${String(given.seed)}, load ${began.load.toFixed(2)}; files on ${fileSystemType(temporary)}`);
    if (!isQuiet(began.load)) console.log('Other programs are busy: these times say little.');
    if (places.skipped !== undefined) console.log(`skipped, a file system with reflinks: ${places.skipped}`);
    const { editor, activation, idle, saves } = await measure(places.all, given, stop);
    const answers = answersOf(saves);
    const switched = idle.voluntary + idle.involuntary;
    const start = median(activation);
    console.log(
      [
        '',
        `answer up to 2 MB: 99th percentile of ${String(answers.n)}: ${answers.p99.toFixed(1)} ms, bound ${String(answers.bound)} ms: ${answers.verdict}`,
        `keeper, at rest after ${String(idle.restAfterSeconds)} s, then idle for ${String(idle.seconds)} s: ${String(switched)} context switches, bound ${String(idleBound)}: ${verdict(switched, idleBound)}`,
        `activation: median of ${String(activation.length)} starts ${start.toFixed(1)} ms, bound ${String(activationBound)} ms: ${verdict(start, activationBound)}`,
      ].join('\n'),
    );
    const results = {
      editor,
      machine: machineFacts(),
      load: { before: began.load, after: load(), quiet: isQuiet(began.load) },
      seconds: (performance.now() - began.at) / 1000,
      seed: given.seed,
      short: given.short,
      unit: 'ms',
      thinkingTime,
      skipped: places.skipped,
      saves,
      answers,
      idle: { ...idle, bound: idleBound, verdict: verdict(switched, idleBound) },
      activation: {
        median: start,
        times: activation,
        bound: activationBound,
        verdict: verdict(start, activationBound),
      },
    };
    const path = await writeResults('gated', results);
    console.log(`load ${results.load.after.toFixed(2)} at the end; ${path}`);
  } finally {
    places.release();
    await rm(temporary, { recursive: true, force: true });
  }
}

async function benchHolders({ short, seed }: Options, stop: AbortSignal): Promise<void> {
  const before = load();
  const temporary = await mkdtemp(join(tmpdir(), 'holdfast-bench-holders-'));
  try {
    console.log(`\nwho is on files; load ${before.toFixed(2)}; files on ${fileSystemType(temporary)}`);
    const { holderRounds, idleSeconds } = short ? brief : full;
    const idle = await timeIdleLookout(join(temporary, 'idle'), idleSeconds, stop);
    const { rows, verdicts } = await timeHolders(join(temporary, 'files'), holderRounds, randomFrom(seed), stop);
    console.log('processes  what                                    n    median      ratio to fuser (95 % conf.)');
    for (const row of rows) console.log(holderLine(row));
    for (const { what, value, bound, verdict: said } of verdicts) {
      console.log(`${what}: ${value.toFixed(2)}, bound ${String(bound)}: ${said}`);
    }
    console.log(
      `idle for ${String(idle.seconds)} s with ${String(idle.files)} watched files: ${(idle.share * 100).toFixed(3)} % of a processor, bound ${String(idle.bound * 100)} %: ${idle.verdict}; ` +
        `${String(idle.wakes)} times given one; the thread adds ${(idle.bytes / 2 ** 20).toFixed(1)} MiB`,
    );
    const quiet = isQuiet(before);
    const times = { before, after: load(), quiet };
    const results = { machine: machineFacts(), load: times, seed, short, rows, verdicts, idle };
    console.log(await writeResults('holders', results));
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function benchFlags({ short }: Options): Promise<void> {
  const before = load();
  const temporary = await mkdtemp(join(tmpdir(), 'holdfast-bench-flags-'));
  try {
    console.log(`\nflags; load ${before.toFixed(2)}; on ${fileSystemType(temporary)}`);
    const costs = await timeFlags(temporary, (short ? brief : full).flagRounds);
    console.log(flagLine(costs));
    for (const { what, value, bound, verdict: said } of costs.verdicts) {
      console.log(`${what}: ${value.toFixed(4)}, bound ${String(bound)}: ${said}`);
    }
    const quiet = isQuiet(before);
    const results = { machine: machineFacts(), load: { before, after: load(), quiet }, short, unit: 'ns', ...costs };
    console.log(await writeResults('flags', results));
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** Returns where they are. */
async function writeResults(name: string, results: object): Promise<string> {
  await mkdir(join('bench', 'results'), { recursive: true });
  const path = join('bench', 'results', `${name}.json`);
  await writeFile(path, `${JSON.stringify(results, rounded, 2)}\n`);
  return path;
}

async function main(): Promise<void> {
  const given = options();
  const stop = stopSignal();
  if (given.parts.includes('saves')) await benchSaves(given, stop);
  if (given.parts.includes('holders')) await benchHolders(given, stop);
  if (given.parts.includes('flags')) await benchFlags(given);
}

void main();
