import type { Disposable } from '../disposable';
import type { ErrorFacts } from '../errors';
import type { ProcessKey, SignalName } from './holder';
import type { Inspected } from './inspected';
import type { FileInUse } from './inUse';
import type { Candidate, Named } from './named';

/** What the shell asks of those who look for holders. Nothing of it throws or rejects. */
export interface Lookout {
  /**
   * Which files are watched, from now on: absolute paths. Those that were watched and are in use stay watched until nobody holds
   * them. Beyond `lookout.files` the last ones are not watched.
   */
  watch(paths: readonly string[]): void;
  /** The user looks at this file: looks at it anew, and whether somebody holds it whom we may not look into. */
  look(path: string): void;
  /** Whether the user looks at this window: where the system does not tell when files are used, that is asked for then only. */
  attend(on: boolean): void;
  /** What is known of a watched file; `undefined` until it was looked at. */
  of(path: string): FileInUse | undefined;
  /** Files are to be watched, and nothing is known of any of them yet. */
  readonly looking: boolean;
  /** How many processes could not be looked into last: those of other users, and protected ones. */
  readonly closed: number;
  /** All watched files that are in use, by path. */
  all(): readonly FileInUse[];
  /** Told the path of every file of which something else is known than before. */
  onDidChange(listener: (paths: readonly string[]) => void): Disposable;
  /**
   * Sends a process a signal, this very one and no other that has its pid by now. Why not, if it was not sent: ESRCH if it has ended, EPERM if it
   * is not ours, ENOTSUP if it does not catch the signal and that is not SIGTERM.
   */
  signal(process: ProcessKey, signal: SignalName): Promise<ErrorFacts | undefined>;
  /** What is asked of one process; why not, if it cannot be: ESRCH if it has ended. */
  inspect(process: ProcessKey): Promise<Inspected | ErrorFacts>;
  /**
   * The processes of our own user that are named so, but those that another one of them has started. Why not, if they cannot be told, of a pid
   * file: EPERM: somebody else may have written it, or the process is another user's; ELOOP: it is a link; EINVAL: it is no regular file; EBADMSG: there is
   * no pid in it; ESTALE: the pid is another program's by now. No file is no process.
   */
  find(named: Named): Promise<readonly Candidate[] | ErrorFacts>;
  /**
   * The bytes of the version of a watched file that a process has. Why not, if they cannot be told: ESRCH if the process has no older or
   * current version, ENODATA if nobody has its inode any more, EFBIG if there are more than `lookout.compared`.
   */
  read(path: string, process: ProcessKey): Promise<Uint8Array | ErrorFacts>;
}

/** What happens to the lookout itself: for the log. */
export type LookoutEvent =
  | { readonly kind: 'lookoutReady' }
  | { readonly kind: 'lookoutDied'; readonly error: ErrorFacts; readonly startedAgain: boolean }
  /** Processes could not be listed, or events not be had. */
  | { readonly kind: 'lookoutProblem'; readonly error: ErrorFacts };
