/** Bounds of the gate, in milliseconds unless they say otherwise. */
export const gateLimits = {
  /** The participant waits no longer than this for the clone of a file that somebody has open. */
  cloning: 600,
  /** The gate stays shut this long for an editor that does not come. A read lease costs nobody anything. */
  armed: 30_000,
  /**
   * So long other programs that want to write wait for the editor, once in a save. Those that were let in before could write between
   * its look at the file and its `open`, and it would overwrite that unseen.
   */
  expecting: 100,
  /** The editor's `open` is never held longer than this, whatever is not ready. */
  hold: 450,
  /**
   * So long a clone is at the path before the new version takes its place. chokidar (nodemon, vite) drops what comes within 5 ms of an
   * event, and may have looked at the clone by then: of 16 such saves it missed 3 to 5 at 1 to 3 ms, none at 12.
   */
  apart: 10,
  /** A reader on the bait has so long to end, from the publish on. */
  drain: 250,
  /**
   * Where readers were seen at the bait, so long is waited for those in the middle of their `open`, which takes microseconds; and then
   * for those who wait for a processor, until they have had one.
   */
  quiet: 3,
  /** The pause between two searches for readers doubles from `quiet` up to this. */
  searchPause: 16,
  /** What somebody has closed, and is still counted as writing, is looked at again after this; then the pause doubles, too. */
  closing: 1,
  /** How long the editor may take to write and close the bait. */
  close: 60_000,
  /** How long the editor may take to say that it is done with a save of which only a beginning was written. */
  unsure: 5_000,
  /**
   * So often in a save the editor is sent away from where another program waits together with it: each time it may meet another one. It may be
   * held for `hold` anew each time; a number.
   */
  interrupts: 3,
  /** Bytes of a disk with no more room than that there is hardly any. */
  room: 1 << 20,
  /** Clones made for readers who come while the gate is shut; a number. */
  clones: 8,
} as const;
