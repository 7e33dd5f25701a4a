import { SystemError } from '../../core/errors';
import { mountType } from '../../core/linux/proc';
import type { Remote } from '../../core/ports';
import { readProc } from './gate/text';
import { FUSE, NETWORK_FILE_SYSTEMS, NETWORK_FUSE } from './layouts';

/**
 * Whether other machines may have a file open, by what its file system is. FUSE does not say by itself; one of which not even the mount is
 * known (before Linux 5.8) is taken for a network file system.
 *
 * @param type `f_type` of statfs(2)
 * @param mount the number of the mount that the file was reached through
 */
export function remoteOf(type: bigint, mount: bigint | undefined): Remote | undefined {
  const fileSystem = BigInt.asUintN(32, type);
  if (fileSystem === FUSE) return isNetworkFuse(mount) ? { fileSystem, lastingNumbers: false } : undefined;
  const known = NETWORK_FILE_SYSTEMS.get(fileSystem);
  return known && { fileSystem, lastingNumbers: known.lastingNumbers };
}

function isNetworkFuse(mount: bigint | undefined): boolean {
  if (mount === undefined) return true;
  try {
    const found = mountType(readProc('/proc/self/mountinfo'), mount);
    return found === undefined || NETWORK_FUSE.has(found);
  } catch (thrown) {
    if (thrown instanceof SystemError) return true;
    throw thrown;
  }
}
