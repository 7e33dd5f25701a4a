import { closeSync, openSync } from 'node:fs';
import { SystemError } from '../../../core/errors';
import { limits } from '../../../core/limits';
import type { FoundName, NameSystem, OldInode, Target } from '../../../core/ports';
import { isSameIdentity, type Separation } from '../../../core/separation';
import { sameInode } from '../clone';
import { system } from '../errors';
import { AT_SYMLINK_NOFOLLOW, O_PATH, S_IFMT, S_IFREG } from '../layouts';
import type { Host } from '../linux';
import { fingerprint } from './fingerprint';
import { openOldInode } from './oldInode';
import { NameSearch } from './search';

const neverAborted = new AbortController().signal;

/** @param searchFor milliseconds */
export function openNameSystem(host: Host, searchFor: number = limits.joinSearch): NameSystem {
  return {
    separation: (target) => separation(host, target),
    isSeparated: (path, from) => isSeparated(host, path, from),
    open: (name: FoundName): OldInode | undefined => openOldInode(host, name),
    async find(wanted, near, below, signal) {
      const search = new NameSearch(host, wanted, searchFor, signal);
      await search.in(near);
      for (const folder of [...below, near]) {
        await search.below(folder);
      }
      return { names: search.found, late: search.late };
    },
  };
}

/** @throws SystemError of open(2), read(2), statx(2), flistxattr(2), fgetxattr(2) */
async function separation(host: Host, target: Target): Promise<Separation | undefined> {
  const { libc } = host;
  // As it was examined: overlayfs gives an inode other numbers when it is displaced.
  const { identity, born, size, mtime, links, realPath } = target.facts;
  if (leadsTo(host, target)) {
    return undefined;
  }
  return target.read(async (fd) => ({
    identity,
    born,
    size,
    mtime,
    fingerprint: await fingerprint(libc, fd, realPath, neverAborted),
    otherNames: Number(links) - 1,
  }));
}

function leadsTo({ libc }: Host, { place, handed }: Target): boolean {
  try {
    const found = libc.statAt(place.directory, Buffer.from(place.name), AT_SYMLINK_NOFOLLOW, place.path);
    return sameInode(found, libc.statDescriptor(handed.descriptor, place.path));
  } catch (thrown) {
    if (SystemError.is(thrown, 'ENOENT')) {
      return false;
    }
    throw thrown;
  }
}

/** @throws SystemError of open(2), but for ENOENT */
function isSeparated({ libc }: Host, path: string, from: readonly Separation[]): boolean {
  let fd: number;
  try {
    fd = system('open', path, () => openSync(path, O_PATH));
  } catch (thrown) {
    if (SystemError.is(thrown, 'ENOENT')) {
      return false;
    }
    throw thrown;
  }
  try {
    const { mode, device, inode } = libc.statDescriptor(fd, path);
    return (mode & S_IFMT) === S_IFREG && from.some(({ identity }) => !isSameIdentity(identity, { device, inode }));
  } finally {
    closeSync(fd);
  }
}
