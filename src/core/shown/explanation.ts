import { inUse, type FileInUse } from '../holders/inUse';
import { reasonMessage, statusView, type StatusInput } from '../status';
import { message, texts, wouldChange, type Message } from '../text';
import { hoverParagraphs, type Moment } from './words';

/** How a file is guarded, as a short document. */
export interface Explanation {
  readonly title: Message;
  readonly sections: readonly { readonly heading: Message; readonly paragraphs: readonly Message[] }[];
}

export interface ExplanationInput {
  /** The file's base name. */
  readonly name: string;
  /** `undefined`: nobody has looked yet. */
  readonly status: StatusInput | undefined;
  readonly file: FileInUse | undefined;
  /** How many processes could not be looked into. */
  readonly closed: number;
  readonly at: Moment;
}

export function explanation(input: ExplanationInput): Explanation {
  const { name, status } = input;
  return {
    title: message(texts.explanationTitle, name),
    sections: [
      ...(status
        ? levelSections(status)
        : [{ heading: message(texts.whyHeading), paragraphs: [message(texts.levelUnknown)] }]),
      { heading: message(texts.holdersHeading), paragraphs: holdersParagraphs(input) },
    ],
  };
}

function levelSections(status: StatusInput): Explanation['sections'] {
  const { report } = status;
  const view = statusView(status);
  return [
    {
      heading: message(texts.levelHeading, view.levelWord),
      // At the other levels the sentence of the status bar says why.
      paragraphs: [
        view.tooltip,
        ...(report.level === 'gated' ? [message(texts.becauseOf, view.levelWord, reasonMessage(report))] : []),
      ],
    },
    { heading: message(texts.changeHeading), paragraphs: [message(wouldChange[report.reason])] },
  ];
}

function holdersParagraphs({ name, status, file, closed, at }: ExplanationInput): readonly Message[] {
  if (!file) return [message(texts.notLookedAt, name)];
  if (file.problem) return [message(texts.notWatched, name, file.problem.errno)];
  const unseen = closed === 0 ? [] : [closed === 1 ? message(texts.oneClosed) : message(texts.closedCount, closed)];
  if (!inUse(file))
    return [message(texts.noHolderOfIt), ...(file.uncertain ? [message(texts.uncertain), ...unseen] : [])];
  return [...hoverParagraphs(file, status?.report.level, at), ...(file.unnamed ? unseen : [])];
}
