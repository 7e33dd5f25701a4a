/** Bounds of looking for holders; times in milliseconds. */
export const lookout = {
  /** After an event, before the pass: a program that starts opens its script several times, and what only reads it is done. */
  settles: 25,
  /** Between two passes, when all was quiet before, */
  shortestRest: 100,
  /** and when events go on and on: the longer of this */
  longestRest: 1_000,
  /** and so many times what the pass has taken. */
  restPerPass: 20,
  /** Between two looks at how far a program has read. */
  betweenRereads: 150,
  /**
   * Between two passes while somebody looks, where the system does not tell when files are used: often enough for a person who wonders, and rare
   * beside what a pass over all processes by another program costs.
   */
  betweenAsking: 10_000,
  /** Until a program that is asked who uses files is given up. */
  asked: 10_000,
  /** Bytes of what it may answer. */
  answered: 64 << 20,
  /** Watched files at most where each is an argument of a program: Darwin takes a mebibyte of arguments, of paths of a kibibyte at most. */
  arguments: 256,
  /** Watched files at most; less where the process may open fewer files. */
  files: 10_000,
  /** Files of which is asked after one pass whether somebody has them who cannot be named; the others after the next. */
  probes: 500,
  /** Versions of one file that are remembered while they have holders. */
  versions: 16,
  /** So many passes in a row tell nothing of a file that was moved during each. */
  movedDuring: 4,
  /** Processes whose ends are awaited. */
  awaited: 256,
  /** Bytes of a script up to which lines are counted. */
  counted: 4 << 20,
  /** Bytes of an older version that is shown. */
  compared: 8 << 20,
  /** Ancestors among which it is looked for who has started a job. */
  ancestors: 64,
} as const;
