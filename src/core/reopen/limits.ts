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
  /** Older versions that are kept for comparisons. */
  versions: 8,
} as const;
