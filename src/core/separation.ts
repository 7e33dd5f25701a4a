import type { Identity } from './ports';

/**
 * An inode from which a save has taken its path while other names led to it: what it is recognised by, also after a restart. Its
 * number alone may be another file's by then.
 */
export interface Separation {
  readonly identity: Identity;
  /** Nanoseconds since the epoch; `undefined` where the file system does not know. */
  readonly born: bigint | undefined;
  readonly size: bigint;
  /** Nanoseconds since the epoch. */
  readonly mtime: bigint;
  /** Of its bytes, owner, group, permissions and attributes. */
  readonly fingerprint: string;
  /** How many other names it had. */
  readonly otherNames: number;
}

/** What a look at a name tells of the inode that it leads to. */
export type Seen = Pick<Separation, 'identity' | 'born' | 'size' | 'mtime'>;

/** How many inodes are remembered of one path; the oldest are forgotten. */
const most = 16;

export function isSameInode(one: Pick<Seen, 'identity' | 'born'>, other: Pick<Seen, 'identity' | 'born'>): boolean {
  return isSameIdentity(one.identity, other.identity) && one.born === other.born;
}

export function isSameIdentity(one: Identity, other: Identity): boolean {
  return one.device === other.device && one.inode === other.inode;
}

/** Nobody has written it since. That its modification time was not set back, only the fingerprint tells. */
export function looksUntouched(separation: Separation, seen: Seen): boolean {
  return separation.size === seen.size && separation.mtime === seen.mtime;
}

/** The inodes of a path, with another one; the same inode may have been joined by hand and separated again. */
export function withSeparation(known: readonly Separation[], added: Separation): readonly Separation[] {
  return [...known.filter((one) => !isSameIdentity(one.identity, added.identity)), added].slice(-most);
}

export function encodeSeparations(path: string, separations: readonly Separation[]): string {
  return JSON.stringify({ path, separations }, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
}

/** Nothing, if the text is not one that was encoded for this path. */
export function decodeSeparations(path: string, text: string): readonly Separation[] {
  const found = field(parsed(text), 'path') === path ? field(parsed(text), 'separations') : undefined;
  return Array.isArray(found) ? found.flatMap((one) => decode(one) ?? []) : [];
}

function decode(value: unknown): Separation | undefined {
  const identity = field(value, 'identity');
  const device = bigintOf(field(identity, 'device'));
  const inode = bigintOf(field(identity, 'inode'));
  const size = bigintOf(field(value, 'size'));
  const mtime = bigintOf(field(value, 'mtime'));
  const fingerprint = field(value, 'fingerprint');
  const otherNames = field(value, 'otherNames');
  if (device === undefined || inode === undefined || size === undefined || mtime === undefined) return undefined;
  if (typeof fingerprint !== 'string' || typeof otherNames !== 'number') return undefined;
  const born = bigintOf(field(value, 'born'));
  return { identity: { device, inode }, born, size, mtime, fingerprint, otherNames };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && name in value
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

function bigintOf(value: unknown): bigint | undefined {
  return typeof value === 'string' && /^-?\d+$/.test(value) ? BigInt(value) : undefined;
}
