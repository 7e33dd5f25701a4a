import type { ErrorFacts } from './errors';
import type { Report } from './level';
import type { PlatformReport } from './messages';

/** A save on its way. Neither promise ever rejects. */
export interface GuardedSave {
  /** The editor may go on. Resolves within `limits.participantAnswers`, whatever happens below. */
  readonly answered: Promise<void>;
  /** What was reached. Usually known by then; on a stuck file system it can come later. */
  readonly reached: Promise<Report>;
}

/** What the shell asks of the rest of the house. */
export interface Guard {
  /** Foresees the level of what `path` leads to, without changing anything. Never rejects. */
  assess(path: string): Promise<Report>;
  /** To be called before the editor writes to `path`. */
  beforeSave(path: string): GuardedSave;
}

/** What happens to the keeper's thread itself: for the log, and for what the user must know. */
export type KeeperEvent =
  | { readonly kind: 'ready'; readonly platform: PlatformReport }
  | { readonly kind: 'died'; readonly error: ErrorFacts; readonly startedAgain: boolean }
  | { readonly kind: 'stoppedLate'; readonly afterMs: number };
