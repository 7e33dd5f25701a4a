import { fchmodSync, fchownSync } from 'node:fs';
import { SystemError } from '../../core/errors';
import type { Loss } from '../../core/ports';
import { inheritedAccess, isAccessList } from './access';
import { system } from './errors';
import { FS_FLAGS, FS_XFLAG_COWEXTSIZE, FS_XFLAG_EXTSIZE, FS_XFLAG_REALTIME } from './layouts';
import type { Extended, Stat } from './layouts';
import type { Libc } from './libc';

/** All that is to be kept besides the bytes. Birth time and generation cannot be set by anybody. */
export interface Metadata {
  readonly stat: Stat;
  /** Names as Latin-1. ACLs, labels and file capabilities are among them; xattr(7). */
  readonly attributes: ReadonlyMap<string, Buffer>;
  readonly flags: number | undefined;
  readonly extended: Extended | undefined;
}

/**
 * The flags that a person chose and a copy can be given. Not kept: immutable and append-only (a sealed target cannot be
 * replaced at all), verity and encryption (belong to the bytes and the directory), extents, inline data, index, huge
 * file (how the file system happens to store it), and those for directories only.
 */
const KEPT_FLAGS = Object.values(FS_FLAGS).reduce((mask, flag) => mask | flag, 0);

/** How the bytes will be stored: ext4's +j, btrfs's +C, +c, +m and +x take effect, or are allowed, while a file is empty. */
const LAYOUT_FLAGS = FS_FLAGS.C | FS_FLAGS.c | FS_FLAGS.m | FS_FLAGS.x | FS_FLAGS.j;
const KEPT_XFLAGS = FS_XFLAG_REALTIME | FS_XFLAG_EXTSIZE | FS_XFLAG_COWEXTSIZE;

/** Errors that mean the disk or the machine and not the attribute: they end the staging. */
const FATAL = ['ENOSPC', 'EDQUOT', 'EIO', 'ENOMEM', 'EROFS', 'EUCLEAN', 'ESTALE', 'ENODEV', 'EBADF'] as const;

/** @throws SystemError of flistxattr(2), fgetxattr(2) and the ioctls, never for what the file system does not have */
export function readMetadata(libc: Libc, fd: number, stat: Stat, path: string): Metadata {
  return {
    stat,
    attributes: readAttributes(libc, fd, path),
    flags: libc.getFlags(fd, path),
    extended: libc.getExtended(fd, path),
  };
}

function readAttributes(libc: Libc, fd: number, path: string): Map<string, Buffer> {
  const attributes = new Map<string, Buffer>();
  for (const name of libc.listAttributes(fd, path)) {
    const value = libc.getAttribute(fd, name, path);
    if (value !== undefined) {
      attributes.set(name, value);
    }
  }
  return attributes;
}

/**
 * Gives a new inode the metadata of another, in the order that the kernel needs: `prepare` while it is empty, `finish`
 * when it has its bytes, `compare` at the end. What is refused is remembered and becomes the error of a loss if the
 * comparison finds a difference; what the kernel drops silently (setgid of a foreign group) is found by it, too.
 */
export class Transfer {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #wanted: Metadata;
  readonly #path: string;
  readonly #refused = new Map<string, SystemError>();

  constructor(libc: Libc, fd: number, wanted: Metadata, path: string) {
    this.#libc = libc;
    this.#fd = fd;
    this.#wanted = wanted;
    this.#path = path;
  }

  /** What must be there before the first byte. */
  prepare(): void {
    this.#setFlags(LAYOUT_FLAGS);
    this.#setExtended();
  }

  /**
   * The rest. Owner before attributes (chown(2) drops file capabilities), attributes before mode (an access ACL sets
   * its group bits), owner before mode (chown(2) drops setuid), times last.
   */
  finish(): void {
    const { stat } = this.#wanted;
    const libc = this.#libc;
    this.#setOwner();
    const now = libc.statDescriptor(this.#fd, this.#path);
    const { mode, attributes } = inheritedAccess(stat, this.#wanted.attributes, now);
    for (const name of libc.listAttributes(this.#fd, this.#path)) {
      // Inherited from the directory: a default ACL, btrfs's compression, a security label.
      if (!attributes.has(name)) {
        this.#try(`attribute ${name}`, () => {
          libc.removeAttribute(this.#fd, name, this.#path);
        });
      }
    }
    for (const [name, value] of attributes) {
      if (libc.getAttribute(this.#fd, name, this.#path)?.equals(value) !== true) {
        this.#try(`attribute ${name}`, () => {
          libc.setAttribute(this.#fd, name, value, this.#path);
        });
      }
    }
    this.#try('mode', () => {
      system('fchmod', this.#path, () => {
        fchmodSync(this.#fd, mode);
      });
    });
    this.#setFlags(KEPT_FLAGS);
    this.#try('times', () => {
      libc.setTimes(this.#fd, stat.atime, stat.mtime, this.#path);
    });
  }

  /** Reads everything back. */
  compare(): Loss[] {
    const { stat, flags, extended } = this.#wanted;
    const found = readMetadata(this.#libc, this.#fd, this.#libc.statDescriptor(this.#fd, this.#path), this.#path);
    const losses: Loss[] = [];
    const check = (what: Loss['what'], name: string, equal: boolean, key: string = what): void => {
      if (!equal) {
        const error = this.#refused.get(key);
        losses.push(error === undefined ? { what, name } : { what, name, error });
      }
    };
    const { mode, attributes, unknown } = inheritedAccess(stat, this.#wanted.attributes, found.stat);
    check('owner', 'uid', found.stat.uid === stat.uid);
    check('group', 'gid', found.stat.gid === stat.gid);
    check('mode', (stat.mode & 0o7777).toString(8).padStart(4, '0'), (found.stat.mode & 0o7777) === mode);
    for (const name of new Set([...attributes.keys(), ...found.attributes.keys()])) {
      const wanted = attributes.get(name);
      const value = found.attributes.get(name);
      const isSame = wanted !== undefined && value?.equals(wanted) === true && !unknown.includes(name);
      check(isAccessList(name) ? 'access' : 'attribute', name, isSame, `attribute ${name}`);
    }
    for (const [letter, flag] of Object.entries(FS_FLAGS)) {
      check('flags', letter, (((flags ?? 0) ^ (found.flags ?? 0)) & flag) === 0, `flags ${flag}`);
    }
    check('flags', 'extent size', sameHints(extended, found.extended), 'extended');
    check(
      'project',
      String(extended?.projid ?? 0),
      (extended?.projid ?? 0) === (found.extended?.projid ?? 0),
      'extended',
    );
    check('times', 'atime', found.stat.atime === stat.atime);
    check('times', 'mtime', found.stat.mtime === stat.mtime);
    return losses;
  }

  #try(key: string, action: () => void): void {
    try {
      action();
    } catch (thrown) {
      if (!(thrown instanceof SystemError) || SystemError.is(thrown, ...FATAL)) {
        throw thrown;
      }
      this.#refused.set(key, thrown);
    }
  }

  #setOwner(): void {
    const { uid, gid } = this.#wanted.stat;
    const now = this.#libc.statDescriptor(this.#fd, this.#path);
    // Apart: an ordinary user may well give a group away, but never the owner.
    if (now.gid !== gid) {
      this.#try('group', () => {
        system('fchown', this.#path, () => {
          fchownSync(this.#fd, -1, gid);
        });
      });
    }
    if (now.uid !== uid) {
      this.#try('owner', () => {
        system('fchown', this.#path, () => {
          fchownSync(this.#fd, uid, -1);
        });
      });
    }
  }

  #setFlags(mask: number): void {
    const wanted = this.#wanted.flags;
    const now = wanted === undefined ? undefined : this.#libc.getFlags(this.#fd, this.#path);
    if (wanted === undefined || now === undefined || ((now ^ wanted) & mask) === 0) {
      return;
    }
    try {
      this.#libc.setFlags(this.#fd, (now & ~mask) | (wanted & mask), this.#path);
    } catch (thrown) {
      if (!(thrown instanceof SystemError) || SystemError.is(thrown, ...FATAL)) {
        throw thrown;
      }
      this.#setFlagsSingly(now, wanted, mask);
    }
  }

  /** The call takes all or nothing; one flag that needs a privilege (+j) must not cost the others. */
  #setFlagsSingly(start: number, wanted: number, mask: number): void {
    let now = start;
    for (const flag of Object.values(FS_FLAGS)) {
      if (((now ^ wanted) & mask & flag) !== 0) {
        this.#try(`flags ${flag}`, () => {
          this.#libc.setFlags(this.#fd, now ^ flag, this.#path);
          now ^= flag;
        });
      }
    }
  }

  #setExtended(): void {
    const wanted = this.#wanted.extended;
    const now = wanted === undefined ? undefined : this.#libc.getExtended(this.#fd, this.#path);
    if (wanted === undefined || now === undefined || (now.projid === wanted.projid && sameHints(now, wanted))) {
      return;
    }
    if (now.projid !== 0 && now.projid !== wanted.projid) {
      // Born with a project: the directory hands it down, and then takes in nothing of another (EXDEV), link(2).
      this.#refused.set('extended', new SystemError('ioctl(FS_IOC_FSSETXATTR)', this.#path, 'EXDEV'));
      return;
    }
    this.#try('extended', () => {
      const xflags = (now.xflags & ~KEPT_XFLAGS) | (wanted.xflags & KEPT_XFLAGS);
      this.#libc.setExtended(this.#fd, { ...wanted, xflags }, this.#path);
    });
  }
}

function sameHints(one: Extended | undefined, other: Extended | undefined): boolean {
  return (
    (((one?.xflags ?? 0) ^ (other?.xflags ?? 0)) & KEPT_XFLAGS) === 0 &&
    (one?.extsize ?? 0) === (other?.extsize ?? 0) &&
    (one?.cowextsize ?? 0) === (other?.cowextsize ?? 0)
  );
}
