/** Who uses a file: the words that finders, generations and the interface have in common. */

/** A process for as long as it lives. A pid is given again; the pair is not, in one boot. */
export interface ProcessKey {
  readonly pid: number;
  /**
   * Clock ticks since boot, field 22 of proc_pid_stat(5); on other systems milliseconds since the epoch. It is only compared with others of
   * the same system.
   */
  readonly started: number;
}

/** What a process may be sent. */
export type SignalName = 'SIGTERM' | 'SIGHUP' | 'SIGUSR1' | 'SIGUSR2';

/**
 * What an in-place edit of the file would do to the holder, the worst first.
 *
 * - `readsAsItRuns`: runs a script and reads it as it goes. New bytes would be executed.
 * - `mapped`: executes it, has loaded it as a library, or maps it. Bytes would change under it; SIGBUS on truncation.
 * - `open`: has it open.
 * - `loaded`: runs a script that it has read to its end. Nothing happens to it, and it need not have the file open.
 */
export type Harm = 'readsAsItRuns' | 'mapped' | 'open' | 'loaded';

/** A process that runs, maps or has open an inode. */
export interface Holder {
  readonly process: ProcessKey;
  /** The base name of its executable; where that cannot be read, what the process calls itself: proc_pid_comm(5). */
  readonly program: string;
  /** When it began, milliseconds since the epoch. */
  readonly since: number;
  readonly harm: Harm;
  /** How far it has read the script that it reads as it runs, where that is to be seen. */
  readonly read?: ReadUpTo;
  /** It maps the file, and can write it itself: databases do that, with others on the same file. */
  readonly writes?: true;
  /** Its user. */
  readonly uid: number;
  /** The pids of its parent, its parent's parent and so on, as far as they were seen. */
  readonly ancestors: readonly number[];
}

export interface ReadUpTo {
  /** Bytes from the beginning of the inode that it has. */
  readonly offset: number;
  /**
   * `command`: to the end of the command that it is in (in a loop, the loop's end), where it will read on. `block`: it reads ahead by blocks.
   */
  readonly by: 'command' | 'block';
}
