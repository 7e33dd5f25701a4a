/**
 * What is written down before a file is healed: one JSON object, in a file of its own that its process has locked. Beside it is another
 * file, with the bytes that the held inode is to have.
 */
import { fieldsOf } from '../json';
import type { Owner } from '../ownerRecord';

/** Raised when an older Holdfast could misread it; what is newer than ours is left alone. */
const format = 1;

export interface HealRecord {
  readonly owner: Owner;
  /** Real path, as bytes in Latin-1. */
  readonly path: string;
  /** The only name beside it that is used, in Latin-1. It leads to the new inode at first, then to the held one. */
  readonly temporary: string;
  /** The held inode: `st_dev` and `st_ino`. Good for as long as the owner's boot. */
  readonly device: bigint;
  readonly inode: bigint;
}

export function healText({ owner, path, temporary, device, inode }: HealRecord): string {
  const { startTime, ...who } = owner;
  const numbers = { startTime: String(startTime), device: String(device), inode: String(inode) };
  return `${JSON.stringify({ holdfast: format, ...who, ...numbers, path, temporary })}\n`;
}

/** `undefined`: not a record of this format. */
export function parseHealRecord(text: string): HealRecord | undefined {
  const { holdfast, pid, startTime, boot, namespace, machine, path, temporary, device, inode } = fieldsOf(text);
  if (holdfast !== format || typeof pid !== 'number') return undefined;
  if (typeof boot !== 'string' || typeof namespace !== 'string' || typeof machine !== 'string') return undefined;
  if (!isNumber(startTime) || !isNumber(device) || !isNumber(inode)) return undefined;
  if (typeof path !== 'string' || !/^\/.*[^/]$/s.test(path) || path.includes('\0')) return undefined;
  // It is joined to a folder, and removed.
  if (typeof temporary !== 'string' || !/^\.holdfast-[\d-]{1,80}~$/.test(temporary)) return undefined;
  const owner: Owner = { pid, startTime: BigInt(startTime), boot, namespace, machine };
  return { owner, path, temporary, device: BigInt(device), inode: BigInt(inode) };
}

function isNumber(value: unknown): value is string {
  return typeof value === 'string' && /^\d{1,20}$/.test(value);
}

/** What a held inode has that was found after a death, beside what it is to have. */
export type HeldBytes =
  /** What it is to have. */
  | 'running'
  /** What is at the path, or that and the old bytes, as we write them: from the beginning on. */
  | 'written'
  /** Something that is nowhere else. */
  | 'other';

/** @param written what is at the path; `undefined`: nothing that can be compared */
export function judgeHeld(held: Uint8Array, running: Uint8Array, written: Uint8Array | undefined): HeldBytes {
  if (isEqual(held, running)) return 'running';
  if (!written) return 'other';
  // `restore` writes what is beyond the written bytes first, then the rest from the beginning on, then cuts.
  const longest = Math.max(running.length, written.length);
  if (held.length < Math.min(written.length, longest) || held.length > longest) return 'other';
  let at = 0;
  while (at < held.length && held[at] === running[at]) at++;
  for (; at < written.length && at < held.length; at++) if (held[at] !== written[at]) return 'other';
  for (; at < held.length; at++) if (held[at] !== running[at]) return 'other';
  return 'written';
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
