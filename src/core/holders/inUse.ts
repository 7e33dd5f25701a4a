import type { ErrorFacts } from '../errors';
import type { Holder } from './holder';

/** A holder, with what only its generation's bytes tell. */
export interface HolderInUse extends Holder {
  /** The last line, counted from 1, of which it has read anything, in the bytes of its own generation. */
  readonly line?: number;
  /** It has loaded a version that is not known: it had started before this one came, or was last written. */
  readonly version?: 'unknown';
}

/** One version of a target: an inode, as long as it is at the path or has holders. */
export interface Generation {
  /** When it came to the path, milliseconds since the epoch; if it was there when we first looked, when it was last written before that. */
  readonly since: number;
  /** Nobody has its inode any more: its bytes are nowhere. Who has loaded it goes on with it. */
  readonly gone?: true;
  /** Bytes. */
  readonly size: number;
  readonly holders: readonly HolderInUse[];
}

/** What is known of one watched file. */
export interface FileInUse {
  readonly path: string;
  /** What the path leads to. `undefined`: nothing, or not a regular file. */
  readonly current: Generation | undefined;
  /** Older ones that somebody holds, the newest first: their holders are stale. */
  readonly older: readonly Generation[];
  /** Somebody has the current one who cannot be named: we may not look into every process. */
  readonly unnamed: boolean;
  /** Nobody is seen to have it, and the system does not tell whether that is all. */
  readonly uncertain: boolean;
  /** Why it cannot be watched, where it cannot. */
  readonly problem?: ErrorFacts;
}

/** Whom an in-place edit could harm, or who still has an older version: what is worth a place in the status bar. */
export function inUse(file: FileInUse): boolean {
  return file.unnamed || file.older.length > 0 || (file.current?.holders.length ?? 0) > 0;
}
