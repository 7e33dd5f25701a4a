/**
 * What Holdfast tells other extensions. Get it by
 *
 * ```ts
 * const extension = vscode.extensions.getExtension<Holdfast>('holdfast.holdfast');
 * const holdfast = await extension?.activate();
 * if (holdfast?.version === 1) …
 * ```
 *
 * Command lines are not told: they can hold secrets.
 */
import type { Event, Uri } from 'vscode';

export interface Holdfast {
  /** A change that could break a caller raises it. */
  readonly version: 1;
  /**
   * Who uses a file, as far as it is known now. `undefined` if it is not known: the file is not on a disk of this machine, is not
   * watched (neither open here nor named by the setting `holdfast.watch`, or not to be guarded), or was not looked at yet.
   */
  holdersOf(uri: Uri): HeldFile | undefined;
  /** Told the files of which something else is known than before. */
  readonly onDidChangeHolders: Event<readonly Uri[]>;
}

export interface HeldFile {
  /** The version that the path leads to now; `undefined`: there is none, or it is not a regular file. */
  readonly current: FileVersion | undefined;
  /** Older versions that somebody still has, the newest first. */
  readonly older: readonly FileVersion[];
  /** Somebody has the current version whom the system does not let us see. */
  readonly unnamed: boolean;
}

export interface FileVersion {
  /**
   * When it came to the path, milliseconds since the epoch; if it was there when Holdfast first looked, when it was last written before
   * that.
   */
  readonly since: number;
  readonly holders: readonly FileHolder[];
}

/** A program that runs, maps or has open a version of a file. */
export interface FileHolder {
  readonly pid: number;
  /** The base name of its executable, as the program's file system has it: show it as plain text only. */
  readonly program: string;
  /** When it began, milliseconds since the epoch. With `pid`, it tells processes apart. */
  readonly since: number;
  /** Its user. */
  readonly uid: number;
  /**
   * What an in-place edit would do to it. `readsAsItRuns`: new text would be executed. `mapped`: its memory would change. `open`: it
   * would see the edit. `loaded`: nothing, it has read all of it.
   */
  readonly harm: 'readsAsItRuns' | 'mapped' | 'open' | 'loaded';
  /** The last line, counted from 1, of which it has read anything, in its own version. */
  readonly line?: number;
}
