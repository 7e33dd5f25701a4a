/** Runs what harms nobody in a workspace, guarded and not, in turn; and in the end one change that does harm. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type * as vscode from 'vscode';

import type { Holdfast } from '../../../api/holdfast';
import { extensionId, runIn } from '../../../scripts/lib/guardedEditor';
import type { Editor } from '../editor';
import type { Run } from '../run';
import { isLeased } from '../leased';
import { changesInPlace } from '../saveLog';
import { until } from '../sentryBench';
import { SteppedScript, steppedText } from '../steppedScript';
import { activities, type Activity } from './activities';

type Way = 'guarded' | 'stock';

export interface HarmlessRow {
  readonly name: string;
  /** How much of it; see the activity. */
  readonly size: number;
  /** Milliseconds of each round. */
  readonly guarded: readonly number[];
  readonly stock: readonly number[];
  /** Its files that had a standing lease meanwhile, each with its inode. */
  readonly leased: readonly string[];
}

export interface HarmlessRun {
  readonly rows: readonly HarmlessRow[];
  /** Programs that are not here. */
  readonly missing: readonly string[];
  /** Files that were told to be changed in place, with the one that was. */
  readonly told: readonly string[];
  /** The one that was. */
  readonly control: string;
}

export async function harmless(
  editor: Editor,
  root: string,
  sizeOf: (activity: Activity) => number,
  rounds: number,
): Promise<HarmlessRun> {
  const control = join(root, 'run.sh');
  writeFileSync(control, steppedText);
  const script = new SteppedScript(control);
  try {
    const window = await editor.openWindow();
    await window.activate(extensionId);
    const inside = runIn(window);
    await inside(setting, 'watch', ['run.sh', ...new Set(activities.map(({ watched }) => `**/${watched}`))]);
    await inside(untilKnown, extensionId, control, true);
    const missing: string[] = [];
    const rows: HarmlessRow[] = [];
    for (const activity of activities) {
      if (isHere(activity.needs)) {
        rows.push(await tried(inside, root, activity, sizeOf(activity), rounds, window.extensionHostPid));
      } else missing.push(activity.needs);
    }
    await inside(setting, 'enabled', true);
    await inside(untilKnown, extensionId, control, true);
    await until(`a lease on ${control}`, () => isLeased(control, window.extensionHostPid));
    writeFileSync(join(root, 'new.sh'), `# Another one.\n${steppedText}`);
    execFileSync('cp', [join(root, 'new.sh'), control]);
    const told = await changesInPlace(window.extensionHostPid, control);
    await window.close();
    return { rows, missing, told, control };
  } finally {
    await script.kill();
  }
}

async function tried(
  inside: Run,
  root: string,
  activity: Activity,
  size: number,
  rounds: number,
  extensionHost: number,
): Promise<HarmlessRow> {
  const times: Record<Way, number[]> = { guarded: [], stock: [] };
  /** By inode. */
  const leased = new Map<string, string>();
  for (let round = 0; round < rounds; round++) {
    for (const way of round % 2 === 0 ? (['guarded', 'stock'] as const) : (['stock', 'guarded'] as const)) {
      const folder = join(root, `${activity.name.replace(/[^a-z]+/gi, '-')}-${way}-${String(round)}`);
      mkdirSync(folder);
      await inside(setting, 'enabled', way === 'guarded');
      const end = await activity.prepare(folder, size);
      try {
        // Only so many files are watched that are not open.
        if (!activity.held) await inside(open, join(folder, activity.first));
        if (way === 'guarded') await inside(untilKnown, extensionId, join(folder, activity.first), activity.held);
        const sampled = setInterval(() => {
          for (const inode of leasesOf(extensionHost)) {
            const file = leased.get(inode) ?? fileOf(extensionHost, inode);
            // What was there before may still have its lease.
            if (file?.startsWith(folder)) leased.set(inode, file);
          }
        }, 5);
        const began = performance.now();
        try {
          await activity.work(folder, size);
        } finally {
          clearInterval(sampled);
        }
        times[way].push(performance.now() - began);
      } finally {
        await end();
        await inside(closeAll);
        rmSync(folder, { recursive: true });
      }
    }
  }
  if (activity.leased) leased.clear();
  return { name: activity.name, size, ...times, leased: [...leased].map((one) => one.join(' ')) };
}

/** The inodes on which a process has a read lease that stands. */
function leasesOf(pid: number): readonly string[] {
  const lease = new RegExp(`LEASE +ACTIVE +READ +${String(pid)} [0-9a-f]+:[0-9a-f]+:(\\d+) `, 'g');
  return Array.from(readFileSync('/proc/locks', 'latin1').matchAll(lease), ([, inode = '']) => inode);
}

/** What the descriptor leads to through which a process has its lease on this inode; `undefined`: it was closed meanwhile. */
function fileOf(pid: number, inode: string): string | undefined {
  const folder = `/proc/${String(pid)}/fd`;
  for (const name of readdirSync(folder)) {
    try {
      const at = join(folder, name);
      if (statSync(at, { bigint: true }).ino === BigInt(inode)) return readlinkSync(at);
    } catch {
      // Closed meanwhile.
    }
  }
  return undefined;
}

function isHere(program: string): boolean {
  try {
    execFileSync('sh', ['-c', 'command -v "$1" >/dev/null', 'sh', program]);
    return true;
  } catch {
    return false;
  }
}

/** In the extension host. */
async function setting(api: typeof vscode, name: string, value: unknown): Promise<void> {
  await api.workspace.getConfiguration('holdfast').update(name, value, api.ConfigurationTarget.Global);
}

/** In the extension host. */
async function open(api: typeof vscode, path: string): Promise<void> {
  await api.window.showTextDocument(await api.workspace.openTextDocument(path));
}

/** In the extension host. */
async function closeAll(api: typeof vscode): Promise<void> {
  await api.commands.executeCommand('workbench.action.closeAllEditors');
}

/** In the extension host: until it is known who uses this file, and somebody does if that is asked for. */
async function untilKnown(api: typeof vscode, extension: string, path: string, held: boolean): Promise<void> {
  const holdfast = api.extensions.getExtension<Holdfast>(extension)?.exports;
  if (!holdfast) throw new Error('no extension');
  const uri = api.Uri.file(path);
  const isKnown = (): boolean => {
    const file = holdfast.holdersOf(uri);
    return file !== undefined && (!held || (file.current?.holders.length ?? 0) > 0);
  };
  if (isKnown()) return;
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => {
      told.dispose();
      reject(new Error(`nothing is known of ${path}: ${JSON.stringify(holdfast.holdersOf(uri))}`));
    }, 20_000);
    const told = holdfast.onDidChangeHolders(() => {
      if (!isKnown()) return;
      clearTimeout(late);
      told.dispose();
      resolve();
    });
  });
}

function median(times: readonly number[]): number {
  const sorted = [...times].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** What is not as it must be; empty: nothing. */
export function harmlessShortcomings({ rows, told, control }: HarmlessRun): readonly string[] {
  const falseAlarms = told.filter((path) => path !== control);
  return [
    ...falseAlarms.map((path) => `told though nobody is hurt: ${basename(path)} in ${path}`),
    ...(told.includes(control) ? [] : ['not told: the one change that does harm']),
    ...rows.flatMap(({ name, leased }) => leased.map((file) => `${name}: a lease on inode ${file}`)),
  ];
}

/** How many times as long it takes beside Holdfast: of medians. */
export function slowdown({ guarded, stock }: HarmlessRow): number {
  return median(guarded) / median(stock);
}

export function harmlessLines({ rows, missing }: HarmlessRun): readonly string[] {
  return [
    ...rows.map((row) => {
      const times = `${median(row.guarded).toFixed(0)} ms, without Holdfast ${median(row.stock).toFixed(0)} ms`;
      return `${row.name} (${String(row.size)}): ${times}: ${slowdown(row).toFixed(2)}`;
    }),
    ...missing.map((program) => `not tried: ${program} is not here`),
  ];
}
