import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { healDeathLine, healDeaths, type HealDeaths } from '../../../test/support/healDeath';
import {
  appendRuns,
  healLines,
  healRuns,
  rewriters,
  type HealRun,
  type Rewriter,
} from '../../../test/support/scenarios/healRuns';
import {
  formatViolations,
  isRightRow,
  violationTable,
  writerDelays,
  type Delays,
} from '../../../test/support/scenarios/violationTable';
import type { Proof } from './proof';

/** Scripts that each writer rewrites as they run, */
const rewritten = 200;
/** of which so many are to go on undisturbed; */
const atLeast = 198;
/** and without anybody to heal them. */
const stockRewritten = 50;
const appended = 240;
const rewrites = 1_000;
const sizes = [4 << 10, 1 << 20] as const;
/** Milliseconds. */
const bound = 100;

/** Every writer against every holder; then how long writers wait. */
export async function proveViolations(): Promise<Proof> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-violations-'));
  try {
    const { rows, missing } = await violationTable(folder);
    console.log(formatViolations(rows));
    for (const name of missing) console.log(`not tried: ${name}: its program is not here`);
    const heals = await violationTable(folder, () => true, true);
    console.log(formatViolations(heals.rows));
    const healed = await proveHeals(folder);
    const delays: { readonly guarded: Delays; readonly stock: Delays }[] = [];
    for (const bytes of sizes) {
      // What the machine does to any writer is in both.
      const stock = await writerDelays(folder, bytes, rewrites, false);
      const guarded = await writerDelays(folder, bytes, rewrites);
      console.log(
        `open of ${String(bytes)} bytes, ${String(rewrites)} times: ${times(guarded)}; unguarded: ${times(stock)}`,
      );
      delays.push({ guarded, stock });
    }
    const inTime = delays.every(({ guarded, stock }) => guarded.max <= bound + stock.max);
    const good = rows.length > 0 && [...rows, ...heals.rows].every(isRightRow) && inTime && healed.good;
    return { good, counts: { rows, missing, delays, heals: heals.rows, healed: healed.counts } };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Scripts that are rewritten as they run, two writers one after the other, and heals that are killed before each of their steps. */
async function proveHeals(folder: string): Promise<Proof> {
  const seed = Math.floor(Math.random() * 2 ** 31);
  console.log(`seed ${String(seed)}`);
  const runs: HealRun[] = [];
  const rewrite = async (place: string, writer: Rewriter, times: number, guarded: boolean): Promise<HealRun[]> => {
    const some = await healRuns(place, writer, times, guarded, seed);
    console.log(healLines(some).join('\n'));
    return [...some];
  };
  // nano waits for the disk before it closes what it has written (fsync(2)), and nobody can heal it before that.
  const memory = mkdtempSync('/dev/shm/holdfast-violations-');
  try {
    for (const writer of rewriters) {
      const place = writer === 'nano' ? memory : folder;
      for (const guarded of [false, true]) {
        runs.push(...(await rewrite(place, writer, guarded ? rewritten : stockRewritten, guarded)));
      }
    }
  } finally {
    rmSync(memory, { recursive: true });
  }
  console.log('nano, and the time that it waits for this disk:');
  const onDisk = await rewrite(folder, 'nano', stockRewritten, true);
  const healed = runs.filter(({ guarded }) => guarded);
  const undisturbed = rewriters.map(
    (writer) => healed.filter((run) => run.writer === writer && run.undisturbed && run.written && run.healed).length,
  );
  const appends = await appendRuns(folder, appended);
  console.log(
    `printf A >f; printf B >>f: ${String(appends.lost.length)} of ${String(appends.runs)} lost something; ${String(appends.healed)} were healed`,
  );
  const deaths: HealDeaths[] = [];
  for (const what of ['longer', 'shorter'] as const) {
    const found = await healDeaths(what, (steps) => Array.from({ length: steps }, (_, step) => step + 1));
    console.log([healDeathLine(found), ...found.failures.map((line) => `  NOT GOOD: ${line}`)].join('\n'));
    deaths.push(found);
  }
  const good =
    undisturbed.every((count) => count >= atLeast) &&
    appends.lost.length === 0 &&
    deaths.every(({ failures }) => failures.length === 0);
  return { good, counts: { seed, runs, onDisk, appends, deaths } };
}

function times({ median, p99, max }: Delays): string {
  return `median ${median.toFixed(2)} ms, 99th percentile ${p99.toFixed(2)} ms, longest ${max.toFixed(2)} ms`;
}
