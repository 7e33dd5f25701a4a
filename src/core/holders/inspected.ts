import type { ErrorFacts } from '../errors';

/** What is asked of one process when something may be done with it: more than a pass over all of them could afford. */
export interface Inspected {
  /** The path of its executable, where that can be read. */
  readonly executable?: string;
  /** The names of the signals that it catches: it has a handler of its own, or of its runtime's. */
  readonly caught: readonly string[];
  /** The service that it belongs to, if that can be spoken to from here, and is not the one that the editor runs in. */
  readonly unit?: Unit;
  /**
   * Who has started the job that it belongs to, if that job has its terminal now, so that a Control+C goes to it: the nearest ancestor in
   * another process group.
   */
  readonly starter?: number;
}

/** A service of systemd. */
export interface Unit {
  readonly name: string;
  /** Of the user's own manager: `systemctl --user`. */
  readonly ofUser: boolean;
}

/**
 * Whether the process has ended, by what came of asking for it: `yes` of ESRCH alone. Any other error says that it could not be looked at, or that
 * nobody was there to look.
 */
export function hasEnded(answer: Inspected | ErrorFacts): 'yes' | 'no' | 'unknown' {
  if (!('errno' in answer)) return 'no';
  return answer.errno === 'ESRCH' ? 'yes' : 'unknown';
}
