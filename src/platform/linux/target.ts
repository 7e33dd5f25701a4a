import { closeSync, constants, fsync, openSync, realpathSync, statfsSync } from 'node:fs';
import { promisify } from 'node:util';
import { SystemError } from '../../core/errors';
import type { Handed, HandedPlace } from '../../core/gate/ports';
import type { FileKind, Held, Identity, Prepared, Staged, Target, TargetFacts } from '../../core/ports';
import type { DiskRoom, VetoBy, VetoMeans } from '../../core/veto';
import { system, systemAsync } from './errors';
import {
  AT_EACCESS,
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  STATX_ATTR_APPEND,
  STATX_ATTR_IMMUTABLE,
  STATX_ATTR_MOUNT_ROOT,
  STATX_ATTR_VERITY,
  SYNTHETIC_FILE_SYSTEMS,
  S_IFDIR,
  S_IFMT,
  S_IFREG,
} from './layouts';
import type { Stat } from './layouts';
import { sameInode, untouched } from './clone';
import type { Host } from './linux';
import { descriptorPath, Place } from './place';
import { gateable } from './gate/gateable';
import { isWritten } from './gate/closed';
import { probeTarget, searchTarget } from './gate/holders';
import { mountsOfPlace } from './mounts';
import { prepare } from './prepare';
import { remoteOf } from './remote';
import { stage, withReader } from './stage';
import { diskRoom, findMeans, noteProtection } from './veto';
import { reaches } from './workshop';

const fsyncAsync = promisify(fsync);

const SEALED = STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND | STATX_ATTR_VERITY;
/** Versions of a file for which there must be room: the clone, the new version, and what a file system needs to work. */
const ROOM_FOR_A_SAVE = 3n;
const S_ISVTX = 0o1000;
const S_ISGID = 0o2000;
const OWNER_READS_AND_WRITES = 0o600;
const PRIVILEGED_ATTRIBUTES: ReadonlySet<string> = new Set(['security.ima', 'security.evm']);

/**
 * Opens what `path` leads to, all symbolic links followed. The target itself is only opened O_PATH, which waits for
 * nobody and wakes no device. `undefined` for ENOENT.
 *
 * @throws SystemError of realpath(3) (ELOOP, ENOTDIR, EACCES, ENAMETOOLONG), open(2), statx(2); EACCES of `open` if a
 *   regular file cannot be read
 */
export function openTarget(host: Host, path: string): Target | undefined {
  let place: Place;
  try {
    place = Place.open(system('realpath', path, () => realpathSync.native(path, 'buffer')));
  } catch (thrown) {
    if (SystemError.is(thrown, 'ENOENT')) {
      return undefined;
    }
    throw thrown;
  }
  try {
    return new LinuxTarget(host, place);
  } catch (thrown) {
    place.release();
    throw thrown;
  }
}

class LinuxTarget implements Target {
  readonly facts: TargetFacts;
  readonly #directoryIdentity: Identity;
  readonly handed: Handed;
  readonly #host: Host;
  readonly #place: Place;
  readonly #examined: Stat;
  #closed = false;

  constructor(host: Host, place: Place) {
    this.#host = host;
    this.#place = place;
    this.#examined = host.libc.statDescriptor(place.pin, place.path);
    this.facts = examine(host, place, this.#examined);
    const { device, inode } = host.libc.statDescriptor(place.directory, place.path);
    this.#directoryIdentity = { device, inode };
    const { size, mtime } = this.#examined;
    this.handed = { descriptor: place.pin, identity: this.facts.identity, seen: { size, mtime } };
    if (this.facts.kind === 'regular' && !mayAccess(host, place, constants.R_OK)) {
      throw new SystemError('open', place.path, 'EACCES');
    }
  }

  get place(): HandedPlace {
    const { directory, name, path, record } = this.#place;
    return { directory, directoryIdentity: this.#directoryIdentity, name, path, record };
  }

  probe(): Held {
    this.#check();
    return probeTarget(this.#host, this.#place, this.facts.identity, this.facts.gate);
  }

  search(): Held {
    this.#check();
    return searchTarget(this.#host, this.#place, this.facts.identity);
  }

  isCurrent(): boolean {
    const { libc } = this.#host;
    const { directory, name, path } = this.#place;
    try {
      const there = libc.statAt(directory, name, AT_SYMLINK_NOFOLLOW, path);
      return sameInode(there, this.#examined) && untouched(there, this.#examined);
    } catch (thrown) {
      if (thrown instanceof SystemError) {
        return false;
      }
      throw thrown;
    }
  }

  mounts(): readonly string[] {
    return mountsOfPlace(this.#host, this.#place);
  }

  async stage(signal: AbortSignal): Promise<Staged> {
    this.#check();
    return stage(this.#host, this.#place, this.#examined, signal);
  }

  read<T>(work: (descriptor: number) => Promise<T>): Promise<T> {
    return withReader(this.#place, work);
  }

  async prepareVersion(content: Uint8Array, signal: AbortSignal, like?: Handed): Promise<Prepared> {
    this.#check();
    if (like === undefined) {
      return withReader(this.#place, (fd) =>
        prepare(this.#host, this.#place, { fd, examined: this.#examined }, content, signal),
      );
    }
    const { path } = this.#place;
    const fd = system('open', path, () => openSync(descriptorPath(like.descriptor), constants.O_RDONLY));
    try {
      const examined = this.#host.libc.statDescriptor(fd, path);
      return await prepare(this.#host, this.#place, { fd, examined }, content, signal);
    } finally {
      closeSync(fd);
    }
  }

  async prepareClone(descriptor: number, signal: AbortSignal): Promise<Prepared> {
    this.#check();
    const examined = this.#host.libc.statDescriptor(descriptor, this.#place.path);
    return prepare(this.#host, this.#place, { fd: descriptor, examined }, undefined, signal);
  }

  async prepareAhead(signal: AbortSignal): Promise<Prepared | undefined> {
    const { path, pin } = this.#place;
    const { bavail, bsize } = system('statfs', path, () => statfsSync(descriptorPath(pin), { bigint: true }));
    if (bavail * bsize < this.facts.size * ROOM_FOR_A_SAVE) {
      return undefined;
    }
    const { workshop } = this.#host;
    // A name beside the target would be there as long as the document is dirty.
    if (workshop === undefined || !reaches(this.#host, workshop, this.#place)) {
      return undefined;
    }
    return this.read(async (fd) => {
      const clone = await this.prepareClone(fd, signal);
      // Only the first write through a mapping changes the times of a file (mm/memory.c, do_page_mkwrite).
      const isFaithful = clone.losses.length === 0 && !isWritten(this.#host, fd, path) && this.isCurrent();
      if (isFaithful && clone.handed.temporaryName === undefined) {
        return clone;
      }
      clone.close();
      return undefined;
    });
  }

  room(): DiskRoom | undefined {
    return diskRoom(this.#host, this.#place);
  }

  vetoMeans(): VetoMeans {
    this.#check();
    return findMeans(this.#host, this.#place, this.#examined, this.facts.gate);
  }

  noteProtection(by: VetoBy): (end: 'lifted' | 'unknown') => void {
    return noteProtection(this.#host, this.#place, by, this.facts.identity.inode);
  }

  async syncDirectory(): Promise<void> {
    const { path, directory } = this.#place;
    const fd = system('open', path, () =>
      openSync(descriptorPath(directory), constants.O_RDONLY | constants.O_DIRECTORY),
    );
    try {
      await systemAsync('fsync', path, () => fsyncAsync(fd));
    } finally {
      closeSync(fd);
    }
  }

  close(): void {
    if (!this.#closed) {
      this.#closed = true;
      this.#place.release();
    }
  }

  #check(): void {
    const { path } = this.#place;
    if (this.#closed) {
      throw new SystemError('stage', path, 'EBADF');
    }
    if (this.facts.kind !== 'regular') {
      throw new SystemError('stage', path, 'EINVAL');
    }
  }
}

function mayAccess(host: Host, place: Place, how: number): boolean {
  return host.libc.mayAccess(AT_FDCWD, Buffer.from(descriptorPath(place.pin)), how, AT_EACCESS, place.path);
}

function kindOf(mode: number): FileKind {
  switch (mode & S_IFMT) {
    case S_IFREG:
      return 'regular';
    case S_IFDIR:
      return 'directory';
    default:
      return 'other';
  }
}

/** What the directory of a place lets be done with a name in it that leads to this inode. @throws SystemError of statx(2), faccessat(2) */
export function examineDirectory(
  { libc, uid, capabilities }: Host,
  place: Place,
  stat: Stat,
  directory = libc.statDescriptor(place.directory, place.path),
): Pick<TargetFacts, 'directoryWritable' | 'stickyForbids'> {
  return {
    // An append-only directory takes new names but lets none be renamed over or removed. Immutable says access(2) itself.
    directoryWritable:
      (directory.attributes & STATX_ATTR_APPEND) === 0n &&
      libc.mayAccess(place.directory, Buffer.from('.'), constants.W_OK | constants.X_OK, AT_EACCESS, place.path),
    // fs/namei.c, __check_sticky.
    stickyForbids:
      (directory.mode & S_ISVTX) !== 0 && stat.uid !== uid && directory.uid !== uid && !capabilities.fowner,
  };
}

function examine(host: Host, place: Place, stat: Stat): TargetFacts {
  const { libc, uid, groups, capabilities } = host;
  const directory = libc.statDescriptor(place.directory, place.path);
  const { type } = system('statfs', place.path, () => statfsSync(descriptorPath(place.pin), { bigint: true }));
  const unkeepable = foreseeLoss(host, place, stat);
  const isOurs = stat.uid === uid;
  const gate = gateable(place.pin, place.path);
  const remote = remoteOf(type, stat.mount);
  return {
    realPath: place.path,
    kind: kindOf(stat.mode),
    identity: { device: stat.device, inode: stat.inode },
    size: stat.size,
    mtime: stat.mtime,
    born: stat.born,
    links: stat.links,
    mode: stat.mode & 0o7777,
    uid: stat.uid,
    gid: stat.gid,
    // Linux 5.8; before, the bit is never known, and the rename answers EBUSY.
    mountPoint: (stat.attributes & STATX_ATTR_MOUNT_ROOT) !== 0n,
    sealed: (stat.attributes & SEALED) !== 0n,
    synthetic: SYNTHETIC_FILE_SYSTEMS.has(BigInt.asUintN(32, type)),
    ...examineDirectory(host, place, stat, directory),
    ownerKeepable: isOurs || capabilities.chown,
    ownable:
      isOurs ||
      ((stat.mode & OWNER_READS_AND_WRITES) === OWNER_READS_AND_WRITES && mayAccess(host, place, constants.W_OK)),
    // A setgid directory hands its group down, also to whom is not in it; inode(7).
    groupKeepable:
      groups.has(stat.gid) || capabilities.chown || ((directory.mode & S_ISGID) !== 0 && directory.gid === stat.gid),
    // fs/locks.c, vfs_setlease.
    gate:
      gate.gate && !isOurs && !capabilities.lease ? { gate: false, why: 'notOwner', detail: String(stat.uid) } : gate,
    ...(remote === undefined ? {} : { remote }),
    ...(unkeepable === undefined ? {} : { unkeepable }),
  };
}

/**
 * Finds the first attribute that needs a privilege we lack, by its name alone; capabilities(7), security/commoncap.c and
 * fs/xattr.c. A label of a security module is not among them: whether we may give it, only trying tells.
 */
function foreseeLoss({ libc, capabilities }: Host, place: Place, stat: Stat): TargetFacts['unkeepable'] {
  if (kindOf(stat.mode) !== 'regular') {
    return undefined;
  }
  for (const name of libc.listAttributesOfPath(Buffer.from(descriptorPath(place.pin)), place.path)) {
    const allowed = name === 'security.capability' ? capabilities.setfcap : capabilities.sysAdmin;
    if (
      !allowed &&
      (name === 'security.capability' || PRIVILEGED_ATTRIBUTES.has(name) || name.startsWith('trusted.'))
    ) {
      return { what: 'attribute', name };
    }
  }
  return undefined;
}
