import { fsync } from 'node:fs';
import { promisify } from 'node:util';
import { SystemError } from '../../core/errors';
import type { Identity, KeepOldName, Loss, Published, Staged } from '../../core/ports';
import { removeName, sameInode, untouched, withTemporaryName } from './clone';
import type { Clone } from './clone';
import { systemAsync } from './errors';
import { AT_FDCWD, AT_SYMLINK_FOLLOW, AT_SYMLINK_NOFOLLOW, RENAME_EXCHANGE } from './layouts';
import type { Stat } from './layouts';
import type { Host } from './linux';
import type { Noting } from './oldNames';
import { descriptorPath } from './place';
import type { Place } from './place';

const fsyncAsync = promisify(fsync);

/** More renames of others than this in the microseconds of a rename are no accident. */
const RESTORE_ATTEMPTS = 16;

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
  /** A temporary name that leads to the displaced inode, what the inode said under this name, and that it is to keep it. */
  #displaced: { readonly name: Buffer; readonly stat: Stat; readonly noting: Noting | undefined } | undefined;
  /** The displaced inode is to keep a name. */
  #keep: KeepOldName | undefined;
  /** `publish` may run once: a nameless inode that had a name and lost it can never be linked again (ENOENT). */
  #spent = false;

  constructor(host: Host, place: Place, clone: Clone, identity: Identity, examined: Stat, losses: readonly Loss[]) {
    this.#host = host;
    this.#place = place;
    this.#clone = clone;
    this.identity = identity;
    this.#examined = examined;
    this.losses = losses;
  }

  /**
   * fsync(2) on another thread. Goes on to its end if `close` is called meanwhile.
   *
   * @throws SystemError EIO, ENOSPC, EDQUOT; EBADF when closed before
   */
  async sync(): Promise<void> {
    this.#check('fsync');
    this.#clone.retain();
    try {
      await systemAsync('fsync', this.#place.path, () => fsyncAsync(this.#clone.fd));
    } finally {
      this.#clone.release();
    }
  }

  /**
   * @throws SystemError of linkat(2) and renameat2(2): EBUSY for a mount point, EPERM for a sealed file or a sticky
   *   directory, EACCES, EROFS; EINVAL if it was called before
   */
  publish(keep?: KeepOldName): Published {
    this.#check('publish');
    this.#keep = keep;
    if (this.#spent) {
      throw new SystemError('publish', this.#place.path, 'EINVAL');
    }
    this.#spent = true;
    const temporary = this.#nameClone();
    if (temporary === undefined) {
      return 'unreachable';
    }
    try {
      return this.#isAsExamined() ? this.#replace(temporary) : 'changed';
    } finally {
      // Published: the name is gone, or leads to the displaced inode, and is left alone here.
      removeName(this.#host, this.#place, temporary, () => this.#stagedInode());
    }
  }

  /** `undefined` if the workshop's file cannot be linked here after all; it is not used for this directory again. */
  #nameClone(): Buffer | undefined {
    try {
      return this.#clone.nameIt();
    } catch (thrown) {
      if (this.#clone.named || !SystemError.is(thrown, 'EXDEV', 'EPERM', 'ENOENT')) {
        throw thrown;
      }
      const { directory, path } = this.#place;
      const { device, inode } = this.#host.libc.statDescriptor(directory, path);
      this.#host.unreachable.add(`${device}:${inode}`);
      return undefined;
    }
  }

  close(): void {
    if (this.#clone.closed) {
      return;
    }
    this.#dropDisplaced();
    this.#clone.close();
  }

  #check(operation: string): void {
    if (this.#clone.closed) {
      throw new SystemError(operation, this.#place.path, 'EBADF');
    }
  }

  #replace(temporary: Buffer): Published {
    // Nothing is noted twice.
    if (this.#keep !== undefined && this.#host.withoutExchange.has(this.#examined.device)) {
      return this.#renameOver(temporary);
    }
    const noting = this.#note(temporary, () => this.#stagedInode().inode);
    let settled: Published | undefined;
    try {
      settled = this.#exchange(temporary) ? this.#settle(temporary, noting) : undefined;
    } finally {
      if (settled !== 'published') {
        noting?.drop();
      }
    }
    return settled ?? this.#renameOver(temporary);
  }

  /**
   * To be called before the displaced inode gets this name, if it is to keep it. `undefined`: it is not.
   *
   * @param clone the inode that the name leads to now; asked for only if something is noted
   */
  #note(name: Buffer, clone?: () => bigint): Noting | undefined {
    const { libc, oldNames } = this.#host;
    const keep = this.#keep;
    if (oldNames === undefined || keep === undefined) {
      return undefined;
    }
    const { directory, path } = this.#place;
    try {
      const folder = libc.statDescriptor(directory, path).inode;
      return oldNames.note(this.#place, name, this.#target(), clone?.(), folder, keep);
    } catch (thrown) {
      oldNames.refused(thrown);
      return undefined;
    }
  }

  /**
   * `false` where the file system or the kernel cannot: NFS, CIFS, some FUSE say EINVAL, Linux before 3.15 ENOSYS.
   *
   * The path comes first although an exchange has no direction: the kernel reports it as two moves, that of the first
   * name before that of the second (fs/namei.c, vfs_rename). Watchers then see the path go and come back, which they
   * take for a change. The other way round they see it come and go: VS Code's takes the save for nothing at all.
   */
  #exchange(temporary: Buffer): boolean {
    const { directory, name, path } = this.#place;
    try {
      this.#host.libc.rename(directory, name, temporary, RENAME_EXCHANGE, path);
      return true;
    } catch (thrown) {
      if (SystemError.is(thrown, 'EINVAL', 'ENOSYS')) {
        this.#host.withoutExchange.add(this.#examined.device);
        return false;
      }
      throw thrown;
    }
  }

  #settle(temporary: Buffer, noting: Noting | undefined): Published {
    const displaced = this.#statName(temporary);
    if (displaced !== undefined && sameInode(displaced, this.#target()) && this.#hasExaminedBytes(displaced)) {
      this.#clone.forgetName();
      this.#displaced = { name: temporary, stat: displaced, noting };
      this.#partWithDisplaced();
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
    let expected = this.#stagedInode();
    for (let attempt = 0; attempt < RESTORE_ATTEMPTS; attempt++) {
      const held = libc.statAt(directory, temporary, AT_SYMLINK_NOFOLLOW, path);
      libc.rename(directory, name, temporary, RENAME_EXCHANGE, path);
      const found = libc.statAt(directory, temporary, AT_SYMLINK_NOFOLLOW, path);
      if (sameInode(found, expected)) {
        libc.unlink(directory, temporary, path);
        this.#clone.forgetName();
        return;
      }
      expected = held;
    }
    // What is at the temporary name is somebody else's and not ours to remove.
    throw new SystemError('publish', path, 'EAGAIN');
  }

  /**
   * rename(2) over the path. The displaced inode gets a second name before, by which it is put back if it turns out to
   * have been rewritten. A file that a third program renames there in the microseconds after the check is lost: only
   * an exchange can prevent that. On a network file system the second name may be kept.
   */
  #renameOver(temporary: Buffer): Published {
    const { libc } = this.#host;
    const { directory, name, path } = this.#place;
    this.#linkDisplaced();
    try {
      const found = this.#statName(name);
      if (found === undefined || !sameInode(found, this.#target()) || !this.#hasExaminedBytes(found)) {
        return 'changed';
      }
      libc.rename(directory, temporary, name, 0, path);
      this.#clone.forgetName();
      const settled = this.#displaced === undefined ? 'published' : this.#settleRename(this.#displaced.name);
      if (settled === 'published') {
        this.#partWithDisplaced();
      }
      return settled;
    } finally {
      this.#dropDisplaced();
    }
  }

  #settleRename(second: Buffer): Published {
    const { directory, name, path } = this.#place;
    // Asked by name: a FUSE daemon that works with paths does not know the pinned inode any more (bindfs: ENOENT).
    const displaced = this.#statName(second);
    if (displaced === undefined || this.#hasExaminedBytes(displaced)) {
      return 'published';
    }
    const found = this.#statName(name);
    if (found !== undefined && sameInode(found, this.#stagedInode())) {
      this.#host.libc.rename(directory, second, name, 0, path);
      this.#displaced?.noting?.drop();
      this.#displaced = undefined;
    }
    return 'changed';
  }

  /**
   * There is no second name where there are no hard links, and with fs.protected_hardlinks; proc_sys_fs(5). ENOSYS: a FUSE daemon without
   * a handler for link (libfuse's default).
   */
  #linkDisplaced(): void {
    const { pin, directory, path, record } = this.#place;
    try {
      withTemporaryName(this.#host, record, (name) => {
        const noting = this.#note(name);
        try {
          const from = Buffer.from(descriptorPath(pin));
          this.#host.libc.link(AT_FDCWD, from, directory, name, AT_SYMLINK_FOLLOW, path);
        } catch (thrown) {
          noting?.drop();
          throw thrown;
        }
        try {
          // Under the new name the inode may have other numbers: FUSE.
          this.#displaced = { name, stat: this.#statName(name) ?? this.#target(), noting };
        } catch (thrown) {
          // It is there, and what it leads to is not known here: whoever finds it due looks again.
          noting?.stays();
          throw thrown;
        }
      });
    } catch (thrown) {
      if (!SystemError.is(thrown, 'EPERM', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'ENOENT', 'EXDEV')) {
        throw thrown;
      }
      if (this.#keep !== undefined) {
        this.#host.oldNames?.refused(thrown);
      }
    }
  }

  /** The displaced inode keeps its name for a while, or goes. */
  #partWithDisplaced(): void {
    const noting = this.#displaced?.noting;
    if (noting === undefined) {
      this.#dropDisplaced();
    } else {
      this.#displaced = undefined;
      noting.stays();
    }
  }

  #dropDisplaced(): void {
    const displaced = this.#displaced;
    if (displaced !== undefined) {
      removeName(this.#host, this.#place, displaced.name, () => displaced.stat);
      // After the name: without a note it is a leftover.
      displaced.noting?.drop();
      this.#displaced = undefined;
    }
  }

  /** The path leads to the target, and nobody has touched it: not its bytes, not its metadata. */
  #isAsExamined(): boolean {
    const now = this.#target();
    const found = this.#statName(this.#place.name);
    return found !== undefined && sameInode(found, now) && untouched(this.#examined, now);
  }

  #hasExaminedBytes(now: Stat): boolean {
    return now.size === this.#examined.size && now.mtime === this.#examined.mtime;
  }

  #statName(name: Buffer): Stat | undefined {
    const { directory, path } = this.#place;
    try {
      return this.#host.libc.statAt(directory, name, AT_SYMLINK_NOFOLLOW, path);
    } catch (thrown) {
      if (SystemError.is(thrown, 'ENOENT')) {
        return undefined;
      }
      throw thrown;
    }
  }

  /**
   * The pinned inode as it is now. Names are compared with this and not with what it said at first: overlayfs gives a
   * file of a lower layer new numbers when it is copied up, which a rename does.
   */
  #target(): Stat {
    return this.#host.libc.statDescriptor(this.#place.pin, this.#place.path);
  }

  #stagedInode(): Stat {
    return this.#host.libc.statDescriptor(this.#clone.fd, this.#place.path);
  }
}
