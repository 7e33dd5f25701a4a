import type { EditorsText } from './baseline';
import type { ErrorFacts } from './errors';
import type { EndReason } from './gate/operations';
import type { Joined } from './join';
import type { KeptVersion } from './kept';
import type { Report } from './level';
import type { SaveOptions } from './options';
import type { Answer, PlatformReport } from './messages';

/** A save on its way. Neither promise ever rejects. */
export interface GuardedSave {
  /** The editor may go on. Resolves within `limits.participantAnswers`, whatever happens below. */
  readonly answered: Promise<void>;
  /** What was reached. At level `gated` known when the editor has written; on a stuck file system it can come late. */
  readonly reached: Promise<Report>;
  /** The text has changed since, and the editor will write these bytes. */
  change(content: Uint8Array): void;
  /** The editor is done with this save, or the document is gone. */
  over(why: Extract<EndReason, 'saved' | 'givenUp'>): void;
}

/** What the shell asks of the rest of the house. */
export interface Guard {
  /** Foresees the level of what `path` leads to, without changing anything. Never rejects. */
  assess(path: string, options?: SaveOptions): Promise<Report>;
  /**
   * To be called when the document at `path` is what the editor has just read from the disk, or written to it.
   *
   * @param text what it is, where that is known
   */
  matchesDisk(path: string, text?: EditorsText): void;
  /** To be called instead of that where nothing is guarded, and when the document is closed: the file is not looked at. */
  notFollowed(path: string): void;
  /** To be called when the document at `path` becomes dirty. */
  becameDirty(path: string, options?: SaveOptions): void;
  /** To be called when it is not dirty any more. */
  becameClean(path: string): void;
  /**
   * To be called before the editor writes to `path`.
   *
   * @param content what it will write, where that is known
   * @param options what the settings say
   */
  beforeSave(path: string, content?: Uint8Array, options?: SaveOptions): GuardedSave;
  /** To be called when the editor has written to `path`, whether the save was guarded or not: whoever has read the file is told. */
  saved(path: string): void;
  /**
   * Makes the other names of an inode that saves have taken from `path` lead to what the path leads to now. Never rejects.
   *
   * @param folders where to look for them, besides the folder of the file
   * @param signal ends the search; no name is touched then
   */
  joinNames(path: string, folders: readonly string[], signal: AbortSignal): Promise<Joined>;
}

/** What was kept outside the workspace. Nothing of it rejects. */
export interface Kept {
  /** The newest first; `undefined`: it cannot be told. */
  keptVersions(): Promise<readonly KeptVersion[] | undefined>;
  /** Keeps what is at the path now. Why not, if it could not be. */
  keepCurrent(path: string): Promise<ErrorFacts | undefined>;
  /** Puts a kept version to its path, where there is nothing now. Why not, if it could not be. */
  putBackKept(file: string): Promise<ErrorFacts | undefined>;
  /** Why not, if it could not be removed. */
  removeKept(file: string): Promise<ErrorFacts | undefined>;
  /** To be called when the user is told of these files: before, they are never removed. */
  toldOfKept(files: readonly string[]): void;
}

/** What happens to the threads themselves: for the log, and for what the user must know. */
export type KeeperEvent =
  | { readonly kind: 'ready'; readonly platform: PlatformReport }
  | { readonly kind: 'gateReady' }
  /** `startedAgain`: the next one takes orders already, and knows of no document. */
  | { readonly kind: 'died'; readonly error: ErrorFacts; readonly startedAgain: boolean }
  | { readonly kind: 'gateDied'; readonly error: ErrorFacts; readonly startedAgain: boolean }
  /** Something of Holdfast's could not be removed. */
  | { readonly kind: 'problem'; readonly error: ErrorFacts }
  | Exclude<Answer, { kind: 'ready' | 'report' | 'joined' | 'directorySynced' | 'keptAnswer' }>
  | { readonly kind: 'stoppedLate'; readonly afterMs: number };
