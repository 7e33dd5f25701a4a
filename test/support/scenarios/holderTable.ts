/** Who finds which holder, on which file system, before and after another file has taken the path. */
import { spawnSync } from 'node:child_process';
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import type { Harm } from '../../../src/core/holders/holder';
import type { HolderFinder } from '../../../src/core/holders/ports';
import { WatchedFile } from '../../../src/core/holders/watchedFile';
import { holderKinds, type HolderKind } from './holderKinds';

/**
 * - `found`: named, with its pid; `foundStale`: and told to have an older version.
 * - `unnamed`: that somebody has it is told, but not who. `unknown`: that it cannot be told.
 * - `missed`: told that nobody has it, or nothing told at all.
 */
export type Cell = 'found' | 'foundStale' | 'unnamed' | 'unknown' | 'missed';

export interface Row {
  readonly fileSystem: string;
  readonly kind: string;
  readonly replaced: boolean;
  readonly holdfast: Cell;
  /** What it is told to be. */
  readonly harm: Harm | undefined;
  readonly expected: Harm;
  readonly lsof: Cell | undefined;
  readonly fuser: Cell | undefined;
}

export function isThere(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0;
}

/** What a peer says about a path: the pids in its output. */
function asked(peer: 'lsof' | 'fuser', path: string, pid: number): Cell | undefined {
  if (!isThere(peer)) return undefined;
  const args = peer === 'lsof' ? ['-t', '--', path] : [path];
  const { stdout } = spawnSync(peer, args, { encoding: 'latin1' });
  return stdout.split(/\s+/).some((word) => word.replace(/\D+$/, '') === String(pid)) ? 'found' : 'missed';
}

function askedHoldfast(finder: HolderFinder, file: WatchedFile, pid: number): Pick<Row, 'holdfast' | 'harm'> {
  const pin = file.current;
  const found = finder.pass(file.pins, new Set());
  file.found(found);
  if (pin && !found.holders.has(pin) && !found.untold.has(pin)) file.heldByOthers(finder.probe(pin));
  const { current, older, unnamed, uncertain } = file.view(() => undefined);
  const here = current?.holders.find(({ process }) => process.pid === pid);
  const there = older.flatMap(({ holders }) => holders).find(({ process }) => process.pid === pid);
  if (here) return { holdfast: here.version === 'unknown' ? 'foundStale' : 'found', harm: here.harm };
  if (there) return { holdfast: 'foundStale', harm: there.harm };
  const holdfast = unnamed ? 'unnamed' : uncertain ? 'unknown' : 'missed';
  return { holdfast, harm: undefined };
}

async function rowsOf(kind: HolderKind, { fileSystem, folder, finder, peers }: TableInput): Promise<readonly Row[]> {
  const path = join(folder, 'target');
  await kind.make(path);
  const file = new WatchedFile(path);
  file.leadsTo(finder.pin(path), Date.now());
  const holder = await kind.start(path);
  try {
    const look = (replaced: boolean): Row => ({
      fileSystem,
      kind: kind.name,
      replaced,
      ...askedHoldfast(finder, file, holder.pid),
      expected: kind.harm,
      lsof: peers ? asked('lsof', path, holder.pid) : undefined,
      fuser: peers ? asked('fuser', path, holder.pid) : undefined,
    });
    const before = look(false);
    await kind.make(`${path}.new`);
    renameSync(`${path}.new`, path);
    file.leadsTo(finder.pin(path), Date.now());
    return [before, look(true)];
  } finally {
    await holder.kill();
    file.close();
    rmSync(path, { force: true });
  }
}

export interface TableInput {
  readonly fileSystem: string;
  readonly folder: string;
  readonly finder: HolderFinder;
  /** Whether lsof and fuser are asked, too. */
  readonly peers: boolean;
}

/** All kinds whose programs are here. `missing` names the others. */
export async function holderTable(
  input: TableInput,
): Promise<{ readonly rows: readonly Row[]; readonly missing: readonly string[] }> {
  const rows: Row[] = [];
  for (const kind of holderKinds.filter(({ needs }) => isThere(needs))) {
    rows.push(...(await rowsOf(kind, input)));
  }
  return { rows, missing: holderKinds.filter(({ needs }) => !isThere(needs)).map(({ name }) => name) };
}

/** A held file is never told to be free, and what it means for the holder is told rightly. */
export function isRight({ holdfast, harm, expected }: Row): boolean {
  if (holdfast === 'missed') return false;
  return harm === undefined || harm === expected;
}

export function formatTable(rows: readonly Row[]): string {
  const header = ['file system', 'holder', 'path', 'Holdfast', 'lsof', 'fuser'];
  const lines = rows.map(({ fileSystem, kind, replaced, holdfast, harm, lsof, fuser }) => [
    fileSystem,
    kind,
    replaced ? 'replaced' : 'as it was',
    harm === undefined ? holdfast : `${holdfast} (${harm})`,
    lsof ?? 'not here',
    fuser ?? 'not here',
  ]);
  const widths = header.map((_, column) => Math.max(...[header, ...lines].map((line) => (line[column] ?? '').length)));
  return [header, ...lines]
    .map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .join('\n');
}
