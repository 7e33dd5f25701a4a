import { readdirSync } from 'node:fs';
import { SystemError } from '../../../core/errors';
import type { Identity } from '../../../core/ports';
import type { DescriptorFacts } from '../../../core/linux/proc';
import { parseDescriptorFacts, parseMappings } from '../../../core/linux/proc';
import { system } from '../errors';
import { O_PATH } from '../layouts';
import type { Libc } from '../libc';
import type { GateCalls } from './calls';
import { isAnotherFile, mappedAs, type MappedAs } from './mapped';
import { readProc } from './text';
import type { Uninvolved } from './uninvolved';

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

/** Their pids. @throws SystemError if there is no `/proc` */
export function processes(): readonly number[] {
  return list('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);
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
   * @param uninvolved of this inode; those who are not found now are noted there
   * @param onProgress called again and again
   * @throws SystemError if there is no `/proc`
   */
  holders(except: ReadonlySet<number>, uninvolved: Uninvolved, onProgress: () => void): readonly number[] {
    return processes()
      .filter((pid) => !except.has(pid))
      .filter((pid) => {
        onProgress();
        return uninvolved.asks(pid, () => this.isHeldBy(pid));
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
    this.#mappedAs ??= mappedAs(descriptorFacts(`/proc/self/fdinfo/${this.#fd}`), this.#identity, () =>
      readProc('/proc/self/mountinfo'),
    );
    if (this.#mappedAs === undefined) {
      return false;
    }
    const { device, inode } = this.#mappedAs;
    const maps = unless('', () => readProc(`/proc/${String(pid)}/maps`));
    return parseMappings(maps, device, inode).value.some((path) => !isAnotherFile(this.#libc, path, this.#identity));
  }
}
