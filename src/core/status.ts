import type { CommandName } from './contributions';
import { violationMessage } from './shown/violation';
import type { Violation } from './violations/violation';
import type { FileInUse } from './holders/inUse';
import { isShortfall, type GivenUp, type Level, type Lost, type Report } from './level';
import { countSentences, holdersOf, hoverParagraphs, inARow, staleHolders, type Moment } from './shown/words';
import { because, losses, message, noRoom, texts, unstoppable, type Message } from './text';

/** Who switched the guard off for a document. */
export type SwitchedOffBy =
  { readonly by: 'folder'; readonly folder: string } | { readonly by: 'workspace' | 'user' | 'default' };

export interface StatusInput {
  /** The file's base name, as the user sees it. */
  readonly name: string;
  readonly report: Report;
  /** Whether the report is of a save that happened, or of one that may come. */
  readonly when: 'foreseen' | 'reached';
  readonly switchedOffBy?: SwitchedOffBy;
}

/** What the status bar shows: values to be assigned, nothing to be decided. */
export interface StatusView {
  readonly icon: 'shield' | 'edit' | 'dash' | 'circle-slash' | 'warning';
  readonly label: Message;
  readonly tooltip: Message;
  readonly warning: boolean;
  /** What the level is called: `off` for a file that is not to be guarded. */
  readonly levelWord: Level | 'off';
  /** A command that the hover offers, and what it is called there. */
  readonly offer?: Offer;
}

export interface Offer {
  readonly command: CommandName;
  readonly label: Message;
}

/** The same, with who uses the file. */
export interface StatusItemView extends StatusView {
  /** What the hover says below the tooltip, a paragraph each. */
  readonly holders: readonly Message[];
  /** What is read out, without the label. */
  readonly spoken: Message;
  readonly offers: readonly Offer[];
}

export function statusView(input: StatusInput): StatusView {
  const view = levelView(input);
  if (!input.report.separated) return view;
  return {
    ...view,
    tooltip: message(texts.separatedTooltip, view.tooltip),
    offer: { command: 'holdfast.joinNames', label: message(texts.joinNames) },
  };
}

const always: readonly Offer[] = [
  { command: 'holdfast.showHolders', label: message(texts.holders) },
  { command: 'holdfast.explain', label: message(texts.explain) },
  { command: 'holdfast.showLog', label: message(texts.log) },
];

/** A violation that is not dealt with, and who is VS Code. */
export interface ShownViolation {
  readonly violation: Violation;
  readonly editor: number;
}

const aboutViolation: readonly Offer[] = [
  { command: 'holdfast.compareRunning', label: message(texts.compareRunning) },
  { command: 'holdfast.restoreRunning', label: message(texts.restoreRunning) },
  { command: 'holdfast.dismissViolation', label: message(texts.dismissViolation) },
];

/**
 * @param file what is known of who uses it
 * @param violated what another program has done to it
 */
export function statusItemView(
  input: StatusInput,
  file: FileInUse | undefined,
  at: Moment,
  violated?: ShownViolation,
): StatusItemView {
  const view = heldView(input, file, at);
  if (!violated) return view;
  const sentence = violationMessage(input.name, violated.violation, violated.editor);
  const hasCopy = violated.violation.running !== undefined;
  const healed = violated.violation.healed?.is === 'healed';
  return {
    ...view,
    ...(healed ? {} : { icon: 'warning' as const, warning: true }),
    label: message(healed ? texts.healedLabel : texts.violatedLabel, statusView(input).label),
    holders: [sentence, ...view.holders],
    spoken: inARow([sentence, view.spoken]),
    offers: [...(hasCopy ? aboutViolation : aboutViolation.slice(-1)), ...view.offers],
  };
}

function heldView(input: StatusInput, file: FileInUse | undefined, at: Moment): StatusItemView {
  const view = statusView(input);
  const offers = [...(view.offer ? [view.offer] : []), ...always];
  const counts = file ? countSentences(file) : [];
  if (!file || counts.length === 0) return { ...view, holders: [], spoken: view.tooltip, offers };
  const behind = staleHolders(file).length > 0 || file.unnamed;
  return {
    ...view,
    label: heldLabel(view.label, file),
    ...(behind ? { icon: 'warning', warning: true } : {}),
    holders: hoverParagraphs(file, view.levelWord === 'off' ? 'direct' : view.levelWord, at),
    spoken: inARow([view.tooltip, ...counts]),
    offers,
  };
}

function heldLabel(level: Message, file: FileInUse): Message {
  const stale = staleHolders(file).length;
  const count = holdersOf(file).length;
  if (stale > 0) return message(texts.staleLabel, level, stale);
  if (!file.unnamed) return message(texts.heldLabel, level, count);
  return count === 0 ? message(texts.heldByOthersLabel, level) : message(texts.heldAndOthersLabel, level, count);
}

function levelView(input: StatusInput): StatusView {
  const off = input.report.reason === 'switchedOff' || input.report.reason === 'neverGuarded';
  return { ...levelLooks(input), levelWord: off ? 'off' : input.report.level };
}

function levelLooks(input: StatusInput): Omit<StatusView, 'levelWord' | 'offer'> {
  const { name, report } = input;
  if (report.reason === 'switchedOff') {
    const tooltip = message(texts.offTooltip, name, offBy(input.switchedOffBy));
    return { icon: 'circle-slash', label: message(texts.off), tooltip, warning: false };
  }
  const why = reasonMessage(report);
  if (report.reason === 'neverGuarded') {
    const tooltip = message(texts.neverTooltip, name, why);
    return { icon: 'circle-slash', label: message(texts.off), tooltip, warning: false };
  }
  if (report.reason === 'vetoed' || report.reason === 'noRoom') return noRoomView(input, why);
  switch (report.level) {
    case 'gated': {
      const caught = isShortfall(report.reason) && input.when === 'reached';
      return {
        icon: caught ? 'warning' : 'shield',
        label: message(texts.gated),
        tooltip: caught ? caughtMessage(report, name) : withGivenUp(input, message(texts.gatedTooltip, name)),
        warning: caught,
      };
    }
    case 'detached':
      return {
        icon: 'shield',
        label: message(texts.detached),
        tooltip: withGivenUp(input, message(texts.detachedTooltip, name, why)),
        warning: false,
      };
    case 'none':
      return {
        icon: 'dash',
        label: message(texts.none),
        tooltip: message(texts.noneTooltip, name, why),
        warning: false,
      };
    case 'direct': {
      const { held = false } = report;
      const warning = held || (isShortfall(report.reason) && input.when === 'reached');
      const warned = input.when === 'reached' ? texts.shortfallTooltip : texts.heldTooltip;
      return {
        icon: warning ? 'warning' : 'edit',
        label: message(texts.direct),
        tooltip: withGivenUp(input, message(warning ? warned : texts.directTooltip, name, why)),
        warning,
      };
    }
  }
}

function noRoomView({ name, report, when }: StatusInput, why: Message): ReturnType<typeof levelLooks> {
  const view = { icon: 'warning', label: message(texts.noRoom), warning: true } as const;
  if (report.reason === 'vetoed') {
    return { ...view, tooltip: message(when === 'reached' ? texts.vetoedTooltip : texts.toBeVetoedTooltip, name, why) };
  }
  if (when === 'reached') return { ...view, tooltip: message(texts.overwrittenTooltip, name, why) };
  const clause = message(unstoppable[report.unstoppable ?? 'leases']);
  return { ...view, tooltip: message(texts.unstoppableTooltip, name, why, clause) };
}

/** Of a save that was stopped. */
export function vetoedMessage(name: string, report: Report): Message {
  return message(texts.vetoed, name, reasonMessage(report));
}

function roomMessage({ reason, room, error }: Report): Message {
  if (room && error?.errno === 'EDQUOT') return message(noRoom.quota, sizeText(room.needed));
  // A file system that counts in another way than it fills up.
  if (room && room.free < room.needed) return message(noRoom.counted, sizeText(room.needed), sizeText(room.free));
  return message(because[reason]);
}

/** As disks are sold: in powers of a thousand. */
function sizeText(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  return `${power === 0 ? String(bytes) : (bytes / 1000 ** power).toFixed(1)} ${units[power] ?? ''}`;
}

function caughtMessage({ reason, counts }: Report, name: string): Message {
  return reason === 'writersCaught'
    ? message(texts.racedTooltip, name)
    : message(texts.caughtTooltip, name, counts?.residual ?? 0);
}

function withGivenUp({ report, when }: StatusInput, tooltip: Message): Message {
  return (report.givesUp ?? []).reduce((before, givenUp) => givenUpMessage(before, givenUp, when), tooltip);
}

function givenUpMessage(before: Message, givenUp: GivenUp, when: StatusInput['when']): Message {
  const [foreseen, reached] = givenUpTexts[givenUp.what];
  const text = when === 'reached' ? reached : foreseen;
  return givenUp.what === 'attribute' ? message(text, before, lostMessage(givenUp.lost)) : message(text, before);
}

/** Before and after a save. */
const givenUpTexts = {
  otherNames: [texts.otherNamesTooltip, texts.otherNamesTooltip],
  mounts: [texts.mountsTooltip, texts.mountsTooltip],
  owner: [texts.ownerTooltip, texts.ownerChangedTooltip],
  group: [texts.groupTooltip, texts.groupChangedTooltip],
  attribute: [texts.attributeTooltip, texts.attributeGoneTooltip],
} as const satisfies Record<GivenUp['what'], readonly [foreseen: string, reached: string]>;

/** What a new file cannot be given. */
export function lostMessage({ what, name }: Lost): Message {
  return message(losses[what], name);
}

/** The clause after "because". */
export function reasonMessage(report: Report): Message {
  if (report.reason === 'wouldLose' && report.lost) {
    return message(because.wouldLose, lostMessage(report.lost));
  }
  if (report.reason === 'vetoed' || report.reason === 'noRoom') return roomMessage(report);
  if (report.reason === 'neverGuarded') return message(because.neverGuarded, report.pattern ?? '?');
  return message(because[report.reason], report.error?.errno ?? '?');
}

function offBy(who: SwitchedOffBy | undefined): Message {
  switch (who?.by) {
    case 'folder':
      return message(texts.offByFolder, who.folder);
    case 'workspace':
      return message(texts.offByWorkspace);
    case 'user':
      return message(texts.offByUser);
    default:
      return message(texts.offByDefault);
  }
}
