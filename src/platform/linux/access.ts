import { POSIX_ACL } from './layouts';
import type { Stat } from './layouts';

/** Who may do what with a file. */
export interface Access {
  /** `st_mode & 0o7777`. */
  readonly mode: number;
  /** Extended attributes, the access control list among them. Names as Latin-1. */
  readonly attributes: ReadonlyMap<string, Buffer>;
  /** Access control lists of which it is not known whom they would let in. */
  readonly unknown: readonly string[];
}

const S_ISUID = 0o4000;
const S_ISGID = 0o2000;
const ACCESS_LIST = 'system.posix_acl_access';

/** Whether an extended attribute decides who may do what; xattr(7). */
export function isAccessList(name: string): boolean {
  return name.startsWith('system.');
}

/**
 * The access that a new file is given after an original, its owner and group being what they are. With another owner or group
 * nobody but the new owner may do more than before:
 *
 * - setuid and setgid mean the owner and the group that they were given with, and go with them;
 * - members of the new group were others before, or members of a group that the list names, and members of the old one become so:
 *   both may do only what every group and all others could.
 */
export function inheritedAccess(
  original: Pick<Stat, 'mode' | 'uid' | 'gid'>,
  attributes: ReadonlyMap<string, Buffer>,
  now: Pick<Stat, 'uid' | 'gid'>,
): Access {
  const mode = original.mode & 0o7777;
  const otherOwner = now.uid !== original.uid;
  const otherGroup = now.gid !== original.gid;
  if (!otherOwner && !otherGroup) {
    return { mode, attributes, unknown: [] };
  }
  const kept = mode & ~(otherOwner ? S_ISUID : 0) & ~(otherGroup ? S_ISGID : 0);
  const unknown = [...attributes.keys()].filter((name) => isAccessList(name) && name !== ACCESS_LIST);
  if (!otherGroup) {
    return { mode: kept, attributes, unknown };
  }
  const acl = attributes.get(ACCESS_LIST);
  if (acl === undefined) {
    const least = (mode >> 3) & mode & 7;
    return { mode: (kept & ~0o77) | (least << 3) | least, attributes, unknown };
  }
  const limited = limitedList(acl);
  if (limited === undefined) {
    return { mode: kept & ~0o77, attributes, unknown: [...unknown, ACCESS_LIST] };
  }
  // The bits of the group are the mask where there is a list; acl(5).
  return {
    mode: (kept & ~7) | limited.least,
    attributes: new Map([...attributes, [ACCESS_LIST, limited.acl]]),
    unknown,
  };
}

/** A list in which the owning group and all others may do what every group and all others could. `undefined`: not understood. */
function limitedList(acl: Buffer): { readonly acl: Buffer; readonly least: number } | undefined {
  const { version, header, entry, tag, allows, owningGroup, group, mask, other } = POSIX_ACL;
  if (acl.length < header || (acl.length - header) % entry !== 0 || acl.readUInt32LE(0) !== version) {
    return undefined;
  }
  const entries = Array.from({ length: (acl.length - header) / entry }, (_, index) => {
    const at = header + index * entry;
    return { tag: acl.readUInt16LE(at + tag), at: at + allows, allows: acl.readUInt16LE(at + allows) };
  });
  const masked = entries.find((found) => found.tag === mask)?.allows ?? 7;
  let least = 7;
  for (const found of entries) {
    if (found.tag === owningGroup || found.tag === group) {
      least &= found.allows & masked;
    } else if (found.tag === other) {
      least &= found.allows;
    }
  }
  const limited = Buffer.from(acl);
  for (const found of entries) {
    if (found.tag === owningGroup || found.tag === other) {
      limited.writeUInt16LE(least, found.at);
    }
  }
  return { acl: limited, least };
}
