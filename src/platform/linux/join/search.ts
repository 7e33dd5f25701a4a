import { constants, openSync, opendirSync, realpathSync, type Dir, type Dirent } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { SystemError } from '../../../core/errors';
import { limits } from '../../../core/limits';
import type { FoundName } from '../../../core/ports';
import { isSameInode, type Separation } from '../../../core/separation';
import { asSystemError, system } from '../errors';
import { AT_STATX_DONT_SYNC, AT_SYMLINK_NOFOLLOW, O_PATH } from '../layouts';
import type { Stat } from '../layouts';
import type { Host } from '../linux';
import { closeQuietly, descriptorPath } from '../place';
import { pathOf, seen } from './oldInode';

/** What a folder that was listed a moment ago may say: it is gone, is no folder any more, is not ours to read, or is too deep. */
const PASSED_BY = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ESTALE', 'EACCES', 'EPERM', 'ENAMETOOLONG'] as const;

/** They need not be text. Node's types do not know that its `opendir` can do this, too. */
const namesAsBytes = { encoding: 'buffer' as BufferEncoding };

/** A file system as one mount shows it. */
type Mount = Pick<Stat, 'device' | 'mount'>;

/**
 * One search for the names of some inodes. It runs in stretches of `limits.joinStretch`, and lets the thread look after saves in
 * between.
 */
export class NameSearch {
  readonly #host: Host;
  readonly #wanted: readonly Separation[];
  readonly #signal: AbortSignal;
  readonly #found = new Map<string, FoundName>();
  /** How many names lead to each inode, as the kernel said when one of them was found. */
  readonly #links = new Map<Separation, number>();
  /** Folders (device:inode) that were searched with all that is below them. */
  readonly #searched = new Set<string>();
  readonly #due: number;
  /** Of the folder that was searched first. */
  #device: bigint | undefined;
  #late = false;
  #complete = false;
  #stretch = performance.now() + limits.joinStretch;

  /** @param milliseconds how long at most */
  constructor(host: Host, wanted: readonly Separation[], milliseconds: number, signal: AbortSignal) {
    this.#host = host;
    this.#wanted = wanted;
    this.#due = performance.now() + milliseconds;
    this.#signal = signal;
  }

  /** It has ended before it was done. */
  get late(): boolean {
    return this.#late;
  }

  get found(): readonly FoundName[] {
    return [...this.#found.values()];
  }

  /** @throws SystemError of open(2), readdir(3), statx(2), but for what another user or program has in its way */
  async in(folder: string): Promise<void> {
    const path = rootOf(folder);
    if (path !== undefined && !this.#over()) {
      await this.#list(path, () => true, undefined);
    }
  }

  /** As `in`, with all folders below it on the same mount. To be called after `in`: folders of other file systems are not searched. */
  async below(folder: string): Promise<void> {
    const root = rootOf(folder);
    if (root === undefined) {
      return;
    }
    let mount: Mount | undefined;
    const enter = (stat: Stat): boolean => {
      mount ??= stat;
      return stat.device === mount.device && stat.mount === mount.mount && this.#isNew(stat);
    };
    for (const waiting = [root]; !this.#over();) {
      const next = waiting.pop();
      if (next === undefined) {
        return;
      }
      await this.#list(next, enter, (child) => waiting.push(child));
    }
  }

  #isNew({ device, inode }: Stat): boolean {
    const key = `${device}:${inode}`;
    const isNew = !this.#searched.has(key);
    this.#searched.add(key);
    return isNew;
  }

  async #list(
    path: Buffer,
    enter: (stat: Stat) => boolean,
    onFolder: ((path: Buffer) => void) | undefined,
  ): Promise<void> {
    const text = path.toString();
    let directory: number | undefined;
    let listing: Dir | undefined;
    try {
      const flags = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;
      const fd = (directory = system('open', text, () => openSync(path, flags)));
      const stat = this.#host.libc.statDescriptor(fd, text);
      // Asked of folders only: on overlayfs files have devices of their own.
      if (stat.device !== (this.#device ??= stat.device) || !enter(stat)) {
        return;
      }
      const dir = (listing = system('open', text, () => opendirSync(descriptorPath(fd), namesAsBytes)));
      for (;;) {
        const entry = system('readdir', text, () => dir.readSync()) as Dirent<Buffer> | null;
        if (entry === null || this.#over()) {
          return;
        }
        if (entry.isDirectory()) {
          onFolder?.(pathOf({ folder: path, name: entry.name }));
        } else if (entry.isFile()) {
          this.#look(fd, stat, path, entry.name);
        }
        await this.#rest();
      }
    } catch (thrown) {
      if (!SystemError.is(thrown, ...PASSED_BY)) {
        throw thrown;
      }
    } finally {
      listing?.closeSync();
      if (directory !== undefined) {
        closeQuietly(directory);
      }
    }
  }

  #look(directory: number, inside: Stat, folder: Buffer, name: Buffer): void {
    const path = pathOf({ folder, name }).toString();
    let stat: Stat;
    try {
      stat = this.#host.libc.statAt(directory, name, AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC, path);
    } catch (thrown) {
      if (SystemError.is(thrown, ...PASSED_BY)) {
        return;
      }
      throw thrown;
    }
    const of = this.#wanted.find((separation) => isSameInode(seen(stat), separation));
    if (of !== undefined) {
      // A folder may be there twice, by a bind mount.
      this.#found.set(`${inside.device}:${inside.inode}/${name.toString('latin1')}`, { folder, name, path, of });
      this.#links.set(of, Number(stat.links));
      this.#complete = this.#isComplete();
    }
  }

  /** All names are found, or nobody waits for the rest. */
  #over(): boolean {
    if (this.#complete) {
      return true;
    }
    this.#late ||= performance.now() >= this.#due;
    return this.#late || this.#signal.aborted;
  }

  #isComplete(): boolean {
    if (this.#links.size < this.#wanted.length) {
      return false;
    }
    const found = this.found;
    return [...this.#links].every(([of, links]) => found.filter((name) => name.of === of).length >= links);
  }

  async #rest(): Promise<void> {
    if (performance.now() >= this.#stretch) {
      await nextTurn();
      this.#stretch = performance.now() + limits.joinStretch;
    }
  }
}

/** Without links; `undefined` if there is no such folder, or it is not ours to look into. */
function rootOf(folder: string): Buffer | undefined {
  try {
    return realpathSync.native(folder, 'buffer');
  } catch (thrown) {
    const error = asSystemError(thrown, 'realpath', folder);
    if (SystemError.is(error, ...PASSED_BY)) {
      return undefined;
    }
    throw error;
  }
}
