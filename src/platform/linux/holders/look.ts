import { readdirSync } from 'node:fs';
import { SystemError } from '../../../core/errors';
import { invocationOf, type Invocation } from '../../../core/holders/commandLine';
import { mayRunScripts } from '../../../core/holders/interpreters';
import { parseCommandLine, parseMappedFiles, parseProcess, type ProcessFacts } from '../../../core/linux/proc';
import { errnoName, system } from '../errors';
import { readProc, readProcAtOnce } from '../gate/text';
import type { HolderCalls } from './calls';

/**
 * What one look at a process has seen: which inodes it may have, by number only. It proves nothing; what is told of a process is asked of it anew.
 */
export interface Look {
  readonly pid: number;
  /** Where in `/proc` its descriptors are: those of another thread if the first one has ended. */
  readonly at: string;
  readonly started: number;
  /** It has one thread, which was not on a processor. */
  readonly asleep: boolean;
  readonly invocation: Invocation | undefined;
  readonly executableInode: number;
  /** The numbers of descriptors of regular files, and the inodes of the same. */
  readonly descriptors: readonly number[];
  readonly inodes: readonly number[];
  readonly mapped: readonly number[];
}

/** A process of which nothing is to be told: `closed` to us, a thread of the `kernel`, or `gone`. */
export type Unseen = 'closed' | 'kernel' | 'gone';

/**
 * @param besides descriptors that need not be looked at
 * @throws SystemError of reading what is there: EMFILE and the like
 */
export function lookAt(calls: HolderCalls, pid: number, besides: ReadonlySet<number>): Look | Unseen {
  const facts = readProcess(pid);
  if (facts?.kernel === true) {
    return 'kernel';
  }
  const at = facts === undefined ? undefined : placeOf(pid, facts);
  if (facts === undefined || at === undefined) {
    return 'gone';
  }
  const executable = calls.linkAt(`${at}/exe`);
  if ('errno' in executable) {
    return unseenBecause(errnoName(executable.errno), `${at}/exe`, 'readlink');
  }
  try {
    return {
      pid,
      at,
      started: facts.started,
      asleep: facts.threads === 1 && facts.state !== 'R',
      invocation: readInvocation(at, executable.path),
      executableInode: calls.inodeAt(`${at}/exe`),
      ...descriptorsAt(calls, at, besides),
      mapped: mappedAt(at),
    };
  } catch (thrown) {
    if (thrown instanceof SystemError) {
      return unseenBecause(thrown.errno, thrown.path, thrown.operation);
    }
    throw thrown;
  }
}

/** `undefined`: there is none. */
export function readProcess(pid: number): ProcessFacts | undefined {
  return unlessEnded(() => parseProcess(readProcAtOnce(`/proc/${pid}/stat`)).value);
}

/** The end of a process is no error; anything else is: what cannot be asked must not look like nothing. */
export function unlessEnded<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (thrown) {
    if (SystemError.is(thrown, 'ENOENT', 'ESRCH')) {
      return undefined;
    }
    throw thrown;
  }
}

/** The base name of an executable; the kernel marks one that has no name any more. */
export function programName(executable: string): string {
  return executable.slice(executable.lastIndexOf('/') + 1).replace(/ \(deleted\)$/, '');
}

function unseenBecause(errno: string, path: string, operation: string): Unseen {
  switch (errno) {
    case 'EACCES':
    case 'EPERM':
      return 'closed';
    case 'ENOENT':
    case 'ESRCH':
      return 'gone';
    default:
      throw new SystemError(operation, path, errno);
  }
}

/** The first thread may end before the others; what they share is then to be seen with them only. */
function placeOf(pid: number, { state, threads }: ProcessFacts): string | undefined {
  if (state !== 'Z' && state !== 'X') {
    return `/proc/${pid}`;
  }
  const others =
    threads > 1
      ? (unlessEnded(() => system('readdir', `/proc/${pid}/task`, () => readdirSync(`/proc/${pid}/task`))) ?? [])
      : [];
  const other = others.find((thread) => thread !== String(pid));
  return other === undefined ? undefined : `/proc/${pid}/task/${other}`;
}

function readInvocation(at: string, executable: string): Invocation | undefined {
  const program = programName(executable);
  return mayRunScripts(program) ? invocationOf(program, parseCommandLine(readProc(`${at}/cmdline`))) : undefined;
}

function descriptorsAt(
  calls: HolderCalls,
  at: string,
  besides: ReadonlySet<number>,
): Pick<Look, 'descriptors' | 'inodes'> {
  const descriptors: number[] = [];
  const inodes: number[] = [];
  const folder = `${at}/fd`;
  for (const fd of system('readdir', folder, () => readdirSync(folder))) {
    const number = Number(fd);
    if (besides.has(number)) {
      continue;
    }
    const inode = calls.regularInodeAt(`${folder}/${fd}`);
    if (inode !== 0) {
      descriptors.push(number);
      inodes.push(inode);
    }
  }
  return { descriptors, inodes };
}

function mappedAt(at: string): readonly number[] {
  const mapped: number[] = [];
  // The parts of a file follow one another.
  let last = 0;
  parseMappedFiles(readProc(`${at}/maps`), (inode) => {
    if (inode !== last) {
      mapped.push((last = inode));
    }
    return false;
  });
  return mapped;
}
