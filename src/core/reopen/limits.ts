/** Bounds of telling about older versions; times in milliseconds. */
export const reopen = {
  /** So long after a save it is the reason why a program has an older version. */
  savedRecently: 10_000,
  /** Somebody who saves a file so often */
  savesInALoop: 4,
  /** within so long tries something out, and knows what runs. */
  loop: 10 * 60_000,
  /** For a program's end and its shell's prompt after an interrupt. */
  prompt: 5_000,
  /** For `systemctl`: a reload waits for the service, and may ask for a password. */
  systemctl: 60_000,
  /** So long it is believed whether a unit can be reloaded. */
  unitKnown: 60_000,
  /** Programs that are asked about, of those that have older versions. */
  inspected: 64,
  /** Rules that are read, */
  rules: 1_000,
  /** patterns of each, */
  globs: 100,
  /** characters of all patterns together, with all that `{…}` stands for, */
  patterns: 100_000,
  /** words of its command, */
  words: 100,
  /** and characters of one. */
  wordLength: 10_000,
  /** Actions of rules at a time. */
  actions: 4,
  /** For a command of a rule, */
  command: 60_000,
  /** and after that for its end, when it was asked to. */
  commandEnds: 2_000,
  /** Characters of what it has written to its standard error, from its end. */
  complaint: 4_096,
  /** Older versions that are kept for comparisons. */
  versions: 8,
} as const;
