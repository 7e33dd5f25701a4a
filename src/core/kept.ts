/** Versions that were kept outside the workspace, and what is written down of each. */
import { fieldsOf } from './json';
import { keptDays, keptBytes, keptAtLeastDays } from './limits';
import type { Parsed } from './linux/proc';

const reasons = ['otherProgram', 'unread', 'interrupted', 'restored'] as const;
/**
 * Why a version was kept.
 * - `otherProgram`: another program's, which a save displaced.
 * - `unread`: a save displaced it, and whether the editor had read it is not known.
 * - `interrupted`: a save that was interrupted left it, and its bytes were nowhere else.
 * - `restored`: it was at the path when a kept version was put there.
 */
export type KeptWhy = (typeof reasons)[number];

/** Whether the user need not be told: whoever has restored a version knows of it, and what was not read was read in most cases. */
export function isQuiet(why: KeptWhy): boolean {
  return why === 'restored' || why === 'unread';
}

/** What stands beside a kept version. */
export interface KeptRecord {
  /** What it was a version of. */
  readonly path: string;
  /** Milliseconds since the epoch. */
  readonly when: number;
  readonly why: KeptWhy;
  /** Its permission bits. */
  readonly mode: number;
  /** The user knows of it, or need not know. */
  readonly told: boolean;
}

export interface KeptVersion extends KeptRecord {
  readonly file: string;
  /** Bytes. */
  readonly size: number;
}

/** Raised when an older Holdfast could misread it; what is newer than ours is left alone. */
const format = 1;

export function keptText(record: KeptRecord): string {
  return `${JSON.stringify({ holdfast: format, ...record })}\n`;
}

/** `undefined`: not a record of this format. */
export function parseKept(text: string): Parsed<KeptRecord | undefined> {
  const { holdfast, path, when, why, mode, told } = fieldsOf(text);
  const reason = reasons.find((one) => one === why);
  const isOurs = holdfast === format && reason !== undefined && typeof path === 'string' && typeof when === 'number';
  if (!isOurs || typeof mode !== 'number' || typeof told !== 'boolean') {
    return { value: undefined, problems: ['not a record of a kept version'] };
  }
  return { value: { path, when, why: reason, mode: mode & 0o777, told }, problems: [] };
}

const day = 86_400_000;

/**
 * Which of them go: those that are too old, then the oldest until the others fit. What the user was not told of stays, whatever its
 * age and size, and so does what is so new that the user may not have come to it.
 *
 * @param now milliseconds since the epoch
 */
export function expired<Version extends KeptVersion>(versions: readonly Version[], now: number): readonly Version[] {
  const oldestFirst = versions.toSorted((one, other) => one.when - other.when);
  let total = oldestFirst.reduce((sum, { size }) => sum + size, 0);
  return oldestFirst.filter(({ told, when, size }) => {
    const age = (now - when) / day;
    const goes = told && age > keptAtLeastDays && (age > keptDays || total > keptBytes);
    if (goes) total -= size;
    return goes;
  });
}
