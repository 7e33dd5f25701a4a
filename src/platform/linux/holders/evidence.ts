import type { Descriptor, Evidence } from '../../../core/holders/classify';
import { parseDescriptorFacts, parseMappedFiles, type DescriptorFacts } from '../../../core/linux/proc';
import type { Identity } from '../../../core/ports';
import { isAnotherFile, OwnMounts } from '../gate/mapped';
import { readProc, readProcAtOnce } from '../gate/text';
import { AT_FDCWD, AT_STATX_DONT_SYNC, O_PATH } from '../layouts';
import type { Libc } from '../libc';
import type { HolderCalls } from './calls';
import { unlessEnded, type Look } from './look';
import type { PinnedInode } from './pin';
import { scriptOf } from './scripts';

export interface Eyes {
  readonly libc: Libc;
  readonly calls: HolderCalls;
}

/** The pins of a pass, by what is asked for most. */
export class Wanted {
  /** Those that somebody has who is not told. */
  readonly untold = new Set<PinnedInode>();
  /** Our own descriptors that pin them: nobody uses a file by these. */
  readonly descriptors: ReadonlySet<number>;
  readonly #pins: readonly PinnedInode[];
  readonly #mounts = new OwnMounts();
  readonly #byInode = new Map<number, PinnedInode[]>();
  /** The inode numbers that maps write, where they are others. */
  readonly #mapped = new Set<number>();
  /** By what maps write; two subvolumes of btrfs may have files of one name there. Made when it is asked for. */
  #byMapping: Map<string, PinnedInode[]> | undefined;

  constructor(pins: readonly PinnedInode[]) {
    this.#pins = pins;
    this.descriptors = new Set(pins.flatMap(({ descriptor }) => descriptor ?? []));
    for (const pin of pins) {
      push(this.#byInode, pin.inodeNumber, pin);
      const mapped = pin.mappedNumber(this.#mounts);
      if (mapped !== pin.inodeNumber) {
        this.#mapped.add(mapped);
      }
    }
  }

  isInode(inode: number): boolean {
    return this.#byInode.has(inode);
  }

  isMapped(inode: number): boolean {
    return this.#byInode.has(inode) || this.#mapped.has(inode);
  }

  of({ device, inode }: Identity): readonly PinnedInode[] {
    const near = this.#byInode.get(Number(inode)) ?? [];
    return near.filter(({ identity }) => identity.inode === inode && identity.device === device);
  }

  ofMapping(file: string): readonly PinnedInode[] {
    this.#byMapping ??= this.#mappings();
    return this.#byMapping.get(file) ?? [];
  }

  #mappings(): Map<string, PinnedInode[]> {
    const byMapping = new Map<string, PinnedInode[]>();
    for (const pin of this.#pins) {
      push(byMapping, pin.mappedAs(this.#mounts), pin);
    }
    return byMapping;
  }
}

function push<K>(map: Map<K, PinnedInode[]>, key: K, pin: PinnedInode): void {
  const there = map.get(key);
  if (there === undefined) {
    map.set(key, [pin]);
  } else {
    there.push(pin);
  }
}

interface Gathered {
  readonly descriptors: Descriptor[];
  mapped: boolean;
  stores: boolean;
  named: boolean;
  /** A path at which the process has it. */
  at: string;
}

/** What a process has to do with each pin, asked anew; and a path at which the inode is to be had from the process. */
export function gatherEvidence(
  { libc, calls }: Eyes,
  look: Look,
  wanted: Wanted,
): ReadonlyMap<PinnedInode, Evidence & { readonly at: string }> {
  const gathered = new Map<PinnedInode, Gathered>();
  const of = (pin: PinnedInode): Gathered => {
    const there = gathered.get(pin) ?? { descriptors: [], mapped: false, stores: false, named: false, at: pin.path };
    gathered.set(pin, there);
    return there;
  };
  look.inodes.forEach((inode, index) => {
    const number = look.descriptors[index];
    if (number !== undefined && wanted.isInode(inode) && calls.isForUse(`${look.at}/fd/${number}`)) {
      const { identity, descriptor } = descriptorAt(libc, look, number) ?? {};
      for (const pin of identity === undefined ? [] : wanted.of(identity)) {
        if (descriptor === undefined) {
          wanted.untold.add(pin);
        } else {
          of(pin).descriptors.push(descriptor);
          of(pin).at = `${look.at}/fd/${number}`;
        }
      }
    }
  });
  for (const { pin, at, stores } of mappedPins(libc, look, wanted)) {
    of(pin).mapped = true;
    of(pin).stores ||= stores;
    of(pin).at = at;
  }
  for (const names of look.invocation?.scripts ?? []) {
    const script = scriptOf(libc, look.at, names);
    for (const pin of script === undefined ? [] : wanted.of(script)) {
      of(pin).named = true;
    }
  }
  return new Map(
    [...gathered].map(([pin, evidence]) => [pin, { ...evidence, invocation: look.invocation, size: pin.size() }]),
  );
}

/** Where a thread sleeps that waits for a child or a time; proc_pid_wchan(5). */
const WAITING: ReadonlySet<string> = new Set(['do_wait', 'hrtimer_nanosleep', 'do_nanosleep']);

/** `false` as well if the kernel does not say. */
function isWaiting(at: string): boolean {
  return WAITING.has(unlessEnded(() => readProcAtOnce(`${at}/wchan`)) ?? '');
}

/** `undefined`: it is closed by now, or uses nothing (O_PATH). Without `descriptor`: it is a guard's that has a lease through it. */
function descriptorAt(
  libc: Libc,
  { at, invocation }: Look,
  number: number,
): { readonly identity: Identity; readonly descriptor?: Descriptor } | undefined {
  const path = `${at}/fd/${number}`;
  const identity = identityAt(libc, path);
  const facts = factsOf(at, number);
  // A position before and after: it is the one at which the process waited in between.
  const waits = invocation !== undefined && isWaiting(at);
  const last = waits ? factsOf(at, number) : facts;
  // Its number may have been given to another file in between.
  const after = identityAt(libc, path);
  if (identity === undefined || identity.inode !== after?.inode || identity.device !== after.device) {
    return undefined;
  }
  if (facts === undefined || last?.flags === undefined || last.position === undefined) {
    return undefined;
  }
  const { flags, position, lease } = last;
  if ((flags & O_PATH) !== 0) {
    return undefined;
  }
  if (lease !== undefined) {
    return { identity };
  }
  return { identity, descriptor: { number, flags, position, waits: waits && position === facts.position } };
}

function factsOf(at: string, number: number): DescriptorFacts | undefined {
  const text = unlessEnded(() => readProcAtOnce(`${at}/fdinfo/${number}`));
  return text === undefined ? undefined : parseDescriptorFacts(text).value;
}

interface Mapped {
  readonly pin: PinnedInode;
  readonly stores: boolean;
  readonly at: string;
}

function mappedPins(libc: Libc, look: Look, wanted: Wanted): readonly Mapped[] {
  const found: Mapped[] = [];
  if (look.mapped.some((inode) => wanted.isMapped(inode))) {
    const maps = unlessEnded(() => readProc(`${look.at}/maps`)) ?? '';
    for (const { range, file, path, stores } of parseMappedFiles(maps, (inode) => wanted.isMapped(inode))) {
      // Whoever may, asks the kernel which file it is; otherwise the path must tell.
      const exact = `/proc/${look.pid}/map_files/${range}`;
      for (const pin of wanted.ofMapping(file)) {
        if (!isAnotherFile(libc, exact, pin.identity, true) && !isAnotherFile(libc, path, pin.identity)) {
          found.push({ pin, at: exact, stores });
        }
      }
    }
  }
  if (wanted.isInode(look.executableInode)) {
    const at = `${look.at}/exe`;
    const executable = identityAt(libc, at);
    found.push(...(executable === undefined ? [] : wanted.of(executable)).map((pin) => ({ pin, at, stores: false })));
  }
  return found;
}

function identityAt(libc: Libc, path: string): Identity | undefined {
  return unlessEnded(() => libc.statAt(AT_FDCWD, Buffer.from(path, 'latin1'), AT_STATX_DONT_SYNC, path));
}
