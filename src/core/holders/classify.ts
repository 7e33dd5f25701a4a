import type { Invocation } from './commandLine';
import type { Harm, ReadUpTo } from './holder';
import type { OwnDescriptors, Reading } from './interpreters';

/** A descriptor of the inode; neither O_PATH nor one that has a lease. */
export interface Descriptor {
  readonly number: number;
  /** Of open(2). */
  readonly flags: number;
  /** Bytes from the beginning. */
  readonly position: number;
  /** With this position, the process waits for a child or for a time. */
  readonly waits: boolean;
}

/** What one look at a process has found out about one inode. */
export interface Evidence {
  /** Of an interpreter. */
  readonly invocation: Invocation | undefined;
  readonly descriptors: readonly Descriptor[];
  /** It is mapped, or the executable. */
  readonly mapped: boolean;
  /** What it stores into a mapping gets to the file. */
  readonly stores: boolean;
  /** A script that the command line names is this inode. */
  readonly named: boolean;
  /** Bytes of the inode. */
  readonly size: number;
}

export interface Verdict {
  readonly harm: Harm;
  readonly read?: ReadUpTo;
  readonly writes?: true;
}

const O_ACCMODE = 0o3;
const O_RDONLY = 0;
const O_CLOEXEC = 0o2000000;

/** Where a script can be in a shell that began with another one, or with none. */
const LOWEST_OWN = 10;

/**
 * What an in-place edit of the inode would do to the process, the worst if there is more than one. `undefined`: it does not use it. An interpreter that keeps its
 * script open and does not have this inode open runs another one, whatever its command line's path leads to by now.
 */
export function classify(evidence: Evidence): Verdict | undefined {
  const { invocation, descriptors, mapped, stores, named, size } = evidence;
  const read = descriptors.flatMap((descriptor) => {
    const by = readBy(readingThrough(descriptor, evidence), descriptor, evidence.size);
    return by === undefined ? [] : [{ offset: descriptor.position, by }];
  });
  if (read.length > 0) {
    // What it will execute first is behind the least position.
    const { offset, by } = read.reduce((least, one) => (one.offset < least.offset ? one : least));
    return { harm: 'readsAsItRuns', ...(by === 'notToBeSeen' ? {} : { read: { offset, by } }) };
  }
  if (mapped) {
    const writes = stores || descriptors.some(({ flags }) => (flags & O_ACCMODE) !== O_RDONLY);
    return { harm: 'mapped', ...(writes ? { writes } : {}) };
  }
  if (descriptors.length > 0) {
    const hasAll = descriptors.every(
      (descriptor) => readingThrough(descriptor, evidence) === 'whole' && descriptor.position >= size,
    );
    return { harm: hasAll ? 'loaded' : 'open' };
  }
  return named && invocation?.interpreter.named === 'closed' ? { harm: 'loaded' } : undefined;
}

/**
 * A shell that goes back before it makes a child is where it went back to while it waits for that; at other times, in a command of its own, it may have
 * read ahead of what it will execute, and will read that anew. (In `wait`, of which nothing shows, it may have, too.)
 */
function readBy(
  reading: Reading | undefined,
  { position, waits }: Descriptor,
  size: number,
): ReadUpTo['by'] | 'notToBeSeen' | undefined {
  switch (reading) {
    case 'command':
    case 'block':
      return reading;
    case 'sought':
      return waits && position < size ? 'command' : 'notToBeSeen';
    case 'whole':
    case 'closed':
    case undefined:
      return undefined;
  }
}

/** How a script is read through this descriptor; `undefined`: it is any file. */
function readingThrough(
  descriptor: Descriptor,
  { invocation, named }: Pick<Evidence, 'invocation' | 'named'>,
): Reading | undefined {
  if (invocation === undefined) {
    return undefined;
  }
  const { interpreter, fromInput } = invocation;
  const { own } = interpreter;
  if (fromInput && descriptor.number === 0) {
    return interpreter.input;
  }
  if (own === undefined) {
    return undefined;
  }
  // Its standard input is there while a command has another one. bash takes a lower one than 255 where that is beyond its limit.
  const anywhere: OwnDescriptors = { ...own, from: Math.min(own.from, LOWEST_OWN), to: Infinity };
  if (!isOwn(descriptor, fromInput || named ? anywhere : own)) {
    return undefined;
  }
  // Nobody keeps a script open of which nothing was read: that is a file that the script has just opened.
  return named || descriptor.position > 0 ? (fromInput ? interpreter.input : interpreter.named) : undefined;
}

function isOwn({ number, flags }: Descriptor, { from, to, closeOnExec }: OwnDescriptors): boolean {
  return (
    (flags & O_ACCMODE) === O_RDONLY && number >= from && number <= to && (!closeOnExec || (flags & O_CLOEXEC) !== 0)
  );
}
