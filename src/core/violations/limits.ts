/** Bounds of catching violations; times in milliseconds. */
export const violationLimits = {
  /**
   * How long the files whose leases are broken at one time may be looked at before all of them are let go. Who comes meanwhile is heard
   * after that, and has as long again: nobody waits for twice this.
   */
  caughtIn: 50,
  /** Who did not wait, as `touch` and `truncate` do not, can come again before the lease does. */
  afterNobody: 3_000,
  /** Until the lease is asked for again while somebody may write: at first, */
  shortestRetry: 2,
  /** each time twice as long, */
  longestRetry: 30_000,
  /** How long what is written is left to its writer before it is looked at, if it is not closed before. */
  settles: 250,
  /** How long nobody may have come to the held inode since it lost its path, before the old bytes go back into it. */
  quiet: 2,
  /** Between two looks at what is in the way of a heal, */
  healPause: 1,
  /** which is given up when that has been there for so long. */
  healWaits: 100,
  /** Heals of one writing that are begun; a number. */
  heals: 2,
  /** Times that one is published anew, because others have come to both inodes; a number. */
  rounds: 8,
  /** Files that have a lease at once; the others are watched without one. */
  leases: 256,
  /** Bytes up to which a file is copied, compared and read out; of a larger one, size and time tell, and there is nothing to restore. */
  compared: 8 << 20,
  /** Bytes up to which a file that can have no lease is copied before anybody writes it. */
  copiedAhead: 1 << 20,
  /** A copy of at most so many bytes is made in memory, so that nobody waits for a disk, */
  copiedInMemory: 1 << 20,
  /** as long as these are no more together. */
  copiesInMemory: 16 << 20,
  /** Bytes up to which a heal is made ready before anybody writes: they are written down once more. */
  readied: 128 << 10,
  /** Of so many files at once; a number. */
  ready: 64,
  /** Of all copies together, */
  copiedInAll: 256 << 20,
  /** and their number. */
  copies: 128,
  /** A copy that nothing is compared with any more, but of which the user was told, goes after this at the latest. */
  copyAge: 3_600_000,
  /** Between two notices about one file. */
  betweenNotices: 10_000,
} as const;
