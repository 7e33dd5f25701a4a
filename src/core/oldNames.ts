/**
 * Old names: where other machines may have a file open, the inode that a save displaces keeps a hidden name beside the file for a
 * while. A file server knows nothing of who has an inode open that no name leads to any more, and answers such readers with ESTALE.
 *
 *   noted ──► named ──► (its while) ──► due ──► gone
 *     │                     │            │
 *     ▼                     ▼            ▼
 *   dropped              surplus       later, left
 *
 * - noted: written down in a folder that all windows of this user share, before there is such a name. The name is a temporary name as
 *   any other; the note tells recovery that it is not left over.
 * - named: the inode has the name, and lost the path. If the save displaces nothing after all (dropped), both go.
 * - due: the while is over, by a clock that is never set. Whichever window lives removes the name, then the note; a lock of the note
 *   makes it one window only. If all of them have ended, the next one to start does it.
 * - surplus: there are too many of them, and this is one of the oldest. Removed as one that is due.
 * - room: a save finds no room on the file system. The oldest go, until there seems to be enough.
 * - later: it cannot be removed now (no permission, the file system not there, or not answering). The next start tries again.
 * - left: the name leads to something else, or somebody has written to the inode since. Nobody but a person removes that.
 */
import { fieldsOf } from './json';
import { oldNames as bounds } from './limits';
import type { SaveOptions } from './options';
import type { KeepOldName, TargetFacts } from './ports';

/** Raised when an older Holdfast could misread it; what is newer than ours is left alone. */
const format = 1;

/** A moment of a machine's life. */
export interface Moment {
  /** machine-id(5); empty: there is none. */
  readonly machine: string;
  /** Of the kernel's life; random(4), `boot_id`. */
  readonly boot: string;
  /** Milliseconds that this boot has lasted, by a clock that nobody sets. Sleep may count or not. */
  readonly uptime: number;
}

/** One name, as it was noted. */
export interface OldName {
  /** Real path of the file that the inode was a version of, as bytes in Latin-1. The name is in the same folder. */
  readonly path: string;
  readonly name: string;
  readonly inode: bigint;
  /**
   * The name is that of the clone, until an exchange gives it to the inode: if the process died between the two, it leads to a copy of what is
   * still at the path.
   */
  readonly clone: bigint | undefined;
  readonly size: bigint;
  /** Nanoseconds since the epoch. */
  readonly mtime: bigint;
  /** `f_type` of statfs(2). */
  readonly fileSystem: bigint;
  /** Whether the file system gives the same numbers to its inodes after a while, and when it is mounted anew. */
  readonly lastingNumbers: boolean;
  /** Inode of the folder. */
  readonly folder: bigint;
  readonly made: Moment;
  /** Milliseconds since the epoch: only to tell which is older. */
  readonly when: number;
  /** Milliseconds for which it is kept. */
  readonly keepFor: number;
  /** The errno that is in the log by now as the reason why it is still there. */
  readonly told: string | undefined;
}

/** As an errno: the name leads to something else, or to other bytes. */
export const notAsNoted = 'EEXIST';

/** Whether a save of this target leaves an old name, and for how long. An inode with other names needs none. */
export function keepOldName(facts: TargetFacts, { oldNameSeconds }: SaveOptions): KeepOldName | undefined {
  if (!facts.remote || facts.links > 1n || oldNameSeconds === 0) return undefined;
  return { milliseconds: oldNameSeconds * 1000, on: facts.remote };
}

export function oldNameText({ made, ...note }: OldName): string {
  const { inode, clone, size, mtime, fileSystem, folder } = note;
  const numbers = Object.fromEntries(
    Object.entries({ inode, clone, size, mtime, fileSystem, folder }).map(([key, value]) => [key, value?.toString()]),
  );
  return line({ holdfast: format, ...note, ...numbers, ...made, told: undefined });
}

/** To be added to the note's text: this is known by now. */
export function toldLine(errno: string): string {
  return line({ told: errno });
}

function line(fields: object): string {
  return `${JSON.stringify(fields)}\n`;
}

/** What the file of a note says. */
export type ReadNote =
  | { readonly is: 'note'; readonly value: OldName }
  /** Another Holdfast's, which alone can do something about it. The name is none of ours to take for left over; `undefined`: which one is not to be read. */
  | { readonly is: 'foreign'; readonly of: Pick<OldName, 'path' | 'name'> | undefined }
  /** It is being written, or never was to its end. A last line that was cut off is none. */
  | { readonly is: 'broken' };

export function readNote(text: string): ReadNote {
  const [first = '', ...rest] = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  const fields = fieldsOf(first);
  const { holdfast, path, name } = fields;
  if (typeof holdfast === 'number' && holdfast !== format) {
    return { is: 'foreign', of: isRealPath(path) && isOldName(name) ? { path, name } : undefined };
  }
  const value = holdfast === format ? noteOf(fields, rest) : undefined;
  return value === undefined ? { is: 'broken' } : { is: 'note', value };
}

function noteOf(fields: Readonly<Record<string, unknown>>, rest: readonly string[]): OldName | undefined {
  const { path, name, lastingNumbers, machine, boot, uptime, when, keepFor, ...others } = fields;
  const numbers = ['inode', 'size', 'mtime', 'fileSystem', 'folder', 'clone'].map((key) => bigintOf(others[key]));
  const [inode, size, mtime, fileSystem, folder, clone] = numbers;
  if (
    !isRealPath(path) ||
    !isOldName(name) ||
    typeof lastingNumbers !== 'boolean' ||
    typeof machine !== 'string' ||
    typeof boot !== 'string' ||
    typeof uptime !== 'number' ||
    typeof when !== 'number' ||
    typeof keepFor !== 'number' ||
    inode === undefined ||
    size === undefined ||
    mtime === undefined ||
    fileSystem === undefined ||
    folder === undefined
  ) {
    return undefined;
  }
  const known = rest.map((one) => fieldsOf(one)['told']).filter((one) => typeof one === 'string');
  const made = { machine, boot, uptime };
  const numbered = { inode, clone, size, mtime, fileSystem, folder };
  return { path, name, ...numbered, lastingNumbers, made, when, keepFor, told: known.at(-1) };
}

function isOldName(name: unknown): name is string {
  return typeof name === 'string' && /^\.holdfast-[\d-]+~$/.test(name);
}

function isRealPath(path: unknown): path is string {
  return typeof path === 'string' && /^\/.*[^/]$/s.test(path) && !path.includes('\0');
}

function bigintOf(value: unknown): bigint | undefined {
  return typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? BigInt(value) : undefined;
}

/** Its folder, as bytes in Latin-1. */
export function folderOfOldName({ path }: Pick<OldName, 'path'>): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 1));
}

/** The name with its folder, as bytes in Latin-1. */
export function wholeOldName(note: Pick<OldName, 'path' | 'name'>): string {
  return `${note.path.slice(0, note.path.lastIndexOf('/') + 1)}${note.name}`;
}

/**
 * Milliseconds until it is due; 0: it is. `undefined`: it is another machine's to remove.
 *
 * No clock that can be set has a say. In the boot in which it was made, the time since boot tells. In a later one it has been there for as
 * long as that boot has lasted, at least: it may stay longer than asked, never shorter.
 *
 * Only in what other machines have, too, the time of day may say that a note is not ours: a copied machine has the same machine-id. What is older
 * than this boot has been there for as long as that, whoever made it.
 *
 * @param local the notes are on a file system that no other machine has
 * @param today milliseconds since the epoch
 */
export function timeLeft(
  { made, when, keepFor }: OldName,
  now: Moment,
  local: boolean,
  today: number,
): number | undefined {
  if (made.boot === now.boot) return Math.max(0, keepFor - Math.max(0, now.uptime - made.uptime));
  const isOurs = made.machine !== '' && made.machine === now.machine && when <= today - now.uptime;
  return local || isOurs ? Math.max(0, keepFor - now.uptime) : undefined;
}

/** What is too much: the oldest of one file, then of all. The newest of all is not, whatever its size. */
export function surplus<Note extends OldName>(notes: readonly Note[]): readonly Note[] {
  const newestFirst = notes.filter(({ told }) => told !== notAsNoted).sort((one, other) => other.when - one.when);
  const ofFile = new Map<string, number>();
  let names = 0;
  let bytes = 0n;
  return newestFirst.filter(({ path, size }) => {
    const before = ofFile.get(path) ?? 0;
    const fits =
      names === 0 || (before < bounds.ofOneFile && names < bounds.names && bytes + size <= BigInt(bounds.bytes));
    if (fits) {
      ofFile.set(path, before + 1);
      names += 1;
      bytes += size;
    }
    return !fits;
  });
}

/** Of names on file systems of this kind, those that may go for the room of a save: the oldest first. */
export function forRoom<Note extends OldName & { readonly left: number | undefined }>(
  notes: readonly Note[],
  fileSystem: bigint,
): readonly Note[] {
  return notes
    .filter((one) => one.left !== undefined && one.fileSystem === fileSystem && one.told !== notAsNoted)
    .sort((one, other) => one.when - other.when);
}

/** What a name leads to. */
export interface FoundOldName {
  readonly kind: 'regular' | 'other';
  readonly inode: bigint;
  readonly size: bigint;
  readonly mtime: bigint;
}

/**
 * Whether a name leads to the inode that was noted, as it was then, or to its clone. Size and time alone where numbers do not last: there, whoever has put
 * something else at this very name would have to have set its time to the nanosecond.
 */
export function isAsNoted(note: OldName, { kind, inode, size, mtime }: FoundOldName): boolean {
  return (
    kind === 'regular' &&
    size === note.size &&
    mtime === note.mtime &&
    (inode === note.inode || inode === note.clone || !note.lastingNumbers)
  );
}
