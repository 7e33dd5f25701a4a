/** Saves every kind of target by every peer, and looks at what became of it. */
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { mountFileSystem, type FileSystem } from '../filesystems';
import { cases, type Case, type MadeCase, type User } from './cases';

export interface Peer {
  readonly name: string;
  /** Resolves with what it told, if anything; rejects with what it complained of. */
  save(path: string, text: string): Promise<string>;
}

export interface Outcome {
  readonly case: string;
  readonly peer: string;
  /** What the path leads to afterwards. */
  readonly file: 'new version' | 'old version' | 'neither' | 'missing';
  readonly inode: 'same' | 'new' | '-';
  /** What the file had, and has not any more or has otherwise. */
  readonly lost: readonly string[];
  readonly holder: string;
  readonly error: string;
  readonly told: string;
}

/** @param peers of this user, which are tried one after the other, on a target of their own each */
export async function compare(
  user: User,
  peers: readonly Peer[],
  onOutcome: (outcome: Outcome) => void,
): Promise<Outcome[]> {
  const mounted = new Map<Case['on'], FileSystem>();
  const outcomes: Outcome[] = [];
  try {
    for (const one of cases.filter(({ by = 'root' }) => by === user)) {
      for (const peer of peers) {
        // A small disk is full for good.
        const on = mounted.get(one.on) ?? mount(one.on);
        mounted.set(one.on, on);
        const outcome = await compareOne(one, peer, on.directory);
        outcomes.push(outcome);
        onOutcome(outcome);
      }
    }
    return outcomes;
  } finally {
    for (const one of mounted.values()) one.release();
  }
}

function mount(name: Case['on']): FileSystem {
  const found = mountFileSystem(name, { tmpfsSize: '600k' });
  if (typeof found === 'string') throw new Error(found);
  return found;
}

async function compareOne(one: Case, peer: Peer, directory: string): Promise<Outcome> {
  const folder = mkdtempSync(join(directory, 'case-'));
  let made: MadeCase | undefined;
  try {
    made = await one.make(folder);
    const { path } = made;
    const was = made.isNew ? undefined : facts(path);
    const inode = made.isNew ? undefined : statSync(path).ino;
    let error = '';
    let told = '';
    try {
      told = await peer.save(path, made.after);
    } catch (thrown) {
      error = firstLine(thrown);
    }
    const file = whatIsAt(made);
    const holder = (await made.holder?.()) ?? '-';
    const there = existsSync(path);
    return {
      case: one.name,
      peer: peer.name,
      file,
      inode: !there || inode === undefined ? '-' : statSync(path).ino === inode ? 'same' : 'new',
      lost: there ? [...(was ? differences(was, facts(path)) : []), ...brokenLinks(made)] : [],
      holder,
      error,
      told,
    };
  } finally {
    made?.undo?.();
    rmSync(folder, { recursive: true, force: true });
  }
}

function whatIsAt({ path, before, after, isNew }: MadeCase): Outcome['file'] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    // What was not there is as it was.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return isNew ? 'old version' : 'missing';
    throw error;
  }
  return text === after ? 'new version' : text === before ? 'old version' : 'neither';
}

/** What a file carries besides its bytes. */
function facts(path: string): Readonly<Record<string, string>> {
  const { mode, uid, gid } = statSync(path);
  const at = realpathSync(path);
  return {
    mode: (mode & 0o7777).toString(8),
    owner: String(uid),
    group: String(gid),
    'access control list': output('getfacl', '--absolute-names', '--numeric', '--omit-header', '--skip-base', at),
    'extended attributes': output(
      'getfattr',
      '--absolute-names',
      '--dump',
      '--match=^(user|security)\\.',
      '--encoding=hex',
      at,
    ),
    flags: flagsOf(at),
  };
}

/** Without those that a file system sets by itself: extents, and what it stores inside the inode. */
function flagsOf(path: string): string {
  try {
    return (output('lsattr', '-d', path).split(' ')[0] ?? '').replaceAll(/[eN-]/g, '');
  } catch {
    // A file system without flags, as tmpfs is to older kernels.
    return '';
  }
}

function output(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

function differences(was: Readonly<Record<string, string>>, is: Readonly<Record<string, string>>): string[] {
  const short = new Set(['mode', 'owner', 'group', 'flags']);
  return Object.keys(was)
    .filter((name) => was[name] !== is[name])
    .map((name) => (short.has(name) ? `${name} ${named(was[name])} → ${named(is[name])}` : name));
}

function named(value = ''): string {
  return value === '' ? 'none' : value;
}

function brokenLinks({ path, names = [], links = [] }: MadeCase): string[] {
  const { ino } = statSync(path);
  return [
    ...names.filter((name) => statSync(name).ino !== ino).map(() => 'the other name has the old version'),
    ...links.filter((link) => !lstatSync(link).isSymbolicLink()).map(() => 'a symbolic link became a file'),
  ];
}

function firstLine(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  return text.split('\n').find((line) => line.trim() !== '') ?? 'failed';
}
