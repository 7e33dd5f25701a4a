/**
 * All bounds of a save in one place, in milliseconds. VS Code gives the listeners of all extensions together 1,500 and
 * goes on by itself after 1,750, so the sum of ours stays well below.
 */
export const limits = {
  /** After this the waiting side gives up, unless the rename has been claimed. */
  saveGivesUp: 700,
  /** The participant resolves by then, whatever happens. */
  participantAnswers: 800,
  /** How long a clone may take to reach the disk before it is published without having reached it. */
  sync: 300,
  /** How long an assessment may take before the level is unknown. */
  assessment: 2_000,
  /** How long a stop waits for the keeper. */
  stop: 200,
} as const;

/** Saves that the keeper works on at once; more wait their turn. Each needs three descriptors. */
export const savesAtOnce = 16;

/** Files whose levels are remembered. */
export const rememberedLevels = 500;
