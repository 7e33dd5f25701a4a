/**
 * Readers of one language beside writers that publish as fast as they can; readers and writers are killed meanwhile. No reader may
 * hold, after its check, a generation that is older than the newest one whose flag was raised before the check.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { within } from '../deadline';
import { projectFolder } from '../editor/installations';
import { randomFrom } from '../random';
import { sumOf } from '../sum';
import { readerCommand, type Language } from './clients';

export interface FlagLoad {
  readonly language: Language;
  readonly publishes: number;
  /** Flags that a publish has found. */
  readonly raised: number;
  readonly readersKilled: number;
  readonly writersKilled: number;
  readonly checks: number;
  readonly reopens: number;
  readonly torn: number;
  /** Checks after which a reader held an older generation than it had to. */
  readonly stale: number;
  /** After the readers' end and one more publish. */
  readonly left: readonly string[];
}

const atOnce = 3;
const deadline = 300_000;
/** From the last publish to the last reader's end; milliseconds. */
const afterLast = 60_000;

/** A reader that says READY and then, at its end, its counts; `undefined` if it was killed. */
interface Reader {
  readonly ready: Promise<void>;
  readonly counts: Promise<readonly number[] | undefined>;
  kill(): void;
}

function startReader(
  [program, ...first]: readonly [string, ...string[]],
  rest: readonly string[],
  env: NodeJS.ProcessEnv,
): Reader {
  const child = spawn(program, [...first, ...rest], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  const ready = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => {
      resolve();
    });
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('READY')) resolve();
    });
  });
  const counts = once(child, 'close').then(([code, signal]: unknown[]) => {
    if (signal === 'SIGKILL') return undefined;
    const found = text.split('\n').at(-2)?.split(' ').map(Number);
    if (code !== 0 || found?.length !== 4) throw new Error(`${program} ended with ${String(code)} and said ${text}`);
    return found;
  });
  return { ready, counts, kill: () => child.kill('SIGKILL') };
}

export async function loadFlags(language: Language, publishes: number, seed: number): Promise<FlagLoad> {
  const random = randomFrom(seed);
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'holdfast-flags-')));
  const runtime = join(folder, 'run');
  mkdirSync(runtime, { mode: 0o700 });
  const env = { ...process.env, XDG_RUNTIME_DIR: runtime };
  const data = join(folder, 'data');
  const floor = join(folder, 'floor');
  writeFileSync(data, '0\n'.repeat(50));
  writeFileSync(floor, '0\n');
  const command = await readerCommand(language);
  let started = 0;
  const start = (): Reader => {
    // Who reads again without a reason would not notice that nobody has told it: the even ones do not.
    const own = 2 * Math.floor(random() * 2 ** 30) + (started++ % 2);
    return startReader(command, [data, floor, String(publishes), String(own)], env);
  };
  const readers = new Set<Reader>();
  const ended: Promise<readonly number[] | undefined>[] = [];
  const add = (): Reader => {
    const reader = start();
    readers.add(reader);
    ended.push(reader.counts.finally(() => readers.delete(reader)));
    return reader;
  };
  try {
    await within(deadline, 'the readers', Promise.all(Array.from({ length: atOnce }, () => add().ready)));
    let raised = 0;
    let writersKilled = 0;
    let readersKilled = 0;
    const parts = 5;
    for (let part = 1; part <= parts; part++) {
      const first = 1 + currentOf(data);
      const last = part === parts ? publishes : Math.floor((publishes * part) / parts);
      // The last one ends in good order.
      const die = part === parts ? 0 : first + Math.floor(random() * (last - first));
      const found = await within(deadline, 'the writers', write(data, floor, first, last, die, env));
      if (found === 'killed') writersKilled++;
      else raised += found;
      if (part === parts) break;
      const [victim] = readers;
      victim?.kill();
      readersKilled++;
      await within(deadline, 'a reader', add().ready);
    }
    const counts = (
      await within(afterLast, 'the end of the readers, which the last publish is to tell', Promise.all(ended))
    ).filter((one) => one !== undefined);
    const sum = (column: number): number => sumOf(counts, (one) => one[column] ?? 0);
    await write(data, floor, publishes + 1, publishes + 1, 0, env);
    const left = readdirSync(join(runtime, 'holdfast', 'v1'));
    return {
      language,
      publishes,
      raised,
      readersKilled,
      writersKilled,
      checks: sum(0),
      reopens: sum(1),
      torn: sum(2),
      stale: sum(3),
      left,
    };
  } finally {
    for (const reader of readers) reader.kill();
    await Promise.allSettled(ended);
    rmSync(folder, { recursive: true });
  }
}

function currentOf(data: string): number {
  return Number(readFileSync(data, 'latin1').split('\n', 1)[0]);
}

/** How many flags it has found. */
async function write(
  data: string,
  floor: string,
  first: number,
  last: number,
  die: number,
  env: NodeJS.ProcessEnv,
): Promise<number | 'killed'> {
  const program = join(projectFolder(), 'out', 'test', 'support', 'flagWriter.entry.cjs');
  const child = spawn(process.execPath, [program, data, floor, String(first), String(last), String(die)], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (signal === 'SIGKILL' && die > 0) return 'killed';
  if (code !== 0) throw new Error(`the writer ended with ${String(code ?? signal)}`);
  return Number(text);
}

/** What is wrong; empty if nothing is. */
export function flagShortcomings(load: FlagLoad): readonly string[] {
  return [
    ...(load.stale > 0 ? [`${String(load.stale)} checks have left a reader on an old generation`] : []),
    ...(load.torn > 0 ? [`${String(load.torn)} files were torn`] : []),
    ...(load.left.length > 0 ? [`flags are left: ${load.left.join(' ')}`] : []),
    ...(load.raised === 0 || load.reopens === 0 ? ['no flag was found'] : []),
  ];
}

export function flagLoadLine(load: FlagLoad): string {
  const { language, publishes, raised, readersKilled, writersKilled, checks, reopens, torn, stale, left } = load;
  return `${language}: ${String(publishes)} publishes, ${String(raised)} flags raised, ${String(checks)} checks, ${String(reopens)} reopened; stale ${String(stale)}, torn ${String(torn)}, left ${String(left.length)}; killed: ${String(readersKilled)} readers, ${String(writersKilled)} writers`;
}
