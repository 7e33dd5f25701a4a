import type { Report } from './level';
import type { Answer, Question } from './options';
import { lostMessage } from './status';
import { message, texts, type Message } from './text';

/** One button of a question, and what it answers. */
export interface Choice {
  readonly label: Message;
  readonly answer: Answer;
  /** For good, and not only for this file while the window is open. */
  readonly always: boolean;
}

interface Choices {
  /** The answer that nothing is to be given up, and its buttons. */
  readonly keep: Answer;
  readonly once: string;
  readonly always: string;
}

const choices = {
  hardLinks: { keep: 'keepNames', once: texts.keepNames, always: texts.alwaysKeepNames },
  owner: { keep: 'keepOwner', once: texts.keepOwner, always: texts.alwaysKeepOwner },
  attributes: { keep: 'keepAttributes', once: texts.keepAttributes, always: texts.alwaysKeepAttributes },
} as const satisfies { [Q in Question]: Choices & { keep: Answer<Q> } };

/** The question in words, for the file of this name. */
export function questionMessage(question: Question, report: Report, name: string): Message {
  switch (question) {
    case 'hardLinks':
      return message(texts.askHardLinks, name);
    case 'owner': {
      const isOwner = report.givesUp?.some(({ what }) => what === 'owner');
      return message(texts.askOwner, name, message(isOwner ? texts.anotherOwner : texts.anotherGroup));
    }
    case 'attributes':
      return message(texts.askAttributes, name, report.lost ? lostMessage(report.lost) : '?');
  }
}

/** @param forGood whether a setting may be written */
export function choicesOf(question: Question, forGood: boolean): readonly Choice[] {
  const { keep, once, always } = choices[question];
  const now: readonly Choice[] = [
    { label: message(once), answer: keep, always: false },
    { label: message(texts.newFile), answer: 'newFile', always: false },
  ];
  if (!forGood) return now;
  return [
    ...now,
    { label: message(always), answer: keep, always: true },
    { label: message(texts.alwaysNewFile), answer: 'newFile', always: true },
  ];
}
