/** One save, and every moment of it at which the power may go. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join, relative } from 'node:path';

import { defaultOptions, type SaveOptions } from '../../../src/core/options';
import { compiled } from '../compiled';
import { within } from '../deadline';
import { Faults } from '../faults';
import { LineProgram } from '../lineProgram';
import { openSaveBench, type SaveBench } from '../saveBench';
import { losses, RecordedDisk, type Outage, type RecordedFileSystem } from './recordedDisk';

const deadline = 20_000;
const versions = { old: 'o'.repeat(40_000), new: 'n'.repeat(50_000) } as const;

export interface PowerLossPlan {
  readonly fileSystem: RecordedFileSystem;
  /** `stock`: an editor without Holdfast. */
  readonly durability: SaveOptions['durability'] | 'stock';
  readonly held: boolean;
  /** Another program syncs the file system all the time: what is done reaches the disk step by step. */
  readonly steps: boolean;
}

export interface PowerLosses {
  /** How many moments there are, and how many of them were tried. */
  readonly moments: number;
  readonly tried: number;
  /** Which version there was after the next start. */
  readonly old: number;
  readonly new: number;
  readonly neither: readonly string[];
  /** The old one, though the save had ended. */
  readonly oldAfterEnd: number;
  /** Names beside the file that are none of ours. */
  readonly left: readonly string[];
}

/** @param most moments that are tried; all, if there are no more */
export async function losePower(
  plan: PowerLossPlan,
  most: number,
  random: () => number,
): Promise<PowerLosses | string> {
  const disk = await RecordedDisk.make(plan.fileSystem);
  if (typeof disk === 'string') return disk;
  try {
    const { path, ended } = await recordSave(disk, plan);
    await disk.end();
    const outages = disk.outages();
    const tried = some(outages, most, random);
    const counts = { old: 0, new: 0, oldAfterEnd: 0 };
    const neither: string[] = [];
    const left = new Set<string>();
    for (const outage of tried) {
      const { text, names } = await disk.after(outage, random, (mountPoint) => lookAt(join(mountPoint, path)));
      for (const name of names) if (name !== basename(path) && !name.startsWith('.holdfast')) left.add(name);
      if (text === versions.new) counts.new++;
      else if (text === versions.old) counts.old++;
      else neither.push(`${momentOf(outage)}: ${describe(text)}`);
      if (text === versions.old && disk.positionOf(outage) >= ended) counts.oldAfterEnd++;
    }
    return { moments: outages.length, tried: tried.length, ...counts, neither, left: [...left] };
  } finally {
    await disk.remove();
  }
}

interface Recorded {
  /** Where the file is below the mount point. */
  readonly path: string;
  /** How much had been recorded when the save had ended. */
  readonly ended: number;
}

async function recordSave(disk: RecordedDisk, plan: PowerLossPlan): Promise<Recorded> {
  Faults.share().disarm();
  const programs: LineProgram[] = [];
  const start = async (name: string): Promise<LineProgram> => {
    const program = await LineProgram.start(await compiled(name));
    programs.push(program);
    return program;
  };
  const editor = await start('stand-in-editor');
  const bench = await openSaveBench(disk.mountPoint, versions.old, editor.pid);
  try {
    if (plan.held && (await (await start('opener')).ask(`open r ${bench.path}`)) !== 'OPEN')
      throw new Error('not held');
    await disk.begin();
    const stopSyncing = plan.steps ? syncAllTheTime(disk) : (): Promise<void> => Promise.resolve();
    await save(bench, disk, editor, plan);
    const ended = disk.position();
    await stopSyncing();
    await disk.sync();
    return { path: relative(disk.mountPoint, bench.path), ended };
  } finally {
    await bench.client.stop();
    for (const program of programs) await program.end();
    rmSync(bench.storage, { recursive: true });
  }
}

async function save(
  { client, path }: SaveBench,
  disk: RecordedDisk,
  editor: LineProgram,
  { durability, steps }: PowerLossPlan,
): Promise<void> {
  const write = async (): Promise<void> => {
    const half = `write ${String(versions.new.length / 2)} n`;
    for (const [what, answer] of [
      [`open ${path}`, 'OPENED'],
      [half, 'WRITTEN'],
      [half, 'WRITTEN'],
      ['close', 'CLOSED'],
    ] as const) {
      const said = await editor.ask(what);
      if (said !== answer) throw new Error(`${what}: ${said}`);
      if (steps) await disk.sync();
    }
  };
  if (durability === 'stock') return write();
  const guarded = client.beforeSave(path, Buffer.from(versions.new), { ...defaultOptions, durability });
  await guarded.answered;
  await write();
  guarded.over('saved');
  const { level, reason } = await within(deadline, 'the end of the save', guarded.reached);
  if (level !== 'gated') throw new Error(`${level}, ${reason}`);
}

/** Another program does. */
function syncAllTheTime({ mountPoint }: RecordedDisk): () => Promise<void> {
  const program = spawn('sh', ['-c', 'trap "exit 0" TERM; while sync -f "$1"; do :; done', 'sh', mountPoint]);
  const gone = once(program, 'exit');
  return async () => {
    program.kill();
    await within(deadline, 'the end of the program that syncs', gone);
  };
}

interface Found {
  readonly text: string | undefined;
  readonly names: readonly string[];
}

function lookAt(path: string): Found {
  const names = readdirSync(join(path, '..'));
  return { text: names.includes(basename(path)) ? readFileSync(path, 'latin1') : undefined, names };
}

function describe(text: string | undefined): string {
  if (text === undefined) return 'nothing';
  const kinds = [...new Set(text)].map((letter) => JSON.stringify(letter)).join();
  return `${String(text.length)} bytes${kinds === '' ? '' : ` of ${kinds}`}`;
}

function momentOf({ after, loss }: Outage): string {
  return `after ${String(after)} writes, what was not flushed ${loss}`;
}

/** So many of them, without order of preference. */
function some<T>(items: readonly T[], most: number, random: () => number): readonly T[] {
  const keyed = items.map((item) => ({ item, key: random() }));
  return keyed
    .sort((one, other) => one.key - other.key)
    .slice(0, most)
    .map(({ item }) => item);
}

export function powerLossLine({ fileSystem, durability, held, steps }: PowerLossPlan, found: PowerLosses): string {
  const how = `${fileSystem}, ${durability}, ${held ? 'held' : 'free'}, ${steps ? 'synced step by step' : 'as it comes'}`;
  const { moments, tried, neither, oldAfterEnd } = found;
  return `${how}: ${String(tried)} of ${String(moments)} moments (${losses.join(', ')}): old ${String(found.old)}, new ${String(found.new)}, neither ${String(neither.length)}; old after the end ${String(oldAfterEnd)}`;
}
