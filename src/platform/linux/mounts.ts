import { readdirSync } from 'node:fs';
import { SystemError } from '../../core/errors';
import { limits } from '../../core/limits';
import { mountsOf, onFileSystem, parseMounts } from '../../core/linux/proc';
import type { Mount } from '../../core/linux/proc';
import { system } from './errors';
import { readProc, readProcHead } from './gate/text';
import type { Host } from './linux';
import type { Place } from './place';

/** The number of a mount, which no other one of this kernel has, is at the beginning of its line. */
const HEAD = 16;

/**
 * Where the file of a place is mounted by itself, in any mount namespace that has a process, as the process sees it; for
 * `limits.search` at most. `/proc/<pid>/mountinfo` may be read of anybody's process (fs/proc_namespace.c), `ns/mnt` not: namespaces
 * are told apart by the mounts that they have. Never throws.
 */
export function mountsOfPlace({ libc }: Host, place: Place): readonly string[] {
  try {
    const { mount } = libc.statDescriptor(place.pin, place.path);
    const own = parseMounts(readProc('/proc/self/mountinfo')).value;
    const path = Buffer.from(place.path).toString('latin1');
    const file = mount === undefined ? undefined : onFileSystem(own, Number(mount), path);
    if (file === undefined) {
      return [];
    }
    const found = [...mountsOf(own, file)];
    const seen = new Set(own.map(({ id }) => id));
    const until = performance.now() + limits.search;
    for (const pid of system('readdir', '/proc', () => readdirSync('/proc'))) {
      if (performance.now() >= until) {
        break;
      }
      if (!/^\d+$/.test(pid)) {
        continue;
      }
      const others = unseenMounts(`/proc/${pid}/mountinfo`, seen);
      found.push(...mountsOf(others, file));
      for (const { id } of others) {
        seen.add(id);
      }
    }
    return [...new Set(found)].map((at) => Buffer.from(at, 'latin1').toString());
  } catch (thrown) {
    if (thrown instanceof SystemError) {
      return [];
    }
    throw thrown;
  }
}

/** The mounts of a process in a namespace that was not looked at; none of one that has ended. */
function unseenMounts(mountinfo: string, seen: ReadonlySet<number>): readonly Mount[] {
  try {
    const first = Number.parseInt(readProcHead(mountinfo, HEAD), 10);
    return seen.has(first) ? [] : parseMounts(readProc(mountinfo)).value;
  } catch (thrown) {
    if (thrown instanceof SystemError) {
      return [];
    }
    throw thrown;
  }
}
