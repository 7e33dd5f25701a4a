/** What makes an `open` for writing fail, set and taken off; and whether that can be had. */
import { closeSync, fchmodSync, fstatSync, statfsSync } from 'node:fs';
import { constants } from 'node:os';
import { SystemError } from '../../core/errors';
import type { Gateable } from '../../core/gate/ports';
import { isInitialUserMap, parseCapabilities, parseFileUser, wouldInterrupt } from '../../core/linux/proc';
import { vetoMeans, type DiskRoom, type VetoBy, type VetoMeans } from '../../core/veto';
import { system } from './errors';
import { readProcAtOnce, unlessGone } from './gate/text';
import { EXT_FILE_SYSTEM, FS_IMMUTABLE_FL, TMPFS, XFS } from './layouts';
import type { Stat } from './layouts';
import type { Libc } from './libc';
import type { Host } from './linux';
import { descriptorPath } from './place';
import type { Place } from './place';

/** Those that never compress. */
const EXACT_FILE_SYSTEMS: ReadonlySet<bigint> = new Set([EXT_FILE_SYSTEM, XFS, TMPFS]);

const OWNER_WRITES = 0o200;
const PERMISSIONS = 0o7777;
const S_ISGID = 0o2000;

/**
 * Protects a file. The lease of whoever waits is not concerned (fs/locks.c), nor is its time of modification.
 *
 * @param fd open for reading
 * @returns what puts it right again; throws SystemError
 * @throws SystemError of fchmod(2), ioctl_iflags(2)
 */
export function protect(libc: Libc, fd: number, by: VetoBy, path: string): () => void {
  if (by === 'writeBit') {
    const mode = permissions(fd, path);
    const taken = mode & OWNER_WRITES;
    chmod(fd, mode & ~OWNER_WRITES, path);
    return () => {
      chmod(fd, permissions(fd, path) | taken, path);
    };
  }
  const flags = flagsOf(libc, fd, path);
  libc.setFlags(fd, flags | FS_IMMUTABLE_FL, path);
  return () => {
    libc.setFlags(fd, flagsOf(libc, fd, path) & ~FS_IMMUTABLE_FL, path);
  };
}

/**
 * Puts right what another thread or process may have left protected. Whether it was.
 *
 * @throws SystemError as `protect`
 */
export function unprotect(libc: Libc, fd: number, by: VetoBy, path: string): boolean {
  if (by === 'writeBit') {
    const mode = permissions(fd, path);
    if ((mode & OWNER_WRITES) !== 0) return false;
    chmod(fd, mode | OWNER_WRITES, path);
    return true;
  }
  const flags = flagsOf(libc, fd, path);
  if ((flags & FS_IMMUTABLE_FL) === 0) return false;
  libc.setFlags(fd, flags & ~FS_IMMUTABLE_FL, path);
  return true;
}

/** See `Target.noteProtection`. */
export function noteProtection(
  host: Host,
  place: Place,
  by: VetoBy,
  inode: bigint,
): (end: 'lifted' | 'unknown') => void {
  const { mode } = host.libc.statDescriptor(place.pin, place.path);
  // One that its owner has protected is not to be opened up by us.
  if (by === 'writeBit' && (mode & OWNER_WRITES) === 0) return () => undefined;
  host.record?.protects(place, { by, inode });
  place.retain();
  return (end) => {
    try {
      if (end === 'unknown') unprotectPlace(host.libc, place, by);
      host.record?.unprotects(place);
    } catch (thrown) {
      // The record still says so: the next start tries again.
      if (!(thrown instanceof SystemError)) throw thrown;
    } finally {
      place.release();
    }
  };
}

function unprotectPlace(libc: Libc, place: Place, by: VetoBy): void {
  const fd = place.openReader();
  try {
    unprotect(libc, fd, by, place.path);
  } finally {
    closeSync(fd);
  }
}

export function findMeans(host: Host, place: Place, stat: Stat, gate: Gateable): VetoMeans {
  const { uid, groups, capabilities, editor } = host;
  const status = editor === undefined ? '' : (unlessGone(() => readProcAtOnce(`/proc/${editor}/status`)) ?? '');
  const editorUser = parseFileUser(status).value;
  const mayMakeImmutable =
    capabilities.linuxImmutable &&
    (uid === stat.uid || capabilities.fowner) &&
    isInitialUserMap(unlessGone(() => readProcAtOnce('/proc/self/uid_map')) ?? '');
  return vetoMeans({
    leases: gate.gate,
    interruptible: wouldInterrupt(status, constants.signals.SIGCHLD),
    editorOwns: editorUser === stat.uid && (uid === stat.uid || capabilities.fowner),
    editorOverrides: parseCapabilities(status).value.dacOverride,
    bitsAreLost: (stat.mode & S_ISGID) !== 0 && !groups.has(stat.gid),
    mayMakeImmutable,
    hasAttributes: mayMakeImmutable && hasFlags(host.libc, place),
  });
}

/** @throws SystemError of statfs(2) */
export function diskRoom({ uid }: Host, place: Place): DiskRoom | undefined {
  const found = system('statfs', place.path, () => statfsSync(descriptorPath(place.pin), { bigint: true }));
  const { type, blocks, bfree, bavail, bsize } = found;
  // Without a limit (tmpfs), or one that it knows of (FUSE).
  if (blocks === 0n || bsize === 0n) return undefined;
  const free = uid === 0 && type === EXT_FILE_SYSTEM ? bfree - keptByExt(blocks) : bavail;
  return { free: free > 0n ? free * bsize : 0n, block: bsize, exact: EXACT_FILE_SYSTEMS.has(type) };
}

/**
 * Blocks that ext4 keeps even from root, for its own work (fs/ext4/super.c, ext4_calculate_resv_clusters). What it keeps for root,
 * ext4(5), is free to root.
 */
function keptByExt(blocks: bigint): bigint {
  const fiftieth = blocks / 50n;
  return fiftieth < 4096n ? fiftieth : 4096n;
}

function hasFlags(libc: Libc, place: Place): boolean {
  let fd: number | undefined;
  try {
    fd = place.openReader();
    return libc.getFlags(fd, place.path) !== undefined;
  } catch (thrown) {
    if (thrown instanceof SystemError) return false;
    throw thrown;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function permissions(fd: number, path: string): number {
  return system('fstat', path, () => fstatSync(fd)).mode & PERMISSIONS;
}

function chmod(fd: number, mode: number, path: string): void {
  system('fchmod', path, () => {
    fchmodSync(fd, mode);
  });
}

function flagsOf(libc: Libc, fd: number, path: string): number {
  const flags = libc.getFlags(fd, path);
  if (flags === undefined) throw new SystemError('ioctl(FS_IOC_GETFLAGS)', path, 'ENOTTY');
  return flags;
}
