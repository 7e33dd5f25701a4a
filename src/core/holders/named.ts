import type { ProcessKey } from './holder';

/** A running program as a person names it. */
export interface Named {
  /** The path of its executable. */
  readonly executable?: string;
  /** A file that its pid is in; then the executable, if there is one, must be its, too. */
  readonly pidFile?: string;
}

/** A process that was named, of our own user. */
export interface Candidate {
  readonly process: ProcessKey;
  /** The base name of its executable. */
  readonly program: string;
  /** When it began, milliseconds since the epoch. */
  readonly since: number;
  /** The names of the signals that it catches. */
  readonly caught: readonly string[];
}

/** What a pid file's text names; `undefined`: no pid. Some write more behind the first line (PostgreSQL). */
export function parsePidFile(text: string): number | undefined {
  const digits = /^[ \t]*(\d{1,10})[ \t\r]*(?:\n|$)/.exec(text)?.[1];
  const pid = digits === undefined ? 0 : Number(digits);
  // The kernel counts up to 2^22.
  return pid > 0 && pid <= 1 << 22 ? pid : undefined;
}

/**
 * Whether one of some processes has started this one, or has started who did. The first process may be one of them: in a container it is the
 * server itself.
 *
 * @param parentOf 0 or `undefined`: it has none, or is gone
 */
export function isStartedBy(
  pids: ReadonlySet<number>,
  parent: number,
  parentOf: (pid: number) => number | undefined,
): boolean {
  const passed = new Set<number>();
  for (let at = parent; at >= 1 && !passed.has(at); at = parentOf(at) ?? 0) {
    if (pids.has(at)) return true;
    passed.add(at);
  }
  return false;
}

/** How far the moment of a process's start and that of a file's writing may be apart from what the clocks say, in milliseconds. */
const clockError = 100;

/**
 * Whether a process can be the one that a pid file was written about: it was there by then. Another one has been given the pid since then
 * otherwise.
 *
 * @param since when it began, @param written when the file was last written: both in milliseconds since the epoch
 */
export function wasThere(since: number, written: number): boolean {
  return since <= written + clockError;
}
