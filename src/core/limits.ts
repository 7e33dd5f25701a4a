/**
 * All bounds of a save in one place, in milliseconds, counted from the moment that we are told of the save. VS Code tells
 * one listener after the other, starts none later than 1,500 after the save began, and goes on by itself after 1,750
 * (extHostDocumentSaveParticipant.ts, mainThreadSaveParticipant.ts): whoever is told last may have 250 left.
 */
export const limits = {
  /** After this the waiting side gives up, unless the rename has been claimed. */
  saveGivesUp: 700,
  /** Until then VS Code cannot have begun to write, however late we were told: only until then is there a second try. */
  surelyBeforeWrite: 200,
  /** The participant resolves by then, whatever happens. */
  participantAnswers: 800,
  /** How long a clone may take to reach the disk before it is published without having reached it. */
  sync: 300,
  /** How long a save that has ended is not reported because its folder is on its way to the disk. Nobody waits. */
  directorySync: 2_000,
  /** What is left for the rename when the wait for the disk ends. */
  rename: 100,
  /** What staging and renaming one small file take the keeper, on a machine that is busy. */
  workPerSave: 3,
  /** How long a save waits for another window that saves the same file. */
  otherWindow: 350,
  /** How long a new version is waited for that a process which is just being started still has open for writing. */
  closedForWriting: 200,
  /** How long after a save has begun the editor's `open` is expected so soon that who waits must be known at once. */
  expectEditor: 1_000,
  /** Between two readings of the kernel's list of locks meanwhile; less than what RCU takes for a round at any tick rate. */
  betweenReadings: 2,
  /** How long another program's version, off the path, is waited for to be complete before it is copied as it is. */
  closedByOthers: 5_000,
  /** How long VS Code may take to encode a text that is not UTF-8. */
  encode: 100,
  /** How long programs that use a file are searched for, where the kernel does not tell at once. */
  search: 100,
  /** How long looking ahead gives way to saves that are under way: well within what an assessment may take. */
  lookingAheadWaits: 1_000,
  /** How long an assessment may take before the level is unknown. */
  assessment: 2_000,
  /** How often a sign of life is asked for from the keeper while an editor may be waiting for it. */
  keeperBeats: 300,
  /** So many that did not come in a row, and it is stuck: one alone may be a thread without a processor, the keeper's or ours. A number. */
  keeperMisses: 3,
  /** The same, if it is seen to wait for nothing but a processor: on a machine that is too busy, it is let be for longer. A number. */
  keeperStarves: 10,
  /** How long the other names of a file are searched for. The user can end it before. */
  joinSearch: 60_000,
  /** How long the stager searches at a stretch, before it looks after saves. */
  joinStretch: 4,
  /** A search that is over by then shows no progress. */
  joinQuiet: 500,
  /** How long nothing is ordered from the stager before it looks for what earlier processes have left. */
  recoveryQuiet: 2_000,
  /** How long one folder may take to be listed then; a dead mount may never be. */
  recoveryLook: 10_000,
  /** How long it is waited for whoever still writes what was left, before that is left to the next start. */
  recoveryWriters: 1_000,
  /** How soon old names are looked at again of which another window was removing one. */
  oldNamesAgain: 60_000,
  /** How long a stop waits for the keeper. */
  stop: 200,
} as const;

/**
 * Saves that the keeper works on at once; more wait their turn. Nearly all of a save's time is waiting for the disk, so
 * many can; each needs four descriptors.
 */
export const savesAtOnce = 128;

/** Clones on their way to the disk at once. Node's pool has four threads for all extensions of the host. */
export const syncsAtOnce = 2;

/**
 * How long to wait for a clone to reach the disk, in milliseconds; 0: not at all. Time is kept for the renames of all saves
 * that are under way: a *Save All* on a slow disk must not cost the last ones their clones.
 * @param left milliseconds until the save gives up
 * @param underWay saves that are being worked on or wait for their turn
 */
export function syncLimit(left: number, underWay: number): number {
  return Math.max(0, Math.min(limits.sync, left - limits.rename - underWay * limits.workPerSave));
}

/** How often the path is asked for that names are to be joined to; each time a save of it is waited for, up to `limits.otherWindow`. */
export const joinTries = 5;

/** Files whose separated names are remembered, on the disk, and for how many days. */
export const rememberedSeparations = { files: 200, days: 30 } as const;
/** A record of names that were left in a folder which is not there is dropped after so many days: not everything comes back. */
export const recordDays = 30;

/** Old names at once: of one file, of all, and the bytes of their files together, of which the newest may take more. The oldest go first. */
export const oldNames = { ofOneFile: 16, names: 200, bytes: 1 << 28 } as const;

/** Kept versions of which the user was told go after so many days; */
export const keptDays = 30;
/** earlier, the oldest first, if all of them are larger than so many bytes; */
export const keptBytes = 1 << 30;
/** but not before so many days. */
export const keptAtLeastDays = 1;

/** Files whose levels are remembered. */
export const rememberedLevels = 500;

/** Resources for which it is remembered what the settings say. */
export const rememberedSettings = 5_000;

/** How often it is worked out which files are open, in milliseconds: opening or saving many at once changes their tabs one by one. */
export const betweenWatchedLists = 50;

/** Files of one folder that are watched because the setting holdfast.watch names them. */
export const foundByPattern = 200;

/** Edits that are remembered of a document while it is not saved. */
export const rememberedEdits = 10_000;

/** Longer texts, in UTF-16 code units, are not compared with what programs have: they would have to be encoded each time they are saved. */
export const comparedText = 4_000_000;
