import { closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { SystemError } from '../../core/errors';
import { system } from './errors';
import { FS_XFLAG_PROJINHERIT, O_PATH, O_TMPFILE, STATX_ATTR_ENCRYPTED } from './layouts';
import type { Libc } from './libc';
import type { Host } from './linux';
import { descriptorPath } from './place';
import type { Place } from './place';

/**
 * A folder of our own in which clones are made without a name, to be linked into the target's directory when they are
 * complete. Not in that directory itself: the kernel tells watchers of a directory of every change to a nameless file
 * that was created there, as a change to `#<inode>` (fs/namei.c, d_mark_tmpfile; VS Code's watcher passes it on).
 */
export interface Workshop {
  /** O_PATH. */
  readonly directory: number;
  readonly device: bigint;
  readonly mount: bigint;
}

/** `undefined` if the folder cannot be had, or the kernel cannot tell mounts apart (before Linux 5.8). */
export function openWorkshop(libc: Libc, folder: string): Workshop | undefined {
  try {
    system('mkdir', folder, () => mkdirSync(folder, { recursive: true, mode: 0o700 }));
    const directory = system('open', folder, () => openSync(folder, O_PATH | constants.O_DIRECTORY));
    const { device, mount } = libc.statDescriptor(directory, folder);
    return mount === undefined ? undefined : { directory, device, mount };
  } catch (thrown) {
    if (thrown instanceof SystemError) {
      return undefined;
    }
    throw thrown;
  }
}

/**
 * Whether a file that was made in the workshop can be linked into the directory of this place: linkat(2) refuses other
 * file systems, other mounts of the same one and other projects (EXDEV), and fscrypt other keys (EXDEV, EPERM).
 */
export function reaches({ libc, unreachable }: Host, workshop: Workshop, place: Place): boolean {
  const { device, inode, mount, attributes } = libc.statDescriptor(place.directory, place.path);
  return (
    !unreachable.has(`${device}:${inode}`) &&
    workshop.mount === mount &&
    workshop.device === device &&
    (attributes & STATX_ATTR_ENCRYPTED) === 0n &&
    !handsDownProject(libc, place)
  );
}

function handsDownProject(libc: Libc, { directory, path }: Place): boolean {
  try {
    // An O_PATH descriptor answers no ioctl.
    const fd = system('open', path, () =>
      openSync(descriptorPath(directory), constants.O_RDONLY | constants.O_DIRECTORY),
    );
    try {
      return ((libc.getExtended(fd, path)?.xflags ?? 0) & FS_XFLAG_PROJINHERIT) !== 0;
    } finally {
      closeSync(fd);
    }
  } catch (thrown) {
    // A directory that may be searched but not read: the link itself will tell.
    if (SystemError.is(thrown, 'EACCES')) {
      return false;
    }
    throw thrown;
  }
}

/**
 * A nameless inode, mode 0600; open(2), O_TMPFILE. `undefined` where the file system or the kernel has none; which errno
 * says so depends on both, see there.
 */
export function createNameless(workshop: Workshop, path: string): number | undefined {
  try {
    return system('create', path, () =>
      openSync(descriptorPath(workshop.directory), O_TMPFILE | constants.O_RDWR, 0o600),
    );
  } catch (thrown) {
    if (SystemError.is(thrown, 'EOPNOTSUPP', 'EISDIR', 'EINVAL', 'ENOENT', 'EACCES', 'EPERM', 'EROFS')) {
      return undefined;
    }
    throw thrown;
  }
}
