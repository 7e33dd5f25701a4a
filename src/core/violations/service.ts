import type { Disposable } from '../disposable';
import type { ErrorFacts } from '../errors';
import type { Holder } from '../holders/holder';
import type { Violation } from './violation';

/** What the shell asks of those who guard files against other programs. Nothing of it throws or rejects. */
export interface Sentry {
  /**
   * Guards a file as long as somebody holds it.
   *
   * @param holders those whom a change in place would reach; nobody: it is not guarded any more
   * @param mayLease whether whoever writes it may be kept waiting until it is copied
   * @param version another one for another inode at the path, though the same programs have it
   * @param heals whether the holders get back what they had when somebody was caught
   */
  guard(path: string, holders: readonly Holder[], mayLease: boolean, version: number, heals?: boolean): void;
  /** The user has dealt with what was told of this file: what it is now is what counts from here. */
  dealtWith(path: string): void;
  /** What the programs had; `undefined`: it was not kept, or is gone. */
  running(violation: Violation): Promise<Uint8Array | undefined>;
  /** Nobody will ask for it any more. */
  drop(violation: Violation): void;
  /** Told of every violation, and of each again when more is known of it; and when the file is what it was: `undefined`. */
  onDidTell(listener: (path: string, violation: Violation | undefined) => void): Disposable;
}

/** What happens to the sentry itself, and what it has seen: for the log. */
export type SentryEvent =
  | { readonly kind: 'sentryReady' }
  | { readonly kind: 'sentryDied'; readonly error: ErrorFacts; readonly startedAgain: boolean }
  /** It did not answer while somebody waited: what it held was let go. */
  | { readonly kind: 'sentryStuck' }
  | { readonly kind: 'violation'; readonly violation: Violation }
  | { readonly kind: 'violationOver'; readonly path: string }
  | { readonly kind: 'notGuarded'; readonly path: string; readonly error: ErrorFacts }
  | { readonly kind: 'sentryProblem'; readonly error: ErrorFacts };
