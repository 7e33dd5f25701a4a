import { lstatSync, type Stats } from 'node:fs';

/**
 * Whether a folder belongs to this user and nobody else may look into it. A symbolic link is none.
 *
 * @throws Node's errors of lstat(2), but ENOENT and ENOTDIR: then there is none
 */
export function isOurs(folder: string, uid: number): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  return found !== undefined && isOwn(found, uid);
}

/** The same, of what lstat(2) has found. */
export function isOwn(found: Stats, uid: number): boolean {
  return found.isDirectory() && found.uid === uid && (found.mode & 0o077) === 0;
}
