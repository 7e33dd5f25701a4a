/** Bounds of the picture of files in use. Of what is beyond them there is a number. */
export const pictureLimits = {
  files: 50,
  /** Of one file, that somebody has. */
  versions: 9,
  /** Of one version. */
  programs: 20,
  /** Files and programs of all of it. */
  items: 500,
  /** Versions of one file of which it is remembered when they came and went. */
  seen: 30,
  /** UTF-16 code units of a text. */
  text: 1_000,
  /** UTF-16 code units of what names an item: a path has 4,096 bytes at most. */
  id: 5_000,
  /** Changes that are read out at once. */
  news: 3,
  /** Between two pictures, in milliseconds. */
  between: 100,
  /** For how long news is gathered, in milliseconds. */
  gathered: 5_000,
  /** For how long the first picture waits for what the lookout finds, in milliseconds. */
  firstLook: 5_000,
} as const;
