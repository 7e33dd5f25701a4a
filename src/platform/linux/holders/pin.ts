import { constants, openSync, readSync } from 'node:fs';
import { SystemError } from '../../../core/errors';
import type { Pin } from '../../../core/holders/ports';
import { parseDescriptorFacts } from '../../../core/linux/proc';
import type { Identity } from '../../../core/ports';
import { system } from '../errors';
import { mappedAs } from '../gate/mapped';
import { readProc } from '../gate/text';
import { O_PATH, S_IFMT, S_IFREG } from '../layouts';
import type { Libc } from '../libc';
import { closeQuietly, openReader } from '../place';

/** An inode, pinned by an O_PATH descriptor: that uses nothing, and no lease counts it. */
export class PinnedInode implements Pin {
  readonly identity: Identity;
  readonly path: string;
  readonly fd: number;
  readonly #libc: Libc;
  #mapped: string | undefined;

  private constructor(libc: Libc, path: string, fd: number, identity: Identity) {
    this.#libc = libc;
    this.path = path;
    this.fd = fd;
    this.identity = identity;
  }

  /** @throws SystemError as `HolderFinder.pin` */
  static open(libc: Libc, path: string): PinnedInode {
    const fd = system('open', path, () => openSync(path, O_PATH | constants.O_NONBLOCK));
    try {
      const { mode, device, inode } = libc.statDescriptor(fd, path);
      if ((mode & S_IFMT) !== S_IFREG) {
        throw new SystemError('pin', path, 'EINVAL');
      }
      return new PinnedInode(libc, path, fd, { device, inode });
    } catch (thrown) {
      closeQuietly(fd);
      throw thrown;
    }
  }

  size(): number {
    return Number(this.#libc.statDescriptor(this.fd, this.path).size);
  }

  mtime(): bigint {
    return this.#libc.statDescriptor(this.fd, this.path).mtime;
  }

  read(bytes: number): Uint8Array {
    const fd = openReader(this.fd, this.path);
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
  }

  /**
   * What maps call it: as `Mapping.file`. A mount that is no longer there has no line: then the device is that of `stat`, as on most
   * file systems.
   */
  mappedAs(mountinfo: () => string): string {
    if (this.#mapped === undefined) {
      const facts = parseDescriptorFacts(readProc(`/proc/self/fdinfo/${this.fd}`)).value;
      const { device, inode } = mappedAs(facts, this.identity, mountinfo) ?? {
        device: mapsDevice(this.identity.device),
        inode: String(this.identity.inode),
      };
      this.#mapped = `${device} ${inode}`;
    }
    return this.#mapped;
  }

  close(): void {
    closeQuietly(this.fd);
  }
}

/** glibc's major(3) and minor(3), as maps print them. */
function mapsDevice(device: bigint): string {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n);
  const minor = (device & 0xffn) | ((device >> 12n) & 0xffffff00n);
  return [major, minor].map((number) => number.toString(16).padStart(2, '0')).join(':');
}
