import { fsync } from 'node:fs';
import { promisify } from 'node:util';
import { SystemError } from '../../core/errors.js';
import type { Identity, Loss, Published, Staged } from '../../core/ports.js';
import { removeName, sameInode, withTemporaryName } from './clone.js';
import type { Clone } from './clone.js';
import { systemAsync } from './errors.js';
import { AT_FDCWD, AT_SYMLINK_FOLLOW, AT_SYMLINK_NOFOLLOW, RENAME_EXCHANGE } from './layouts.js';
import type { Stat } from './layouts.js';
import type { Host } from './linux.js';
import { descriptorPath } from './place.js';
import type { Place } from './place.js';

const fsyncAsync = promisify(fsync);

/** More renames of others than this in the microseconds of a rename are no accident. */
const RESTORE_ATTEMPTS = 16;

/**
 * How the clone gets to the path. `exchange` can be taken back completely when somebody else was quicker. VS Code's
 * watcher reports `create` for a rename and nothing for an exchange.
 */
function preferredWay(): 'exchange' | 'rename' {
  return 'exchange';
}

/**
 * A clone that waits to be published:
 *
 *     staged → published     the clone is at the path; the displaced inode lives on with its holders
 *     staged → staged        `changed`, or an error: everything is as it was, `close` is all that is left to do
 *     any    → closed
 *
 * The check before the rename makes a foreign change cheap to find, the check after it makes it certain: whatever was
 * displaced has a name until it is known to be the inode that was examined.
 */
export class StagedClone implements Staged {
  readonly identity: Identity;
  readonly losses: readonly Loss[];
  readonly #host: Host;
  readonly #place: Place;
  readonly #clone: Clone;
  readonly #examined: Stat;
  /** A temporary name that leads to the displaced inode. */
  #displaced: Buffer | undefined;
  /** `publish` may run once: a nameless inode that had a name and lost it can never be linked again (ENOENT). */
  #spent = false;

  constructor(
    host: Host, place: Place, clone: Clone, identity: Identity, examined: Stat, losses: readonly Loss[],
  ) {
    this.#host = host;
    this.#place = place;
    this.#clone = clone;
    this.identity = identity;
    this.#examined = examined;
    this.losses = losses;
  }

  /** fsync(2) on another thread. @throws SystemError EIO, ENOSPC, EDQUOT; EBADF when closed */
  async sync(): Promise<void> {
    this.#check('fsync');
    await systemAsync('fsync', this.#place.path, () => fsyncAsync(this.#clone.fd));
  }

  /**
   * @throws SystemError of linkat(2) and renameat2(2): EBUSY for a mount point, EPERM for a sealed file or a sticky
   *   directory, EACCES, EROFS; EINVAL if it was called before
   */
  publish(): Published {
    this.#check('publish');
    if (this.#spent) {
      throw new SystemError('publish', this.#place.path, 'EINVAL');
    }
    this.#spent = true;
    const temporary = this.#clone.nameIt();
    try {
      return this.#isAsExamined() ? this.#replace(temporary) : 'changed';
    } finally {
      // Published: the name is gone, or leads to the displaced inode, and is left alone here.
      removeName(this.#host, this.#place, temporary, this.#clone.fd);
    }
  }

  close(): void {
    if (this.#clone.closed) {
      return;
    }
    if (this.#displaced !== undefined) {
      removeName(this.#host, this.#place, this.#displaced, this.#place.pin);
    }
    this.#clone.close();
  }

  #check(operation: string): void {
    if (this.#clone.closed) {
      throw new SystemError(operation, this.#place.path, 'EBADF');
    }
  }

  #replace(temporary: Buffer): Published {
    return preferredWay() === 'exchange' && this.#exchange(temporary)
      ? this.#settle(temporary)
      : this.#renameOver(temporary);
  }

  /** `false` where the file system or the kernel cannot: NFS, CIFS, some FUSE say EINVAL, Linux before 3.15 ENOSYS. */
  #exchange(temporary: Buffer): boolean {
    const { directory, name, path } = this.#place;
    try {
      this.#host.libc.rename(directory, temporary, name, RENAME_EXCHANGE, path);
      return true;
    } catch (thrown) {
      if (SystemError.is(thrown, 'EINVAL', 'ENOSYS')) {
        return false;
      }
      throw thrown;
    }
  }

  #settle(temporary: Buffer): Published {
    if (this.#leadsToTarget(temporary) && this.#hasExaminedBytes()) {
      this.#clone.forgetName();
      this.#displaced = temporary;
      this.#dropDisplaced();
      return 'published';
    }
    this.#restore(temporary);
    return 'changed';
  }

  /**
   * Somebody else's file, or the target with new bytes, is at the temporary name and the clone at the path. Puts it
   * back. If in the meantime yet another one took the clone's place, that one is the newest and must win: it comes out
   * at the temporary name, and is put back in turn; what it replaced then is what its owner had replaced.
   */
  #restore(temporary: Buffer): void {
    const { libc } = this.#host;
    const { directory, name, path } = this.#place;
    let expected = libc.statDescriptor(this.#clone.fd, path);
    for (let attempt = 0; attempt < RESTORE_ATTEMPTS; attempt++) {
      const held = libc.statAt(directory, temporary, AT_SYMLINK_NOFOLLOW, path);
      libc.rename(directory, temporary, name, RENAME_EXCHANGE, path);
      const found = libc.statAt(directory, temporary, AT_SYMLINK_NOFOLLOW, path);
      if (sameInode(found, expected)) {
        libc.unlink(directory, temporary, path);
        this.#clone.forgetName();
        return;
      }
      expected = held;
    }
    // What is at the temporary name is somebody else's and not ours to remove.
    throw new SystemError('publish', path, 'EBUSY');
  }

  /**
   * rename(2) over the path. The displaced inode gets a second name before, by which it is put back if it turns out to
   * have been rewritten. A file that a third program renames there in the microseconds after the check is lost: only
   * an exchange can prevent that.
   */
  #renameOver(temporary: Buffer): Published {
    const { libc } = this.#host;
    const { directory, name, path } = this.#place;
    this.#displaced = this.#linkDisplaced();
    try {
      if (!this.#leadsToTarget(name) || !this.#hasExaminedBytes()) {
        return 'changed';
      }
      libc.rename(directory, temporary, name, 0, path);
      this.#clone.forgetName();
      if (this.#displaced !== undefined && !this.#hasExaminedBytes()) {
        const found = libc.statAt(directory, name, AT_SYMLINK_NOFOLLOW, path);
        if (sameInode(found, libc.statDescriptor(this.#clone.fd, path))) {
          libc.rename(directory, this.#displaced, name, 0, path);
          this.#displaced = undefined;
        }
        return 'changed';
      }
      return 'published';
    } finally {
      this.#dropDisplaced();
    }
  }

  /** `undefined` where there can be no second name: no hard links, or fs.protected_hardlinks (proc_sys_fs(5)). */
  #linkDisplaced(): Buffer | undefined {
    const { pin, directory, path } = this.#place;
    try {
      return withTemporaryName(this.#host, second => {
        const from = Buffer.from(descriptorPath(pin));
        this.#host.libc.link(AT_FDCWD, from, directory, second, AT_SYMLINK_FOLLOW, path);
        return second;
      });
    } catch (thrown) {
      if (SystemError.is(thrown, 'EPERM', 'EOPNOTSUPP', 'EMLINK', 'ENOENT', 'EXDEV')) {
        return undefined;
      }
      throw thrown;
    }
  }

  #dropDisplaced(): void {
    if (this.#displaced !== undefined) {
      removeName(this.#host, this.#place, this.#displaced, this.#place.pin);
    }
  }

  /** The path leads to the target, and nobody has touched it: not its bytes, not its metadata. */
  #isAsExamined(): boolean {
    const now = this.#target();
    return now.ctime === this.#examined.ctime && this.#hasExaminedBytes() && this.#leadsToTarget(this.#place.name);
  }

  #hasExaminedBytes(): boolean {
    const now = this.#target();
    return now.size === this.#examined.size && now.mtime === this.#examined.mtime;
  }

  /**
   * Compared with what the pinned inode says now, not with what it said at first: overlayfs gives a file of a lower
   * layer new numbers when it is copied up, which a rename does.
   */
  #leadsToTarget(name: Buffer): boolean {
    const { directory, path } = this.#place;
    try {
      return sameInode(this.#host.libc.statAt(directory, name, AT_SYMLINK_NOFOLLOW, path), this.#target());
    } catch (thrown) {
      if (SystemError.is(thrown, 'ENOENT')) {
        return false;
      }
      throw thrown;
    }
  }

  #target(): Stat {
    return this.#host.libc.statDescriptor(this.#place.pin, this.#place.path);
  }
}
