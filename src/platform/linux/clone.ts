import { constants, openSync } from 'node:fs';
import { SystemError } from '../../core/errors';
import { system } from './errors';
import { AT_FDCWD, AT_SYMLINK_FOLLOW, AT_SYMLINK_NOFOLLOW } from './layouts';
import type { Stat } from './layouts';
import type { Host } from './linux';
import { closeQuietly, descriptorPath, pathBelow } from './place';
import type { Place } from './place';
import { createNameless, reaches } from './workshop';

/** More collisions than this are no accident. */
const NAME_ATTEMPTS = 64;

/** Same inode, as long as both are pinned. */
export function sameInode(one: Stat, other: Stat): boolean {
  return one.device === other.device && one.inode === other.inode;
}

/**
 * Same bytes, same metadata and as many names, as far as the kernel tells: nobody has touched the inode between the two looks. Of a
 * name that came within a tick of an earlier change, the times of older kernels do not tell.
 */
export function untouched(before: Stat, now: Stat): boolean {
  return (
    before.size === now.size && before.mtime === now.mtime && before.ctime === now.ctime && before.links === now.links
  );
}

/** Calls `attempt` with new temporary names on the way to a place until one is not taken. */
export function withTemporaryName<T>(host: Host, record: Place['record'], attempt: (name: Buffer) => T): T {
  for (let round = 1; ; round++) {
    try {
      return attempt(host.temporaryName(record));
    } catch (thrown) {
      if (round === NAME_ATTEMPTS || !SystemError.is(thrown, 'EEXIST')) {
        throw thrown;
      }
    }
  }
}

/** The inode that is to be published: its descriptor, and the temporary name it has, if it has one. */
export class Clone {
  readonly fd: number;
  readonly #host: Host;
  readonly #place: Place;
  #name: Buffer | undefined;
  #closed = false;
  #users = 1;

  private constructor(host: Host, place: Place, fd: number, name: Buffer | undefined) {
    this.#host = host;
    this.#place = place;
    this.fd = fd;
    this.#name = name;
    place.retain();
  }

  /**
   * A new empty inode, mode 0600. `apart`: nameless, in the workshop; `undefined` where that cannot be. `beside`: in the
   * target's directory, with a temporary name.
   */
  static create(host: Host, place: Place, where: 'apart' | 'beside'): Clone | undefined {
    if (where === 'apart') {
      const { workshop } = host;
      if (workshop === undefined || !reaches(host, workshop, place)) {
        return undefined;
      }
      const nameless = createNameless(workshop, place.path);
      return nameless === undefined ? undefined : new Clone(host, place, nameless, undefined);
    }
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    return withTemporaryName(host, place.record, (name) => {
      host.record?.begins(name);
      const fd = system('create', place.path, () => openSync(pathBelow(place.directory, name), flags, 0o600));
      return new Clone(host, place, fd, name);
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Gives the inode a name in the directory if it has none: linkat(2) of `/proc/self/fd`, as open(2) shows. */
  nameIt(): Buffer {
    this.#name ??= withTemporaryName(this.#host, this.#place.record, (name) => {
      const from = Buffer.from(descriptorPath(this.fd));
      this.#host.libc.link(AT_FDCWD, from, this.#place.directory, name, AT_SYMLINK_FOLLOW, this.#place.path);
      return name;
    });
    return this.#name;
  }

  get named(): boolean {
    return this.#name !== undefined;
  }

  get name(): Buffer | undefined {
    return this.#name;
  }

  /** The temporary name is not this inode's any more. */
  forgetName(): void {
    this.#name = undefined;
  }

  /** Keeps the descriptor open beyond `close` until `release`: its number must not be another file's in the meantime. */
  retain(): void {
    this.#users += 1;
  }

  release(): void {
    this.#users -= 1;
    if (this.#users === 0) {
      closeQuietly(this.fd);
      this.#place.release();
    }
  }

  /** Closes the descriptor, and removes the temporary name if it still is this inode's. Never throws; again: nothing. */
  close(): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    if (this.#name !== undefined) {
      removeName(this.#host, this.#place, this.#name, () => this.#host.libc.statDescriptor(this.fd, this.#place.path));
    }
    this.release();
  }
}

/**
 * Removes a temporary name if it leads to the inode that `identify` tells. Never throws: a name that cannot be removed now is
 * not the user's, as its name tells.
 */
export function removeName(host: Host, place: Place, name: Buffer, identify: () => Stat): void {
  try {
    const { libc } = host;
    const found = libc.statAt(place.directory, name, AT_SYMLINK_NOFOLLOW, place.path);
    if (sameInode(found, identify())) {
      libc.unlink(place.directory, name, place.path);
    }
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) {
      throw thrown;
    }
  }
}
