import { SystemError } from '../../../core/errors';
import { mountsOfTypes, parseMountDevice, type DescriptorFacts } from '../../../core/linux/proc';
import type { Identity } from '../../../core/ports';
import { AT_FDCWD, AT_STATX_DONT_SYNC, AT_SYMLINK_NOFOLLOW } from '../layouts';
import type { Libc } from '../libc';
import { readProc } from './text';

/** How `/proc/<pid>/maps` tells an inode, which is not how `stat` does: Btrfs, overlayfs. */
export interface MappedAs {
  readonly device: string;
  readonly inode: string;
}

/** File systems on which it is: of thousands of files, then, nothing need be asked. */
const AS_STAT: ReadonlySet<string> = new Set(['ext2', 'ext3', 'ext4', 'xfs', 'tmpfs']);

/** Our own mounts, as they are now; read once they are asked for. */
export class OwnMounts {
  #text: string | undefined;
  #asStat: ReadonlySet<bigint> | undefined;

  /** `/proc/self/mountinfo`. @throws SystemError if it cannot be read */
  get text(): string {
    this.#text ??= readProc('/proc/self/mountinfo');
    return this.#text;
  }

  /** Whether maps tell inodes of this mount as `stat` does. @throws SystemError as `text` */
  mapsAsStat(mount: bigint): boolean {
    this.#asStat ??= mountsOfTypes(this.text, AS_STAT);
    return this.#asStat.has(mount);
  }
}

/**
 * The kernel tells how maps show an inode where it tells of our own descriptor of it. `undefined` if its mount is no longer there.
 *
 * @param facts of that descriptor
 * @param mountinfo ours
 */
export function mappedAs(
  { lease, mount, inode }: DescriptorFacts,
  identity: Identity,
  mountinfo: () => string,
): MappedAs | undefined {
  const leased = lease === undefined ? null : /^(.*):(\d+)$/.exec(lease.file);
  if (leased?.[1] !== undefined && leased[2] !== undefined) {
    return { device: leased[1], inode: leased[2] };
  }
  const device = mount === undefined ? undefined : parseMountDevice(mountinfo(), mount).value;
  return device === undefined ? undefined : { device, inode: inode ?? String(identity.inode) };
}

/**
 * The subvolumes of btrfs share one device in maps, and have the same inode numbers: the path tells them apart, as
 * long as it leads anywhere.
 *
 * @param path of a mapping, in Latin-1
 */
export function isAnotherFile(libc: Libc, path: string, identity: Identity, follow = false): boolean {
  try {
    const flags = (follow ? 0 : AT_SYMLINK_NOFOLLOW) | AT_STATX_DONT_SYNC;
    const found = libc.statAt(AT_FDCWD, Buffer.from(path, 'latin1'), flags, path);
    return found.inode === identity.inode && found.device !== identity.device;
  } catch (thrown) {
    if (thrown instanceof SystemError) {
      return false;
    }
    throw thrown;
  }
}
