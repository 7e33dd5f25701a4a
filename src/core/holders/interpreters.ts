/**
 * Interpreters, by the exact base name of the executable, and how each reads its script. Measured on Debian 12 with bash 5.2,
 * dash 0.5.12, zsh 5.9, yash 2.52, ksh93u+m 1.0.4, mksh 59c, tcsh 6.24, BusyBox 1.35, fish 3.6, PHP 8.2, Python 3.11, Perl 5.36 and
 * Ruby 3.1; `test/system/holderFinder.test.ts` measures again what is installed.
 */

/**
 * - `command`: to the end of the command that it runs; its position is exact.
 * - `sought`: ahead by blocks, but goes back to the end of the command before it makes a child, and reads anew from there.
 * - `block`: ahead by blocks, and goes on when it has run them.
 * - `whole`: to the end before it begins, and keeps it open.
 * - `closed`: the same, and closes it.
 */
export type Reading = 'command' | 'sought' | 'block' | 'whole' | 'closed';

/** How command lines are written; see `commandLine.ts`. */
export type Family =
  | 'bash'
  | 'posix'
  | 'zsh'
  | 'csh'
  | 'fish'
  | 'php'
  | 'python'
  | 'perl'
  | 'ruby'
  | 'node'
  | 'lua'
  | 'tcl'
  | 'make'
  | 'awk';

/**
 * The descriptors that an interpreter keeps a script in: scripts cannot make such ones for files of theirs, or rarely do (`{name}<file` in zsh and
 * ksh93; a standard input that a loop's own stands in for).
 */
export interface OwnDescriptors {
  readonly from: number;
  readonly to: number;
  /** They have FD_CLOEXEC. */
  readonly closeOnExec: boolean;
}

export interface Interpreter {
  readonly family: Family;
  /** A script that is named on the command line, or by one that runs. */
  readonly named: Reading;
  /** A script that is its standard input. */
  readonly input: Reading;
  /** `undefined`: only what is named on the command line can be told from other files. */
  readonly own?: OwnDescriptors;
}

const HIGH: OwnDescriptors = { from: 10, to: Infinity, closeOnExec: true };

const posix: Interpreter = { family: 'posix', named: 'block', input: 'block', own: HIGH };
const byCommand = (family: Family): Interpreter => ({ family, named: 'block', input: 'command', own: HIGH });
const loaded = (family: Family): Interpreter => ({ family, named: 'closed', input: 'whole' });

// bash opens files of a script's `{name}<file` from 10 on, and keeps there what it stands in for.
const bash: Interpreter = {
  family: 'bash',
  named: 'sought',
  input: 'sought',
  own: { from: 255, to: 255, closeOnExec: true },
};
const ksh93: Interpreter = { family: 'zsh', named: 'sought', input: 'block', own: HIGH };
const zsh: Interpreter = { ...byCommand('zsh'), own: { ...HIGH, closeOnExec: false } };
const csh: Interpreter = { family: 'csh', named: 'block', input: 'block', own: HIGH };

const BY_NAME: ReadonlyMap<string, Interpreter> = new Map([
  ['bash', bash],
  ['rbash', bash],
  ['sh', posix],
  ['dash', posix],
  ['ash', posix],
  ['zsh', zsh],
  ['ksh93', ksh93],
  ['ksh', ksh93],
  ['rksh', ksh93],
  ['mksh', byCommand('zsh')],
  ['lksh', byCommand('zsh')],
  ['yash', byCommand('zsh')],
  ['tcsh', csh],
  ['csh', csh],
  ['bsd-csh', csh],
  // No script of its can open a file for longer than a command.
  ['fish', { family: 'fish', named: 'whole', input: 'whole', own: { from: 3, to: Infinity, closeOnExec: true } }],
  ['node', loaded('node')],
  ['nodejs', loaded('node')],
  ['make', loaded('make')],
  ['gmake', loaded('make')],
  ['awk', loaded('awk')],
  ['gawk', loaded('awk')],
  ['mawk', loaded('awk')],
  ['nawk', loaded('awk')],
  ['original-awk', loaded('awk')],
]);

/** PHP opens its script before anything else. */
const php: Interpreter = { family: 'php', named: 'whole', input: 'whole', own: { from: 3, to: 3, closeOnExec: false } };

const BY_VERSIONED_NAME: readonly (readonly [RegExp, Interpreter])[] = [
  [/^bash-?\d(?:\.\d{1,2}){0,2}$/, bash],
  [/^zsh-?\d(?:\.\d{1,2}){0,2}$/, zsh],
  [/^(?:python|pypy)(?:\d(?:\.\d{1,3})?)?[dmtu]{0,3}$/, loaded('python')],
  [/^perl(?:5(?:\.\d{1,3}){1,2})?$/, loaded('perl')],
  [/^(?:ruby|jruby|truffleruby)-?(?:\d(?:\.?\d{1,3}){0,2})?$/, loaded('ruby')],
  [/^(?:lua|luajit)-?(?:\d(?:\.?\d{1,3}){0,2})?$/, loaded('lua')],
  [/^(?:tclsh|wish|expect)(?:\d(?:\.?\d{1,2})?)?$/, loaded('tcl')],
  [/^php(?:-cgi)?(?:\d(?:\.?\d{1,2})?)?$/, php],
];

/** The applets of BusyBox, which runs as whatever its first word says. */
const APPLETS: ReadonlyMap<string, Interpreter> = new Map([
  ['sh', posix],
  ['ash', posix],
  ['bash', posix],
  ['hush', posix],
  ['awk', loaded('awk')],
]);

/** One executable that is many programs. */
export const MULTI_CALL = /^busybox(?:\.[a-z]+)?$/;

/** @param program base name of the executable, never of what the command line says: anybody can write there what they like */
export function interpreterOf(program: string): Interpreter | undefined {
  return BY_NAME.get(program) ?? BY_VERSIONED_NAME.find(([name]) => name.test(program))?.[1];
}

export function appletOf(name: string): Interpreter | undefined {
  return APPLETS.get(name);
}

/** Whether command lines of this program are worth reading. */
export function mayRunScripts(program: string): boolean {
  return MULTI_CALL.test(program) || interpreterOf(program) !== undefined;
}
