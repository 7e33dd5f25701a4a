import type { SignalName } from '../holders/holder';
import { interpreterOf, MULTI_CALL, type Family } from '../holders/interpreters';

/** Signals by which programs are told to open their files again: SIGHUP by custom, the other two by what the program says. */
export const reopenSignals = ['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const satisfies readonly SignalName[];

export type ReopenSignal = (typeof reopenSignals)[number];

/**
 * Nobody handles these by intent. A runtime that does takes all signals for itself, as Go's, and ends by SIGHUP all the same if the program
 * does not ask for it (runtime/sigtab_linux_generic.go).
 */
const takenByRuntimes = ['SIGSTKFLT', 'SIGPWR'] as const;

/** Java's virtual machine ends by SIGHUP, and suspends its threads by SIGUSR2. */
const VIRTUAL_MACHINE = /^java$/;

/**
 * The signals that a program can be sent because it waits for them. That it catches one is not enough: zsh, mksh, bash (once it has a trap),
 * Ruby and PHP do so in order to end in good order, and Node.js opens its debugger by SIGUSR1.
 *
 * @param caught names
 */
export function meantSignals(program: string, caught: readonly string[]): readonly ReopenSignal[] {
  if (VIRTUAL_MACHINE.test(program) || takenByRuntimes.some((name) => caught.includes(name))) return [];
  const family = familyOf(program);
  return reopenSignals.filter((name) => caught.includes(name) && !isForItself(family, name));
}

/**
 * Whether a program that a person names may be sent a signal: it catches it, and not in order to end. Go's runtime catches all, and
 * who writes a rule for a program in Go knows what it does.
 */
export function maySend(program: string, caught: readonly string[], signal: ReopenSignal): boolean {
  return caught.includes(signal) && !VIRTUAL_MACHINE.test(program) && !isForItself(familyOf(program), signal);
}

/** BusyBox may be a shell, and its shell catches signals for its traps: as a program, it is all that it can be. */
function familyOf(program: string): Family | undefined {
  return MULTI_CALL.test(program) ? 'posix' : interpreterOf(program)?.family;
}

function isForItself(family: Family | undefined, name: ReopenSignal): boolean {
  switch (family) {
    // Programs of their own; and what catches none without a handler of the script's.
    case undefined:
    case 'python':
    case 'perl':
    case 'lua':
    case 'make':
    case 'awk':
      return false;
    case 'node':
      return name === 'SIGUSR1';
    case 'bash':
    case 'posix':
    case 'zsh':
    case 'csh':
    case 'fish':
    case 'php':
    case 'ruby':
    case 'tcl':
      return true;
  }
}
