/**
 * Every text that a person sees, in English. The shell translates `text` by VS Code's l10n with `args` for `{0}`, `{1}`…;
 * `l10n/bundle.l10n.json` is made from this table.
 */
import type { LeftWhy } from './join';
import type { Loss } from './ports';
import type { Reason } from './level';
import type { Unstoppable } from './veto';
import type { NotHealed } from './violations/violation';

export interface Message {
  readonly text: string;
  readonly args: readonly (string | number | Message)[];
}

export function message(text: string, ...args: Message['args']): Message {
  return { text, args };
}

/** Why the level is what it is: a clause that follows "because". */
export const because = {
  gated: 'the new version can be put in its place whole',
  notSaved: 'the last save did not happen',
  readersCaught: 'programs had opened it in the same instant',
  writersCaught: 'another program wrote it in the same instant',
  otherWindow: 'another window was saving it at the same time',
  bytesUnknown: 'what is written for this kind of document is not known before',
  noLeases: 'this file system cannot hold back a program that opens the file',
  leasesOff: 'this system is set so that no program that opens a file can be held back',
  leasesForOwner: 'only the owner of a file may hold back programs that open it',
  gateRefused: 'the system did not let Holdfast hold back programs that open it ({0})',
  gateStopped: 'a background thread of Holdfast has stopped; reload the window to start it again',
  switchedOff: 'Holdfast is switched off for it by a setting',
  neverGuarded: 'a pattern of the setting holdfast.never names it ({0})',
  notHeld: 'no program uses it, and the setting holdfast.when asks for no more',
  unannounced: 'this editor saves without telling extensions',
  platform: 'Holdfast cannot copy a file with everything it carries on this operating system yet',
  library: 'this package of Holdfast contains no system calls for this machine',
  hardLinks: 'the file has more than one name (hard links), and a copy would separate them',
  mountPoint: 'the file is mounted by itself, as containers do, and cannot be replaced',
  directoryNotWritable: 'no new file can be made in its folder',
  stickyDirectory: 'its folder lets only the owner replace the file',
  foreignOwner: 'the file belongs to another user, and a copy would change its owner',
  foreignGroup: 'the file belongs to a group that a copy could not be given',
  wouldLose: 'a copy would lose something that the file carries ({0})',
  notReadable: 'the file cannot be read, so it cannot be copied',
  noRoom: 'there is no room on its disk for a new version',
  vetoed: 'there is no room on its disk for a new version',
  tooSlow: 'the copy was not ready in time',
  busy: 'an earlier save on a slow or stuck disk has not ended yet',
  changedMeanwhile: 'another program kept changing the file meanwhile',
  passedBy: 'another program had just put another file in its place',
  otherWriter: 'another program was writing it at the same time',
  keeperStopped: 'Holdfast’s background thread has stopped; reload the window to start it again',
  failed: 'the system refused ({0})',
  newFile: 'there is no file yet that a program could be using',
  notRegular: 'this is not a regular file',
  sealed: 'the file is protected against changes by a file attribute',
  synthetic: 'the system makes this file up; it is not on a disk',
} as const satisfies Record<Reason, string>;

const nothingWould = 'Nothing needs to change: this is the best that a save can be given.';
const reloadWould = 'Reload the window: that starts the thread again.';
const notAFile = 'Nothing: only regular files on a disk can be guarded.';
const nextSaveMay = 'The next save may get more: that was so for the last one only.';
const hardLinksWould =
  'A file with one name only. While a program uses it, the setting holdfast.hardLinks says whether a save makes a new file.';
const ownerWould =
  'A file of your own. While a program uses it, the setting holdfast.owner says whether a save makes a new file.';

const roomWould = 'Room for a second copy of the file on its disk.';

/** What would change the level: sentences. */
export const wouldChange = {
  gated: nothingWould,
  notSaved: nothingWould,
  readersCaught: nextSaveMay,
  writersCaught: nextSaveMay,
  otherWindow: nextSaveMay,
  bytesUnknown: 'Nothing, for this kind of document; as a text document the file would be gated.',
  noLeases: 'A file system on a disk of this machine, such as ext4, XFS or Btrfs.',
  leasesOff: 'The administrator can switch leases on: the sysctl fs.leases-enable.',
  leasesForOwner: 'A file of your own, or the right to take leases on the files of others (CAP_LEASE).',
  gateRefused: nextSaveMay,
  gateStopped: reloadWould,
  switchedOff: 'The setting holdfast.enabled.',
  neverGuarded: 'The setting holdfast.never, without a pattern that names the file.',
  notHeld: 'The setting holdfast.when; or a program that uses the file.',
  unannounced:
    'Nothing that Holdfast could do: the editor would have to tell extensions before it saves this document.',
  platform: 'Nothing yet: Holdfast guards files on Linux.',
  library: 'The package of Holdfast for this machine, if there is one.',
  hardLinks: hardLinksWould,
  mountPoint: 'Edit the file under a name where it is not mounted by itself, as outside of the container.',
  directoryNotWritable: 'The right to make new files in its folder.',
  stickyDirectory: 'A folder that is not sticky; or save it as the owner of the file.',
  foreignOwner: ownerWould,
  foreignGroup: ownerWould,
  wouldLose:
    'While a program uses it, the setting holdfast.attributes says whether a save makes a new file without that.',
  notReadable: 'The right to read the file.',
  noRoom: roomWould,
  vetoed: roomWould,
  tooSlow: 'A faster disk, or a disk with less to do. The next save may be in time.',
  busy: 'The end of the earlier save.',
  changedMeanwhile: nextSaveMay,
  otherWriter: nextSaveMay,
  passedBy: nextSaveMay,
  keeperStopped: reloadWould,
  failed: 'Holdfast’s log says what the system refused.',
  newFile: 'Save it: from then on it is guarded.',
  notRegular: notAFile,
  sealed: 'The file attribute removed (chattr -i, chattr -a).',
  synthetic: notAFile,
} as const satisfies Record<Reason, string>;

export const losses = {
  owner: 'owner',
  group: 'group',
  mode: 'permissions',
  access: 'access list',
  attribute: 'attribute {0}',
  flags: 'file flags {0}',
  project: 'project id',
  times: 'times',
  bytes: 'content',
} as const satisfies Record<Loss['what'], string>;

/** Why a file was not healed: completes "It could not be healed: …". */
export const notHealed = {
  noCopy: 'what it had before is not known completely',
  moved: 'there is another file at the path now',
  otherNames:
    'the file has other names, or is mounted by itself, and through which of them it was written is not known',
  fileSystem: 'its file system does not tell for certain who uses a file',
  owner: 'it is another user’s file',
  holders: 'what ran from it has ended',
  saving: 'it was just being saved',
  otherWindow: 'another window sees to it',
  attributes: 'a new file cannot be given all its attributes',
  written: 'it was written again, each time',
  busy: 'another program keeps it open',
  error: 'the system refused; Holdfast’s log says what',
} as const satisfies Record<NotHealed, string>;

/** Why there is no new version, where more is known: a clause that follows "because". */
export const noRoom = {
  counted: 'there is no room on its disk for a new version ({0} needed, {1} free)',
  quota: 'your quota leaves no room for a new version ({0} needed)',
} as const;

/** Why the editor is not stopped from writing where there is no room: a clause. */
export const unstoppable = {
  leases: 'no program that opens a file can be held back there',
  editor: 'VS Code’s process cannot be reached from here',
  privileged: 'it is allowed to write whatever the permissions say',
  attribute: 'it is allowed to write whatever the permissions say, and the file system knows no other protection',
  otherUser: 'the file belongs to another user',
} as const satisfies Record<Unstoppable, string>;

/** What became of a name that was not joined: a clause. */
export const leftAlone = {
  changed: '{0} was changed since, and is left as it is',
  replaced: '{0} leads to another file by now',
  otherMount: '{0} is on another mount',
  tooManyNames: 'the file system allows no more names for {0}',
  notPermitted: '{0} may not be replaced ({1})',
  mountPoint: '{0} is mounted by itself, as containers do',
  notSupported: 'the file system cannot exchange {0} in one step',
  failed: 'the system refused {0} ({1})',
} as const satisfies Record<LeftWhy, string>;

export const texts = {
  itemName: 'Holdfast: level and holders of the current file',
  gated: 'Holdfast: gated',
  detached: 'Holdfast: detached',
  direct: 'Holdfast: direct',
  none: 'Holdfast: none',
  off: 'Holdfast: off',
  noRoom: 'Holdfast: no room',
  gatedTooltip:
    '{0}: a save is there for others when it is complete, and not before. Programs that use the file now keep the version that they have.',
  caughtTooltip:
    '{0}: during the last save, programs that had opened the file in the same instant kept it open for so long that they may have seen it change ({1}).',
  racedTooltip:
    '{0}: another program wrote this file in the same instant as the last save. Look at the file: what that program wrote may be missing.',
  detachedTooltip:
    '{0}: a save goes to a new copy of the file. Programs that use it now keep the version that they have; one that opens it during the save may find it incomplete, because {1}.',
  directTooltip: '{0}: a save changes the file in place, because {1}. Programs that use it now will see the change.',
  otherNamesTooltip: '{0} Its other names (hard links) keep the old version.',
  mountsTooltip: '{0} Where it is mounted by itself, as in containers, the old version stays.',
  ownerTooltip: '{0} The file will then belong to you.',
  ownerChangedTooltip: '{0} The file belongs to you now.',
  groupTooltip: '{0} Its group will then be one of yours, with no more access than everybody has.',
  groupChangedTooltip: '{0} Its group is one of yours now, with no more access than everybody has.',
  attributeTooltip: '{0} The file will then be without its {1}.',
  attributeGoneTooltip: '{0} The file is without its {1} now.',
  heldTooltip: '{0}: a program uses this file now, and a save will change it under that program, because {1}.',
  shortfallTooltip: '{0}: the last save changed the file in place, because {1}. Programs that used it saw the change.',
  toBeVetoedTooltip: '{0}: a save will be stopped before it changes anything, because {1}. Make room there first.',
  vetoedTooltip: '{0}: the last save was stopped before it changed anything, because {1}.',
  unstoppableTooltip:
    '{0}: a save may destroy the file, because {1}. VS Code empties a file before it writes it, and cannot be stopped here: {2}. Make room there first.',
  overwrittenTooltip: '{0}: VS Code has emptied the file before it wrote it, because {1}. Look whether it is complete.',
  vetoed:
    '{0} was not saved, because {1}. The file is as it was, and your text is still in the editor. Make room there, and save again: until then “Retry” and “Overwrite” are stopped, too, but “Retry as Sudo” would overwrite the file.',
  noneTooltip: '{0}: there is nothing to guard, because {1}.',
  offTooltip:
    '{0}: Holdfast is switched off by {1}. A save changes the file in place; programs that use it now will see the change.',
  neverTooltip:
    '{0}: Holdfast does not guard it, because {1}. A save changes the file in place; programs that use it now will see the change.',
  offByFolder: 'the settings of the folder {0}',
  offByWorkspace: 'the workspace settings',
  offByUser: 'the user settings',
  offByDefault: 'a changed default',
  askHardLinks:
    '{0} has other names (hard links), and a program uses it. Shall saves change it under that program, so that all names stay one file, or make a new file of this name? Until you answer they make a new file, and the other names keep the old version.',
  askOwner:
    '{0} belongs to {1}, and a program uses it. Shall saves change it under that program, so that owner and group stay, or make a new file of your own? Until you answer they make a new file.',
  anotherOwner: 'another user',
  anotherGroup: 'a group that you cannot give to a new file',
  askAttributes:
    '{0} carries something that you cannot give to a new file ({1}), and a program uses it. Shall saves change it under that program, so that nothing is lost, or make a new file without it? Until you answer they change it.',
  keepNames: 'Keep One File',
  keepOwner: 'Keep the Owner',
  keepAttributes: 'Keep the Attributes',
  newFile: 'Make a New File',
  alwaysKeepNames: 'Always Keep One File',
  alwaysKeepOwner: 'Always Keep the Owner',
  alwaysKeepAttributes: 'Always Keep the Attributes',
  alwaysNewFile: 'Always Make a New File',
  separated: '{0} has other names (hard links) that still lead to the old version.',
  separatedTooltip: '{0} Other names of it (hard links) still lead to an old version.',
  joinNames: 'Join the Names Again',
  joining: 'Looking for the other names of {0}…',
  joinedAll: 'All names of {0} are one file again.',
  joinedSome: '{0} of {1} other names of {2} lead to the new version now: {3}.',
  namesElsewhere: 'the rest was not found in the folders that were searched',
  noneFound: 'None of the other names of {0} was found in the folders that were searched.',
  namesNotInTime: 'the rest was not found before the time for the search was over',
  noneInTime: 'None of the other names of {0} was found before the time for the search was over.',
  searchOn: 'Search Another Folder…',
  searchHere: 'Search',
  noFileToJoin: 'There is nothing to join: no file on this machine is open in the current tab.',
  nothingToJoin: 'There is nothing to join: no save is known that has separated {0} from other names.',
  nothingToJoinTo: 'There is nothing to join the other names to: {0} is not a regular file any more.',
  notJoinedHere: 'The names of {0} cannot be joined, because {1}.',
  joinBusy: 'The names of {0} could not be joined while it is being saved. Try it again after that.',
  click: 'Click to see who uses files.',
  log: 'Show Log',
  holders: 'Show Holders',
  explain: 'Explain',
  inARow: '{0} {1}',
  inAList: '{0}, {1}',
  heldLabel: '{0} · held by {1}',
  heldByOthersLabel: '{0} · held',
  heldAndOthersLabel: '{0} · held by {1} and others',
  staleLabel: '{0} · {1} on old version',
  oneHolder: '1 program uses it.',
  holdersCount: '{0} programs use it.',
  oneStale: '1 program still has an older version.',
  staleCount: '{0} programs still have an older version.',
  unnamed: 'A program that you may not inspect uses it.',
  noHolder: 'No program is seen to use {0}.',
  noHolderOfIt: 'No program is seen to use it.',
  uncertain: 'The system does not tell whether that is all: somebody may use it who is not seen.',
  oneClosed: '1 process could not be looked into: it is another user’s, or protected.',
  closedCount: '{0} processes could not be looked into: they are other users’, or protected.',
  noHolders: 'No program is seen to use a file that Holdfast looks at.',
  notLookedAt: 'Who uses {0} is not known: Holdfast does not look at it.',
  notWatched: 'Who uses {0} is not known, because the system refused ({1}).',
  moreHolders: '… and {0} more.',
  thisFile: 'this file',
  versionOf: 'this file’s version of {0}',
  runsTo: '{0} (pid {1}) is running {2}, since {3}, and has read up to line {4}.',
  runsAhead: '{0} (pid {1}) is running {2}, since {3}, and has read ahead, by blocks, up to line {4}.',
  runs: '{0} (pid {1}) is running {2}, since {3}.',
  runsHarmBelow: 'It reads the file as it runs: an in-place edit below line {0} would be executed.',
  runsHarmAhead:
    'It reads the file as it runs: what an in-place edit puts behind the part that it has read would be executed.',
  runsHarm: 'It reads the file as it runs: an in-place edit would be executed.',
  maps: '{0} (pid {1}, running since {3}) executes {2} or has it mapped.',
  mapsHarm: 'An in-place edit would change it in the program’s memory, and a shorter file would crash the program.',
  opens: '{0} (pid {1}, running since {3}) has {2} open.',
  opensHarm: 'It would see an in-place edit.',
  loads: '{0} (pid {1}) is running {2}, since {3}, and has read it to its end.',
  loadsUnknown:
    '{0} (pid {1}) is running {2}, since {3}, and has read it to its end, before it was last changed: which version it has is not known.',
  loadsHarm: 'No edit reaches it: it goes on with what it has read.',
  staleHarm: 'What you save does not reach it: it keeps that version until it ends or opens the file again.',
  saveIsSafe: 'Your save is safe: it goes to a new copy.',
  saveIsDirect: 'Your save would change it under the program.',
  saveIsDirectForAll: 'Your save would change it under these programs.',
  fileLabel: '{0}. {1}',
  currentVersion: 'Current version',
  versionItem: 'Version of {0}',
  unnamedItem: 'Unknown program',
  unnamedItemMore: 'you may not inspect it',
  unnamedItemLabel: 'Unknown program, you may not inspect it',
  unnamedItemTooltip:
    'The system tells that somebody uses this file, but not who: a process of another user, or one that is protected.',
  holderItem: '{1} · pid {0} · since {2}',
  holderItemLabel: '{0}, process {1}, {2}, since {3}',
  holderItemLabelStale: '{0}, process {1}, has an older version, {2}, since {3}',
  shortRunsTo: 'read to line {0}',
  shortRunsAhead: 'read ahead to line {0}',
  shortRuns: 'reads it as it runs',
  shortMaps: 'executes or maps it',
  shortOpens: 'has it open',
  shortLoads: 'has read all of it',
  inUseBadge: 'In use: {0}',
  staleBadge: 'An older version is in use: {0}',
  programAndPid: '{0} ({1})',
  unnamedShort: 'a program that you may not inspect',
  explanationTitle: 'How {0} Is Guarded',
  levelHeading: 'Level: {0}',
  whyHeading: 'Why',
  becauseOf: 'The level is {0}, because {1}.',
  changeHeading: 'What would change it',
  holdersHeading: 'Who uses it',
  levelUnknown: 'The level is not known yet: save or show the file again.',
  noFileToExplain: 'There is nothing to explain: no file on this machine is open in the current tab.',
  noFileToShow: 'No file on this machine is open in the current tab.',
  chooseHolder: 'Which program?',
  noTerminal: 'None of the programs that use files here runs in an integrated terminal.',
  noneToEnd: 'None of the programs that use files here is yours to end.',
  terminalGone: 'The terminal of {0} (pid {1}) is not there any more.',
  endQuestion: 'End {0} (pid {1})?',
  endDetail: 'It uses {0}, and runs since {1}. It is asked to end (SIGTERM), and may leave its work half done.',
  endProcess: 'End Process',
  endedBefore: '{0} (pid {1}) had already ended.',
  notEnded: '{0} (pid {1}) could not be asked to end: {2}.',
  stillRuns: '{0} was saved. {1} (pid {2}, since {3}) still runs {4}.',
  stillUses: '{0} was saved. {1} (pid {2}, since {3}) still uses {4}.',
  theVersionOf: 'the version of {0}',
  oneMoreStale: '1 more program has an older version.',
  moreStale: '{0} more programs have an older version.',
  rerun: 'Rerun in Terminal',
  reloadUnit: 'Reload {0}',
  sendSignal: 'Send {0}',
  ignoreProgram: 'Ignore {0}',
  chooseAction: 'What to do about {0} (pid {1})',
  noneStale: 'No program is seen to have an older version of a file that Holdfast looks at.',
  comparison: '{0}: what {1} ({2}) runs ↔ current',
  versionGone:
    'There is nothing to compare: {0} (pid {1}) has read its version to the end, and nobody has that file any more.',
  versionTooLarge: 'What {0} (pid {1}) runs is too large to be compared here.',
  versionNotText: 'What {0} (pid {1}) runs is not text.',
  versionNotRead: 'What {0} (pid {1}) runs could not be read: {2}.',
  nothingSent: '{0} (pid {1}) had already ended. Nothing was sent.',
  signalSent: '{0} was sent to {1} (pid {2}).',
  signalNotCaught: '{1} (pid {2}) does not catch {0} any more, and would end. Nothing was sent.',
  signalNotSent: '{0} could not be sent to {1} (pid {2}): {3}.',
  unitReloaded: '{0} was reloaded.',
  unitNotReloaded: '{0} could not be reloaded: {1}.',
  unitGone: '{0} (pid {1}) belongs to no unit that can be reloaded any more. Nothing was done.',
  noRerun: '{0} (pid {1}) cannot be rerun: its terminal does not tell which command it runs in. Nothing was done.',
  noPrompt:
    '{0} (pid {1}) was interrupted, but the prompt of its terminal did not come within {2} seconds. Nothing was started.',
  notInterrupted: '{0} (pid {1}) was interrupted, but goes on. Nothing was started.',
  ignoredNow: '{0} is ignored here from now on: it has an entry in the setting holdfast.reopen.ignore.',
  notIgnored: '{0} could not be written to the setting holdfast.reopen.ignore: {1}.',
  invalidSetting: 'The setting {0} must be {1}. Its default is used until it is corrected.',
  openSettings: 'Open Settings',
  keeperDied: 'Holdfast’s background thread has stopped. Saves change files in place until the window is reloaded.',
  gateDied:
    'A background thread of Holdfast has stopped. Until the window is reloaded, programs that open a file while it is saved may find it incomplete.',
  reload: 'Reload Window',
  kept: 'Another program changed {0} while it was being saved. Its version was kept.',
  notKept: 'Another program changed {0} while it was being saved. Its version could not be kept: {1}.',
  compare: 'Compare',
  untold: 'Versions of files were kept that you have not seen yet: {0}.',
  showKept: 'Show Kept Versions',
  noneKept: 'No versions are kept: no save has displaced another program’s version, or was interrupted.',
  keptUnknown: 'The kept versions cannot be listed now. Holdfast’s log says why.',
  chooseKept: 'Kept versions of files, the newest first',
  keptOf: 'What to do with the version of {0}',
  keptOtherProgram: 'another program’s version, which a save displaced',
  keptInterrupted: 'left by a save that was interrupted',
  keptRestored: 'what was there before another version was restored',
  compareKept: 'Compare with the Current File',
  restoreKept: 'Restore',
  restoreKeptDetail: 'Puts it into the editor; what is on the disk now is kept, and is replaced when you save.',
  restoreGoneDetail: 'Puts it back; there is no such file now.',
  deleteKept: 'Delete',
  deleteKeptQuestion: 'Delete this version of {0}? It cannot be brought back.',
  notText: '{0} cannot be edited as text. Its kept version is {1}.',
  notRestored: 'The version of {0} was not restored: {1}.',
  violated: '{1} changed {0} in place while {2} ran from it: {3}. {4}',
  violatedByEditor: 'VS Code itself',
  violatedByNobody: 'A program',
  violatedLine: '1 line is different',
  violatedLines: '{0} lines are different',
  violatedAppendedLine: '1 line was added at the end',
  violatedAppended: '{0} lines were added at the end',
  violatedUnknown: 'what is different is not known',
  violatedReads: 'What was written may be executed by it.',
  violatedMaps: 'It sees the change in its memory, and a shorter file may crash it.',
  violatedHealed:
    'This was healed: the file has what was written, and what runs has what it had before. It reads the new version when it is started again.',
  violatedNotHealed: '{0} It could not be healed: {1}.',
  healFinished:
    'Holdfast was stopped while it healed {0}, which another program had changed in place. That is done now: the file has what was written, and what ran from it has what it had before.',
  healUndone:
    'Holdfast was stopped while it healed {0}, which another program had changed in place. The file has what was written, and so has what ran from it.',
  healedLabel: '{0} · changed while running, healed',
  violatedMore: '{0} and {1} more',
  violatedLabel: '{0} · changed while running',
  violatedItem: 'changed in place while running',
  healedItem: 'changed in place while running, and healed',
  compareRunning: 'Compare with What Is Running',
  restoreRunning: 'Restore the Running Version',
  ignoreViolations: 'Don’t Warn for This File',
  dismissViolation: 'Dismiss',
  runningTitle: '{0}: What Is Running ↔ The File',
  runningGone: 'What the programs had of {0} was not kept, or is kept no longer.',
  noViolation: 'No other program is known to have changed {0} in place.',
  noFileToCompare: 'No file on this machine is open in the current tab.',
  notTextToRestore: '{0} cannot be edited as text.',
  editRefused: '{0} was not restored: VS Code did not take the edit.',
  notTextToCompare: 'What the programs have of {0} is not text.',
  settingNotWritten: 'The setting could not be written: {0}.',
  notDeleted: 'The version of {0} was not deleted: {1}.',
} as const;

/** Puts the arguments in, in English: for the log, and for tests. */
export function english({ text, args }: Message): string {
  return text.replace(/\{(\d+)\}/g, (placeholder, index: string) => {
    const value = args[Number(index)];
    if (value === undefined) return placeholder;
    return typeof value === 'object' ? english(value) : String(value);
  });
}
