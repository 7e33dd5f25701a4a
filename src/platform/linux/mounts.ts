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

/** So long (milliseconds) it is not looked again where everything is mounted: saving or editing many files at once asks for each of them. */
const KNOWN = 100;

/**
 * Where the file of a place is mounted by itself, in any mount namespace that has a process, as the process sees it. Of some
 * milliseconds ago: whoever mounts and saves at once was not waited for before either. Never throws.
 */
export function mountsOfPlace(host: Host, place: Place): readonly string[] {
  try {
    const { mount } = host.libc.statDescriptor(place.pin, place.path);
    const { own, others } = allMounts(host);
    const path = Buffer.from(place.path).toString('latin1');
    const file = mount === undefined ? undefined : onFileSystem(own, Number(mount), path);
    if (file === undefined) {
      return [];
    }
    const found = [own, ...others].flatMap((mounts) => mountsOf(mounts, file));
    return [...new Set(found)].map((at) => Buffer.from(at, 'latin1').toString());
  } catch (thrown) {
    if (thrown instanceof SystemError) {
      return [];
    }
    throw thrown;
  }
}

interface AllMounts {
  readonly own: readonly Mount[];
  /** Of each other namespace that was found. */
  readonly others: readonly (readonly Mount[])[];
}

const known = new WeakMap<Host, { readonly all: AllMounts; readonly at: number }>();

/** @throws SystemError `/proc` cannot be read */
function allMounts(host: Host): AllMounts {
  const last = known.get(host);
  if (last !== undefined && performance.now() - last.at < KNOWN) {
    return last.all;
  }
  const all = readAllMounts();
  known.set(host, { all, at: performance.now() });
  return all;
}

/**
 * Looks for `limits.search` at most. `/proc/<pid>/mountinfo` may be read of anybody's process (fs/proc_namespace.c), `ns/mnt` not:
 * namespaces are told apart by the mounts that they have.
 */
function readAllMounts(): AllMounts {
  const own = parseMounts(readProc('/proc/self/mountinfo')).value;
  const others: (readonly Mount[])[] = [];
  const seen = new Set(own.map(({ id }) => id));
  const until = performance.now() + limits.search;
  for (const pid of system('readdir', '/proc', () => readdirSync('/proc'))) {
    if (performance.now() >= until) {
      break;
    }
    if (!/^\d+$/.test(pid)) {
      continue;
    }
    const unseen = unseenMounts(`/proc/${pid}/mountinfo`, seen);
    if (unseen.length > 0) {
      others.push(unseen);
    }
    for (const { id } of unseen) {
      seen.add(id);
    }
  }
  return { own, others };
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
