import { classify, type Descriptor, type Verdict } from '../holders/classify';
import { invocationOf } from '../holders/commandLine';
import type { ListedFile } from './lsof';

/**
 * What lsof calls mappings: the text of a program and all that Darwin has mapped, files that are mapped on Linux, and such ones without a name.
 */
const MAPPED: ReadonlySet<string> = new Set(['txt', 'mem', 'mmap', 'DEL']);

const ACCESS: ReadonlyMap<string, number> = new Map([
  ['r', 0o0],
  ['w', 0o1],
  ['u', 0o2],
]);
/** It is not told alike everywhere: taken to be so, since shells have it on what they keep for themselves. */
const O_CLOEXEC = 0o2000000;

/** Whether it is one that can tell of a holder. */
export function isRegular({ type }: ListedFile): boolean {
  return type === 'REG';
}

/**
 * What an in-place edit of a file would do to a process, after what lsof lists of it.
 *
 * Whether a shell waits for a child is not told, so where bash will read on is not to be seen. A script that was read and closed is in no list.
 *
 * @param program base name of the executable
 * @param words the command line, cut at blanks: told from it is only whether a script is read from the standard input
 * @param files those entries of the process that are the file
 * @param size bytes of the file
 */
export function verdictOf(
  program: string,
  words: readonly string[],
  files: readonly ListedFile[],
  size: number,
): Verdict | undefined {
  const regular = files.filter(isRegular);
  return classify({
    invocation: invocationOf(program, words),
    descriptors: regular.flatMap((file) => descriptorOf(file) ?? []),
    mapped: regular.some(({ descriptor }) => MAPPED.has(descriptor)),
    // How it is mapped is not told.
    stores: false,
    named: false,
    size,
  });
}

function descriptorOf({ descriptor, access, offset }: ListedFile): Descriptor | undefined {
  if (!/^\d{1,9}$/.test(descriptor)) {
    return undefined;
  }
  const flags = O_CLOEXEC | (ACCESS.get(access) ?? 0o2);
  return { number: Number(descriptor), flags, position: offset ?? 0, waits: false };
}

/**
 * The path of the executable: lsof lists it first of what is mapped as text, on Darwin in the order of addresses. What a process calls itself anybody can choose.
 */
export function executableOf(files: readonly ListedFile[]): string | undefined {
  const path = files.find(({ descriptor }) => descriptor === 'txt')?.name;
  return path?.startsWith('/') === true ? path : undefined;
}
