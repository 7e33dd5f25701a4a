import { constants, openSync, readSync } from 'node:fs';
import { SystemError } from '../../../core/errors';
import type { Pin } from '../../../core/holders/ports';
import { parseDescriptorFacts, type DescriptorFacts } from '../../../core/linux/proc';
import type { Identity } from '../../../core/ports';
import { system } from '../errors';
import { mappedAs, type OwnMounts } from '../gate/mapped';
import { readProc } from '../gate/text';
import type { Watchable } from '../gate/watches';
import { AT_FDCWD, AT_STATX_DONT_SYNC, O_PATH, S_IFMT, S_IFREG, type Stat } from '../layouts';
import type { Libc } from '../libc';
import { closeQuietly, openReader } from '../place';

/**
 * An inode that is remembered. At first, and as long as it is held, an O_PATH descriptor keeps it: that uses nothing, and no lease counts it.
 */
export class PinnedInode implements Pin, Watchable {
  readonly identity: Identity;
  readonly path: string;
  readonly #libc: Libc;
  #fd: number | undefined;
  /** As it was when it was seen last. */
  #stat: Stat;
  #told: DescriptorFacts | undefined;
  #mapped: string | undefined;
  #mappedNumber: number | undefined;
  /** Of the inode; beyond what numbers hold exactly only near. */
  readonly inodeNumber: number;

  private constructor(libc: Libc, path: string, fd: number, stat: Stat) {
    this.#libc = libc;
    this.path = path;
    this.#fd = fd;
    this.#stat = stat;
    this.identity = { device: stat.device, inode: stat.inode };
    this.inodeNumber = Number(stat.inode);
  }

  /** @throws SystemError as `HolderFinder.pin` */
  static open(libc: Libc, path: string): PinnedInode {
    const fd = openPath(path);
    try {
      const stat = libc.statDescriptor(fd, path);
      if ((stat.mode & S_IFMT) !== S_IFREG) {
        throw new SystemError('pin', path, 'EINVAL');
      }
      return new PinnedInode(libc, path, fd, stat);
    } catch (thrown) {
      closeQuietly(fd);
      throw thrown;
    }
  }

  /** What keeps it, O_PATH; `undefined`: nothing does. */
  get descriptor(): number | undefined {
    return this.#fd;
  }

  get held(): boolean {
    return this.#fd !== undefined;
  }

  atPath(): boolean {
    try {
      const { device, inode } = this.#libc.statAt(AT_FDCWD, Buffer.from(this.path), AT_STATX_DONT_SYNC, this.path);
      return device === this.identity.device && inode === this.identity.inode;
    } catch (thrown) {
      if (thrown instanceof SystemError) {
        return false;
      }
      throw thrown;
    }
  }

  size(): number {
    return Number(this.#seen().size);
  }

  mtime(): bigint {
    return this.#seen().mtime;
  }

  read(bytes: number): Uint8Array {
    return this.use((pin) => {
      const fd = openReader(pin, this.path);
      try {
        const buffer = Buffer.alloc(bytes);
        let length = 0;
        for (let got = -1; got !== 0 && length < bytes; length += got) {
          got = system('read', this.path, () => readSync(fd, buffer, length, bytes - length, length));
        }
        return buffer.subarray(0, length);
      } finally {
        closeQuietly(fd);
      }
    });
  }

  /** @throws SystemError ENOENT and the like; ESTALE: it is not held, and its path leads elsewhere */
  use<T>(work: (fd: number) => T): T {
    if (this.#fd !== undefined) {
      return work(this.#fd);
    }
    const fd = this.#open(this.path);
    try {
      return work(fd);
    } finally {
      closeQuietly(fd);
    }
  }

  hold(at = this.path): boolean {
    try {
      this.#fd ??= this.#open(at);
      return true;
    } catch (thrown) {
      if (thrown instanceof SystemError) {
        return false;
      }
      throw thrown;
    }
  }

  letGo(): void {
    if (this.#fd === undefined) {
      return;
    }
    // What only a descriptor tells.
    if (this.#mapped === undefined) {
      this.#told ??= this.#facts(this.#fd);
    }
    closeQuietly(this.#fd);
    this.#fd = undefined;
  }

  /**
   * What maps call it: as `Mapping.file`. A mount that is no longer there has no line: then the device is that of `stat`, as on most
   * file systems.
   */
  mappedAs(mounts: OwnMounts): string {
    this.#mapped ??= this.#findMapped(mounts);
    return this.#mapped;
  }

  /** The inode number of that, as `inodeNumber`. */
  mappedNumber(mounts: OwnMounts): number {
    if (this.#mappedNumber === undefined) {
      const mapped = this.mappedAs(mounts);
      this.#mappedNumber = Number(mapped.slice(mapped.indexOf(' ') + 1));
    }
    return this.#mappedNumber;
  }

  #findMapped(mounts: OwnMounts): string {
    const asStat = { device: mapsDevice(this.identity.device), inode: String(this.identity.inode) };
    const { mount } = this.#stat;
    const facts = (): DescriptorFacts => this.#told ?? this.use((fd) => this.#facts(fd));
    const { device, inode } =
      mount !== undefined && mounts.mapsAsStat(mount)
        ? asStat
        : (mappedAs(facts(), this.identity, () => mounts.text) ?? asStat);
    return `${device} ${inode}`;
  }

  close(): void {
    if (this.#fd !== undefined) {
      closeQuietly(this.#fd);
    }
    this.#fd = undefined;
  }

  #facts(fd: number): DescriptorFacts {
    return parseDescriptorFacts(readProc(`/proc/self/fdinfo/${fd}`)).value;
  }

  #seen(): Stat {
    try {
      this.#stat = this.use((fd) => this.#libc.statDescriptor(fd, this.path));
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) {
        throw thrown;
      }
    }
    return this.#stat;
  }

  #open(at: string): number {
    const fd = openPath(at);
    try {
      const { device, inode } = this.#libc.statDescriptor(fd, at);
      if (device !== this.identity.device || inode !== this.identity.inode) {
        throw new SystemError('open', this.path, 'ESTALE');
      }
      return fd;
    } catch (thrown) {
      closeQuietly(fd);
      throw thrown;
    }
  }
}

/** @throws SystemError of open(2) */
function openPath(path: string): number {
  return system('open', path, () => openSync(path, O_PATH | constants.O_NONBLOCK));
}

/** glibc's major(3) and minor(3), as maps print them. */
function mapsDevice(device: bigint): string {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n);
  const minor = (device & 0xffn) | ((device >> 12n) & 0xffffff00n);
  return [major, minor].map((number) => number.toString(16).padStart(2, '0')).join(':');
}
