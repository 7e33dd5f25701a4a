/**
 * What a process writes down of itself before it makes a temporary name: who it is, and which paths its names are on their way to.
 * One JSON object a line, the owner first; lines are only ever added, and may be empty.
 */
import { fieldsOf } from './json';
import type { Parsed } from './linux/proc';
import type { VetoBy } from './veto';

/** Raised when an older Holdfast could misread it; what is newer than ours is left alone. */
const format = 1;

/** A process, told from all others of all times and machines. */
export interface Owner {
  readonly pid: number;
  /** In clock ticks since boot. */
  readonly startTime: bigint;
  /** Of the kernel's life; random(4), `boot_id`. */
  readonly boot: string;
  /** Of pid namespaces, as `/proc/self/ns/pid` names it; pid_namespaces(7). */
  readonly namespace: string;
  /** machine-id(5); empty: there is none. */
  readonly machine: string;
}

export interface OwnerRecord {
  readonly owner: Owner;
  /** Real paths as bytes in Latin-1, by their numbers in temporary names. */
  readonly targets: ReadonlyMap<number, string>;
  /**
   * Temporary names under which a version was begun beside its target, and not completed. Only in the owner's boot: what it wrote last
   * may not have got to the disk when the machine died.
   */
  readonly unfinished: ReadonlySet<string>;
  /** Files that may be protected against writing, by their real paths. */
  readonly protectedFiles: ReadonlyMap<string, ProtectedFile>;
}

/** A file that is protected against writing for a moment, so that the editor's `open` fails. */
export interface ProtectedFile {
  readonly by: VetoBy;
  readonly inode: bigint;
}

export function ownerLine({ startTime, ...owner }: Owner): string {
  return line({ holdfast: format, startTime: String(startTime), ...owner });
}

/** @param path real path as bytes in Latin-1 */
export function targetLine(target: number, path: string): string {
  return line({ target, path });
}

/** Something is about to be made under this temporary name. */
export function beginLine(name: string): string {
  return line({ begun: name });
}

/** What was begun under this name is complete. */
export function completeLine(name: string): string {
  return line({ complete: name });
}

/** @param path real path as bytes in Latin-1 */
export function protectLine(path: string, { by, inode }: ProtectedFile): string {
  return line({ protected: path, by, inode: String(inode) });
}

/** It is not protected any more. */
export function unprotectLine(path: string): string {
  return line({ unprotected: path });
}

function line(fields: object): string {
  return `${JSON.stringify(fields)}\n`;
}

/** `undefined`: not a record of this format. A last line that was cut off is none. */
export function parseOwnerRecord(text: string): Parsed<OwnerRecord | undefined> {
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  const [first, ...rest] = lines.filter((line) => line !== '');
  const owner = parseOwner(fieldsOf(first ?? ''));
  if (owner === undefined) return { value: undefined, problems: ['no owner in the first line'] };
  const targets = new Map<number, string>();
  const unfinished = new Set<string>();
  const protectedFiles = new Map<string, ProtectedFile>();
  const problems: string[] = [];
  for (const text of rest) {
    const fields = fieldsOf(text);
    const { target, path, begun, complete, unprotected } = fields;
    const protection = parseProtection(fields);
    if (protection) protectedFiles.set(...protection);
    else if (typeof unprotected === 'string') protectedFiles.delete(unprotected);
    else if (typeof target === 'number' && isRealPath(path)) targets.set(target, path);
    else if (typeof begun === 'string') unfinished.add(begun);
    else if (typeof complete === 'string') unfinished.delete(complete);
    else problems.push(`not understood: ${text.slice(0, 100)}`);
  }
  return { value: { owner, targets, unfinished, protectedFiles }, problems };
}

function parseProtection(fields: Readonly<Record<string, unknown>>): [string, ProtectedFile] | undefined {
  const { protected: path, by, inode } = fields;
  if (!isRealPath(path) || (by !== 'writeBit' && by !== 'immutable')) return undefined;
  return typeof inode === 'string' && /^\d{1,20}$/.test(inode) ? [path, { by, inode: BigInt(inode) }] : undefined;
}

/** What a name is joined to must not lead elsewhere. */
function isRealPath(path: unknown): path is string {
  return typeof path === 'string' && /^\/.*[^/]$/s.test(path) && !path.includes('\0');
}

function parseOwner(fields: Readonly<Record<string, unknown>>): Owner | undefined {
  const { holdfast, pid, startTime, boot, namespace, machine } = fields;
  if (
    holdfast !== format ||
    typeof pid !== 'number' ||
    typeof startTime !== 'string' ||
    !/^\d{1,20}$/.test(startTime)
  ) {
    return undefined;
  }
  if (typeof boot !== 'string' || typeof namespace !== 'string' || typeof machine !== 'string') return undefined;
  return { pid, startTime: BigInt(startTime), boot, namespace, machine };
}

/** What can be found out about the owner of a record. */
export interface OwnerSigns {
  /** Somebody has the record locked. */
  readonly locked: boolean;
  /** The record is on a file system of this machine's own, which no other kernel can have mounted: its lock tells for certain. */
  readonly local: boolean;
  /** What the owner's pid leads to in our namespace: the process that the record means, or not. */
  readonly process: 'there' | 'gone' | 'unknown';
}

/**
 * Whether the owner has ended. A pid says something in its own namespace and boot only; elsewhere the record's lock does, which ends
 * with the thread that has it: everywhere on one kernel, and so on every file system of its own. On a shared one (NFS), a
 * record of another boot is one of ours if the machine is the same. *Unknown* is never taken for ended.
 */
export function ended(owner: Owner, us: Owner, { locked, local, process }: OwnerSigns): boolean {
  if (locked) return false;
  if (owner.boot !== us.boot) return local || (owner.machine !== '' && owner.machine === us.machine);
  return owner.namespace === us.namespace ? process === 'gone' : local;
}
