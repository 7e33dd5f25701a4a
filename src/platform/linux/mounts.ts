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
  return findMounts(host, place)?.found ?? [];
}

/**
 * The same, `undefined`: not all of it is known, though it was looked for now if it was not known before. Never throws.
 *
 * @param until when to give up, in milliseconds of the clock
 */
export function knownMountsOfPlace(
  host: Host,
  place: Place,
  until = performance.now() + limits.search,
): readonly string[] | undefined {
  const mounts = findMounts(host, place, { until });
  return mounts?.all === true ? mounts.found : undefined;
}

interface Found {
  readonly found: readonly string[];
  /** Every namespace was looked at. */
  readonly all: boolean;
}

/** @param whole what is known in part does not do: it is looked for until then */
function findMounts(host: Host, place: Place, whole?: { readonly until: number }): Found | undefined {
  try {
    const { mount } = host.libc.statDescriptor(place.pin, place.path);
    const { own, others, all } = allMounts(host, whole);
    const path = Buffer.from(place.path).toString('latin1');
    const file = mount === undefined ? undefined : onFileSystem(own, Number(mount), path);
    if (file === undefined) {
      return undefined;
    }
    const found = [own, ...others].flatMap((mounts) => mountsOf(mounts, file));
    return { found: [...new Set(found)].map((at) => Buffer.from(at, 'latin1').toString()), all };
  } catch (thrown) {
    if (thrown instanceof SystemError) {
      return undefined;
    }
    throw thrown;
  }
}

interface AllMounts {
  readonly own: readonly Mount[];
  /** Of each other namespace that was found. */
  readonly others: readonly (readonly Mount[])[];
  /** None was left out. */
  readonly all: boolean;
}

const known = new WeakMap<Host, { readonly all: AllMounts; readonly at: number }>();

/** @throws SystemError `/proc` cannot be read */
function allMounts(host: Host, whole?: { readonly until: number }): AllMounts {
  const last = known.get(host);
  if (last !== undefined && performance.now() - last.at < KNOWN && (last.all.all || !whole)) {
    return last.all;
  }
  const all = readAllMounts(whole?.until ?? performance.now() + limits.search);
  known.set(host, { all, at: performance.now() });
  return all;
}

/**
 * `/proc/<pid>/mountinfo` may be read of anybody's process (fs/proc_namespace.c), `ns/mnt` not:
 * namespaces are told apart by the mounts that they have.
 */
function readAllMounts(until: number): AllMounts {
  const own = parseMounts(readProc('/proc/self/mountinfo')).value;
  const others: (readonly Mount[])[] = [];
  const seen = new Set(own.map(({ id }) => id));
  let all = true;
  for (const pid of system('readdir', '/proc', () => readdirSync('/proc'))) {
    if (performance.now() >= until) {
      all = false;
      break;
    }
    if (!/^\d+$/.test(pid)) {
      continue;
    }
    const unseen = unseenMounts(`/proc/${pid}/mountinfo`, seen);
    if (unseen === undefined) {
      all = false;
      continue;
    }
    if (unseen.length > 0) {
      others.push(unseen);
    }
    for (const { id } of unseen) {
      seen.add(id);
    }
  }
  return { own, others, all };
}

/** The mounts of a process in a namespace that was not looked at; none of one that has ended. `undefined`: they cannot be read. */
function unseenMounts(mountinfo: string, seen: ReadonlySet<number>): readonly Mount[] | undefined {
  try {
    const first = Number.parseInt(readProcHead(mountinfo, HEAD), 10);
    return seen.has(first) ? [] : parseMounts(readProc(mountinfo)).value;
  } catch (thrown) {
    // A zombie has none: fs/proc_namespace.c, mounts_open_common.
    if (SystemError.is(thrown, 'ENOENT', 'ESRCH', 'EINVAL')) {
      return [];
    }
    if (thrown instanceof SystemError) {
      return undefined;
    }
    throw thrown;
  }
}
