/**
 * As much of Linux as a gated save meets: one directory entry that matters, inodes, open files, leases, inotify. Plain data,
 * changed only by replacing: a copy of the outermost object is a copy of it all.
 *
 * An `open` is taken apart as in fs/open.c: the path is resolved; the inode is counted as open (`get_write_access`); leases are
 * broken and waited for; IN_OPEN is reported; the file is truncated; the descriptor can be seen in /proc.
 */
import { SystemError } from '../../../src/core/errors';

/** Something that must never be. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly rule: string;

  constructor(rule: string, detail = '') {
    super(detail === '' ? rule : `${rule}: ${detail}`);
    this.rule = rule;
  }
}

export interface Inode {
  /** Symbolic contents. A whole version has all its chunks, so a torn or partial one can be told. */
  readonly bytes: readonly string[];
  readonly mtime: number;
  /** How often it was changed: what `touched` measures. */
  readonly changes: number;
  /** Whose it is: made by us, or by another program. */
  readonly by: 'us' | 'other';
  /** Another program has written into it. */
  readonly wild: boolean;
  /** The editor has written it in place, as it does without a gate: nothing is promised about its bytes any more. */
  readonly stock: boolean;
}

export type FileState =
  /** In the middle of its open: counted, and nobody has heard of it. */
  | 'counted'
  /** Waits for a lease. */
  | 'waiting'
  /** IN_OPEN was reported. */
  | 'through'
  /** In the table of its process: /proc shows it. */
  | 'visible';

export interface OpenFile {
  /** The actor; each has one file open at a time. */
  readonly owner: string;
  readonly process: number;
  readonly inode: number;
  readonly write: boolean;
  readonly state: FileState;
}

export interface Lease {
  readonly keeper: number;
  readonly inode: number;
  /** Somebody has broken it. Stays so, and is told once, until it is given up or renewed. */
  readonly breaking: boolean;
}

export interface Notice {
  readonly keeper: number;
  readonly inode: number;
  readonly what: 'opened' | 'closed' | 'moved';
}

export interface Kernel {
  inodes: readonly Inode[];
  path: number | undefined;
  /** The inodes that temporary names lead to. */
  temporary: readonly number[];
  files: readonly OpenFile[];
  leases: readonly Lease[];
  watches: readonly (readonly [keeper: number, inode: number, opens: boolean])[];
  notices: readonly Notice[];
  /** Keepers that have a signal of a broken lease waiting. */
  signalled: readonly number[];
}

export const OLD = ['o1', 'o2'];

/** A directory with one file in it. */
export function newKernel(): Kernel {
  const target: Inode = { bytes: OLD, mtime: 0, changes: 0, by: 'us', wild: false, stock: false };
  return {
    inodes: [target],
    path: 0,
    temporary: [],
    files: [],
    leases: [],
    watches: [],
    notices: [],
    signalled: [],
  };
}

export function inodeOf(kernel: Kernel, number: number): Inode {
  const inode = kernel.inodes[number];
  if (!inode) throw new Error(`no inode ${number}`);
  return inode;
}

export function changeInode(kernel: Kernel, number: number, change: Partial<Inode>): void {
  kernel.inodes = kernel.inodes.with(number, { ...inodeOf(kernel, number), ...change });
}

/** A new inode without a name. */
export function makeInode(kernel: Kernel, bytes: readonly string[], mtime: number, by: Inode['by']): number {
  kernel.inodes = [...kernel.inodes, { bytes, mtime, changes: 0, by, wild: false, stock: false }];
  return kernel.inodes.length - 1;
}

export function fileOf(kernel: Kernel, owner: string): OpenFile | undefined {
  return kernel.files.find((file) => file.owner === owner);
}

function setFile(kernel: Kernel, owner: string, state: FileState): void {
  kernel.files = kernel.files.map((file) => (file.owner === owner ? { ...file, state } : file));
}

/** The second step of an open, after the path was resolved: from here on it counts. */
export function startOpen(kernel: Kernel, file: Omit<OpenFile, 'state'>): void {
  kernel.files = [...kernel.files, { ...file, state: 'counted' }];
}

/**
 * The third step of an open for writing: whoever leases the inode is told, once; `false`: there is a lease to be waited for.
 * Readers do not break read leases.
 */
export function breakLeases(kernel: Kernel, owner: string): boolean {
  const file = fileOf(kernel, owner);
  if (!file) throw new Error(`${owner} opens nothing`);
  const broken = kernel.leases.filter((lease) => lease.inode === file.inode);
  if (broken.length === 0) return true;
  const told = broken.filter((lease) => !lease.breaking).map((lease) => lease.keeper);
  kernel.signalled = [...new Set([...kernel.signalled, ...told])].sort();
  kernel.leases = kernel.leases.map((lease) => (lease.inode === file.inode ? { ...lease, breaking: true } : lease));
  setFile(kernel, owner, 'waiting');
  return false;
}

/** A waiting open can go on. */
export function isThrough(kernel: Kernel, inode: number): boolean {
  return !kernel.leases.some((lease) => lease.inode === inode);
}

/** The open has succeeded: keepers that watch the inode hear of it. */
export function reportOpen(kernel: Kernel, owner: string): void {
  setFile(kernel, owner, 'through');
  const file = fileOf(kernel, owner);
  if (file) report(kernel, file.inode, 'opened');
}

export function show(kernel: Kernel, owner: string): void {
  setFile(kernel, owner, 'visible');
}

/** Without a word: an open that failed or starts again was none. */
export function abandonOpen(kernel: Kernel, owner: string): void {
  kernel.files = kernel.files.filter((file) => file.owner !== owner);
}

export function closeFile(kernel: Kernel, owner: string): void {
  const file = fileOf(kernel, owner);
  abandonOpen(kernel, owner);
  if (file?.write === true) report(kernel, file.inode, 'closed');
}

/** Equal events come once: `Wake` promises no more. */
function report(kernel: Kernel, inode: number, what: Notice['what']): void {
  for (const [keeper, watched, opens] of kernel.watches) {
    if (what === 'opened' && !opens) continue;
    const merged = kernel.notices.some(
      (other) => other.keeper === keeper && other.inode === inode && other.what === what,
    );
    if (watched === inode && !merged) kernel.notices = [...kernel.notices, { keeper, inode, what }];
  }
}

/** Another program changes what the path leads to: whoever watches what was there hears of it. */
export function moveTo(kernel: Kernel, inode: number | undefined): void {
  if (kernel.path !== undefined) report(kernel, kernel.path, 'moved');
  kernel.path = inode;
}

export function truncate(kernel: Kernel, number: number): void {
  const inode = inodeOf(kernel, number);
  changeInode(kernel, number, { bytes: [], changes: inode.changes + 1, mtime: 1 });
}

/** Writes one chunk at a position; what was skipped reads as a hole. */
export function writeAt(kernel: Kernel, number: number, position: number, chunk: string): void {
  const inode = inodeOf(kernel, number);
  const bytes = [...inode.bytes];
  while (bytes.length < position) bytes.push('hole');
  bytes[position] = chunk;
  changeInode(kernel, number, { bytes, changes: inode.changes + 1, mtime: 1 });
}

/** `i_writecount`: a waiting writer counts. */
export function isOpenForWriting(kernel: Kernel, inode: number): boolean {
  return kernel.files.some((file) => file.inode === inode && file.write);
}

export function leaseOf(kernel: Kernel, keeper: number, inode: number): Lease | undefined {
  return kernel.leases.find((lease) => lease.keeper === keeper && lease.inode === inode);
}

export function removeLease(kernel: Kernel, keeper: number, inode: number): void {
  kernel.leases = kernel.leases.filter((lease) => lease.keeper !== keeper || lease.inode !== inode);
}

/**
 * fcntl(2), F_SETLEASE with F_RDLCK, given up for an instant if it is breaking.
 * @throws SystemError EAGAIN if it is open for writing; a lease that is there stays
 */
export function addReadLease(kernel: Kernel, keeper: number, inode: number): void {
  if (isOpenForWriting(kernel, inode)) throw new SystemError('fcntl', '', 'EAGAIN');
  removeLease(kernel, keeper, inode);
  kernel.leases = [...kernel.leases, { keeper, inode, breaking: false }];
}

export function unname(kernel: Kernel, inode: number): void {
  const at = kernel.temporary.indexOf(inode);
  if (at >= 0) kernel.temporary = kernel.temporary.toSpliced(at, 1);
}
