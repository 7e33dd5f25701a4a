/** Scripts that run on by themselves while another program rewrites them in place: how many of them notice. */
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

import { within } from '../deadline';
import { randomFrom } from '../random';
import { holderOf, SentryBench } from '../sentryBench';

const run = promisify(execFile);

export const rewriters = ['cp', 'nano'] as const;
export type Rewriter = (typeof rewriters)[number];

/** A line that shifts all others. */
const inserted = '# a line that was not there before';
const steps = 6;
/** Seconds that a step takes: bash reads on in its script between two. */
const stepTakes = 2;
const expectedOutput = `READY\n${Array.from({ length: steps }, (_, step) => `step ${String(step + 1)}\n`).join('')}`;
const scriptText = [
  '#!/usr/bin/env bash',
  'echo READY',
  ...Array.from({ length: steps }, (_, step) => `sleep ${String(stepTakes)}; echo "step ${String(step + 1)}"`),
  '',
].join('\n');

/** Types a line into a program on a terminal when that has shown its keys, saves, and leaves. */
const typed = [
  'import os, pty, sys',
  'pid, fd = pty.fork()',
  'if pid == 0: os.execvp(sys.argv[1], sys.argv[1:])',
  'seen = b""',
  'while b"^X" not in seen: seen += os.read(fd, 4096)',
  `os.write(fd, b"${inserted}\\r\\x13\\x18")`,
  'try:',
  '    while os.read(fd, 4096): pass',
  'except OSError: pass',
  'os.waitpid(pid, 0)',
].join('\n');

export interface HealRun {
  readonly writer: Rewriter;
  readonly guarded: boolean;
  readonly undisturbed: boolean;
  /** What is at the path is what was written, complete. */
  readonly written: boolean;
  readonly healed: boolean;
  /** What the sentry said of it, if it was not healed. */
  readonly told: string;
  /** Where bash was in its script when the writer began, and when it had ended, in bytes. */
  readonly readBefore: number;
  readonly readAfter: number;
  /** Microseconds from when the writer was let in until the script had its old bytes again. */
  readonly window: number | undefined;
  /** What the script did, if it was not what it should have. */
  readonly example: string;
}

/** Where bash is in its script; -1: it has ended. */
function readUpTo(pid: number): number {
  try {
    return Number(/^pos:\s+(\d+)/m.exec(readFileSync(`/proc/${String(pid)}/fdinfo/255`, 'latin1'))?.[1] ?? -1);
  } catch {
    return -1;
  }
}

/** @param waits milliseconds until the script is started, and from then until it is rewritten: at any moment of its life */
async function one(
  folder: string,
  bench: SentryBench | undefined,
  writer: Rewriter,
  waits: Record<'start' | 'rewrite', number>,
): Promise<HealRun> {
  // Those that run at once would all read on in the same instant.
  await pause(waits.start);
  const place = mkdtempSync(join(folder, 'run-'));
  const path = join(place, 'job.sh');
  const fresh = join(place, 'fresh');
  const after = `${inserted}\n${scriptText}`;
  writeFileSync(path, scriptText);
  writeFileSync(fresh, after);
  const bash = spawn('bash', [path], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  const ready = new Promise<void>((resolve) => {
    bash.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      resolve();
    });
  });
  bash.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    bash.once('close', (code, signal) => {
      resolve(signal ?? code ?? -1);
    });
  });
  await within(20_000, 'the script’s first line', ready);
  const pid = bash.pid ?? -1;
  if (bench) {
    bench.client.guard(path, [holderOf(path, pid)], true, 0, true);
    await bench.leased(path);
  }
  await pause(waits.rewrite);
  const readBefore = readUpTo(pid);
  if (writer === 'cp') await run('cp', [fresh, path]);
  else await run('python3', ['-c', typed, 'nano', path], { env: { ...process.env, TERM: 'xterm' } });
  const readAfter = readUpTo(pid);
  const code = await within(60_000, 'the script’s end', ended);
  const undisturbed = code === 0 && output === expectedOutput && errors === '';
  if (bench) await bench.done();
  const violations = bench?.tellings.flatMap((told) => (told.path === path ? (told.violation ?? []) : [])) ?? [];
  const healed = violations.map((told) => told.healed).findLast((it) => it?.is === 'healed');
  const result: HealRun = {
    writer,
    guarded: bench !== undefined,
    undisturbed,
    written: readFileSync(path, 'utf8') === after,
    healed: healed !== undefined,
    told: healed ? '' : JSON.stringify(violations.map((told) => told.healed ?? 'told')),
    readBefore,
    readAfter,
    window: healed?.is === 'healed' ? Math.round(healed.window * 1000) : undefined,
    example: undisturbed ? '' : `exit ${String(code)}, ${JSON.stringify(output)}, ${JSON.stringify(errors)}`,
  };
  if (bench) await bench.unguard(path);
  rmSync(place, { recursive: true });
  return result;
}

/**
 * So many rewrites by each writer, some scripts at a time.
 *
 * @param guarded false: nobody heals, for comparison
 * @param seed decides when in its life a script is rewritten
 */
export async function healRuns(
  folder: string,
  writer: Rewriter,
  rewrites: number,
  guarded: boolean,
  seed: number,
  atOnce = 8,
): Promise<readonly HealRun[]> {
  const random = randomFrom(seed);
  const bench = guarded ? new SentryBench(join(folder, `copies-${writer}`)) : undefined;
  const runs: HealRun[] = [];
  try {
    for (let tries = 0; runs.length < rewrites && tries < 2 * rewrites; tries += atOnce) {
      const some = Array.from({ length: Math.min(atOnce, rewrites - runs.length) }, () => {
        const upTo = (seconds: number): number => Math.floor(random() * seconds * 1000);
        return one(folder, bench, writer, { start: upTo(stepTakes), rewrite: upTo((steps - 3) * stepTakes) });
      });
      // On a slow machine a script may have ended before its writer came.
      runs.push(...(await Promise.all(some)).filter((run) => !hadEnded(run)));
    }
  } finally {
    await bench?.stop();
  }
  return runs;
}

function hadEnded({ undisturbed, healed, readAfter }: HealRun): boolean {
  return undisturbed && !healed && readAfter === -1;
}

/** In words, on one line; and each that failed on one of its own. */
export function healLines(runs: readonly HealRun[]): readonly string[] {
  const [first] = runs;
  if (!first) return [];
  const undisturbed = runs.filter((one) => one.undisturbed).length;
  const windows = runs.flatMap(({ window }) => window ?? []).toSorted((a, b) => a - b);
  const at = (share: number): string =>
    String(windows[Math.min(windows.length - 1, Math.floor(share * windows.length))]);
  const window = windows.length > 0 ? `; window ${at(0.5)} µs, at most ${at(1)} µs` : '';
  const wrong = runs.filter((run) => first.guarded && !(run.undisturbed && run.written && run.healed));
  return [
    `${first.writer}, ${first.guarded ? 'healed' : 'stock'}: ${String(undisturbed)} of ${String(runs.length)} went on undisturbed${window}`,
    ...wrong.map(
      (run) =>
        `  NOT: bash had read ${String(run.readBefore)} bytes, then ${String(run.readAfter)}; window ${String(run.window)} µs; written ${String(run.written)}; ${run.told} ${run.example}`,
    ),
  ];
}

/** Two writers one after the other, as often as that: how often what the second one wrote was lost. */
export async function appendRuns(
  folder: string,
  times: number,
): Promise<{ readonly runs: number; readonly healed: number; readonly lost: readonly string[] }> {
  const bench = new SentryBench(join(folder, 'copies-append'));
  const lost: string[] = [];
  let healed = 0;
  try {
    for (let run = 0; run < times; run++) {
      const place = mkdtempSync(join(folder, 'append-'));
      const path = join(place, 'f');
      writeFileSync(path, 'echo READY\nread x\n');
      const bash = spawn('bash', [path], { stdio: ['pipe', 'pipe', 'inherit'] });
      const ended = new Promise((resolve) => bash.once('close', resolve));
      await within(20_000, 'READY', new Promise((resolve) => bash.stdout.once('data', resolve)));
      bench.client.guard(path, [holderOf(path, bash.pid ?? -1)], true, 0, true);
      await bench.leased(path);
      await writeTwice(path);
      await bench.done();
      const found = readFileSync(path, 'latin1');
      if (found !== 'AB') lost.push(found);
      bash.kill('SIGKILL');
      await within(20_000, 'its end', ended);
      await bench.unguard(path);
      if (readFileSync(path, 'latin1') !== found) lost.push(`${found} became ${readFileSync(path, 'latin1')}`);
      if (bench.tellings.some((told) => told.path === path && told.violation?.healed?.is === 'healed')) healed++;
      rmSync(place, { recursive: true });
    }
  } finally {
    await bench.stop();
  }
  return { runs: times, healed, lost };
}

async function writeTwice(path: string): Promise<void> {
  await run('sh', ['-c', 'printf A >"$1"; printf B >>"$1"', 'sh', path]);
}
