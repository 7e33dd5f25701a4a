import { SystemError } from '../../../core/errors';
import { sameInode, withTemporaryName } from '../clone';
import { AT_FDCWD, AT_SYMLINK_FOLLOW, AT_SYMLINK_NOFOLLOW, RENAME_EXCHANGE } from '../layouts';
import type { Stat } from '../layouts';
import type { Host } from '../linux';
import { descriptorPath } from '../place';

/** More renames of others than this in the microseconds of an exchange are no accident. */
const RESTORE_ATTEMPTS = 16;

/** The name that is saved and the temporary ones beside it, in one directory. */
export class Names {
  readonly #host: Host;
  readonly #directory: number;
  readonly #name: Buffer;
  readonly #path: string;
  readonly #record: number;

  /**
   * @param directory its O_PATH descriptor, which the caller closes
   * @param record the place's number in temporary names
   */
  constructor(host: Host, directory: number, name: Buffer, path: string, record: number) {
    this.#host = host;
    this.#directory = directory;
    this.#name = name;
    this.#path = path;
    this.#record = record;
  }

  /** What the path leads to; `undefined`: nothing. */
  atPath(): Stat | undefined {
    try {
      return this.at(this.#name);
    } catch (thrown) {
      if (SystemError.is(thrown, 'ENOENT')) {
        return undefined;
      }
      throw thrown;
    }
  }

  at(name: Buffer): Stat {
    return this.#host.libc.statAt(this.#directory, name, AT_SYMLINK_NOFOLLOW, this.#path);
  }

  /** Gives the inode of a descriptor another name. */
  link(fd: number): Buffer {
    return withTemporaryName(this.#host, this.#record, (name) => {
      const from = Buffer.from(descriptorPath(fd));
      this.#host.libc.link(AT_FDCWD, from, this.#directory, name, AT_SYMLINK_FOLLOW, this.#path);
      return name;
    });
  }

  /** The path comes first: so watchers see a change; see `publish.ts`. */
  exchange(temporary: Buffer): void {
    this.#host.libc.rename(this.#directory, this.#name, temporary, RENAME_EXCHANGE, this.#path);
  }

  /**
   * What is at the temporary name goes back to the path, for what `expected` says. If in the meantime another program
   * took that one's place, its file is the newest and must win: it comes out at the temporary name, and is put back in
   * turn; what comes out then is what its owner had replaced.
   *
   * @throws SystemError; then what is at the temporary name may be somebody else's, and is nobody's to remove
   */
  restore(temporary: Buffer, expected: Stat): void {
    for (let attempt = 0; attempt < RESTORE_ATTEMPTS; attempt++) {
      const held = this.at(temporary);
      this.exchange(temporary);
      if (sameInode(this.at(temporary), expected)) {
        return;
      }
      expected = held;
    }
    throw new SystemError('renameat2', this.#path, 'EAGAIN');
  }

  /** Removes a temporary name if it leads to this inode. */
  remove(name: Buffer, inode: Stat): void {
    if (sameInode(this.at(name), inode)) {
      this.#host.libc.unlink(this.#directory, name, this.#path);
    }
  }
}
