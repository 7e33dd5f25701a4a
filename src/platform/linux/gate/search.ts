import { readdirSync } from 'node:fs';
import { SystemError } from '../../../core/errors';
import type { Identity } from '../../../core/ports';
import type { DescriptorFacts } from '../../../core/linux/proc';
import { parseDescriptorFacts, parseMappings, parseMountDevice } from '../../../core/linux/proc';
import { system } from '../errors';
import { AT_FDCWD, AT_STATX_DONT_SYNC, AT_SYMLINK_NOFOLLOW, O_PATH } from '../layouts';
import type { Libc } from '../libc';
import type { GateCalls } from './calls';
import { readProc } from './text';

/** How `/proc/<pid>/maps` tells an inode. */
interface MappedAs {
  readonly device: string;
  readonly inode: string;
}

/** What a process may do to a search: end, close, or not be ours to look into. */
function unless<T>(otherwise: T, look: () => T): T {
  try {
    return look();
  } catch (thrown) {
    if (thrown instanceof SystemError) {
      return otherwise;
    }
    throw thrown;
  }
}

function descriptorFacts(path: string): DescriptorFacts {
  return parseDescriptorFacts(readProc(path)).value;
}

function list(path: string): readonly string[] {
  return system('readdir', path, () => readdirSync(path));
}

/**
 * One pass over `/proc`: the processes that have an inode open, other than O_PATH, or mapped. Every descriptor is asked
 * where it leads, without a server or a daemon being asked. Not seen: processes that we may not look into, the own
 * descriptors of a thread that has left the table of its process, and descriptors in flight.
 */
export class Search {
  readonly #libc: Libc;
  readonly #leadsThere: (path: string) => boolean;
  readonly #fd: number;
  readonly #identity: Identity;
  #mappedAs: MappedAs | undefined;

  /**
   * @param fd a descriptor of the inode
   * @param identity of the inode, as `stat` tells it now
   */
  constructor(libc: Libc, calls: GateCalls, fd: number, identity: Identity) {
    this.#libc = libc;
    this.#leadsThere = calls.leadingTo(identity);
    this.#fd = fd;
    this.#identity = identity;
  }

  /**
   * @param onProgress called again and again
   * @throws SystemError if there is no `/proc`
   */
  holders(except: ReadonlySet<number>, onProgress: () => void = () => undefined): readonly number[] {
    return list('/proc')
      .filter((entry) => /^\d+$/.test(entry) && !except.has(Number(entry)))
      .map(Number)
      .filter((pid) => {
        onProgress();
        return this.isHeldBy(pid);
      });
  }

  /** @throws as `holders` */
  isHeldBy(pid: number): boolean {
    // Maps take longer, and are only asked for where the descriptors did not settle it.
    return this.hasOpen(pid) || this.hasMapped(pid);
  }

  /** @throws as `holders` */
  hasOpen(pid: number): boolean {
    return unless([], () => list(`/proc/${String(pid)}/fd`)).some(
      (fd) =>
        this.#leadsThere(`/proc/${String(pid)}/fd/${fd}`) &&
        unless(true, () => ((descriptorFacts(`/proc/${String(pid)}/fdinfo/${fd}`).flags ?? 0) & O_PATH) === 0),
    );
  }

  /** @throws as `holders` */
  hasMapped(pid: number): boolean {
    this.#mappedAs ??= this.#learn();
    if (this.#mappedAs === undefined) {
      return false;
    }
    const { device, inode } = this.#mappedAs;
    const maps = unless('', () => readProc(`/proc/${String(pid)}/maps`));
    return parseMappings(maps, device, inode).value.some((path) => !this.#isAnotherFile(path));
  }

  /**
   * The subvolumes of btrfs share one device in maps, and have the same inode numbers: the path tells them apart, as
   * long as it leads anywhere.
   */
  #isAnotherFile(path: string): boolean {
    return unless(false, () => {
      const flags = AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC;
      const found = this.#libc.statAt(AT_FDCWD, Buffer.from(path, 'latin1'), flags, path);
      return found.inode === this.#identity.inode && found.device !== this.#identity.device;
    });
  }

  /** The kernel tells how maps show an inode where it tells of our own descriptor of it. */
  #learn(): MappedAs | undefined {
    const { lease, mount, inode } = descriptorFacts(`/proc/self/fdinfo/${this.#fd}`);
    const leased = lease === undefined ? null : /^(.*):(\d+)$/.exec(lease.file);
    if (leased?.[1] !== undefined && leased[2] !== undefined) {
      return { device: leased[1], inode: leased[2] };
    }
    const device = mount === undefined ? undefined : parseMountDevice(readProc('/proc/self/mountinfo'), mount).value;
    return device === undefined ? undefined : { device, inode: inode ?? String(this.#identity.inode) };
  }
}
