import { createHash } from 'node:crypto';
import { digestInto } from '../../digest';
import { systemAsync } from '../errors';
import type { Libc } from '../libc';
import { readMetadata } from '../metadata';

/**
 * Of an inode's bytes, owner, group, permissions and attributes.
 *
 * @param fd open for reading
 * @throws SystemError of read(2), statx(2), flistxattr(2), fgetxattr(2); the signal's reason
 */
export async function fingerprint(libc: Libc, fd: number, path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  await systemAsync('read', path, () => digestInto(hash, fd, signal));
  const { stat, attributes } = readMetadata(libc, fd, libc.statDescriptor(fd, path), path);
  const named = [...attributes].sort(([one], [other]) => (one < other ? -1 : 1));
  const texts = named.map(([name, value]) => [name, value.toString('latin1')]);
  return hash.update(JSON.stringify([stat.mode, stat.uid, stat.gid, texts])).digest('base64');
}
