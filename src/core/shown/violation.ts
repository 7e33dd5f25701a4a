/** What is said of another program that has changed a file in place, in whole sentences. */
import type { FileInUse } from '../holders/inUse';
import { message, notHealed, texts, type Message } from '../text';
import type { Change, Violation } from '../violations/violation';
import { inAList, programName } from './words';

/** Programs that are named; of the others there is a number. */
const namedAtMost = 3;

/**
 * @param name of the file
 * @param editor the process that writes files for VS Code
 */
export function violationMessage(name: string, violation: Violation, editor: number): Message {
  const { writers, holders, change } = violation;
  const who = writers.map(({ pid, program }) =>
    pid === editor ? message(texts.violatedByEditor) : named(program, pid),
  );
  const reads = holders.some(({ harm }) => harm === 'readsAsItRuns');
  return message(
    texts.violated,
    name,
    who.length === 0 ? message(texts.violatedByNobody) : inAList(who),
    listed(holders.map(({ program, process }) => named(program, process.pid))),
    changeMessage(change),
    consequence(message(reads ? texts.violatedReads : texts.violatedMaps), violation.healed),
  );
}

function consequence(feared: Message, healed: Violation['healed']): Message {
  if (!healed) return feared;
  if (healed.is === 'healed') return message(texts.violatedHealed);
  return message(texts.violatedNotHealed, feared, message(notHealed[healed.why]));
}

/** Whether any of those whom it reached still has any version of the file. */
export function isStillReached({ holders }: Violation, file: FileInUse | undefined): boolean {
  const there = [...(file?.current ? [file.current] : []), ...(file?.older ?? [])].flatMap(({ holders }) => holders);
  return holders.some(({ process: { pid, started } }) =>
    there.some(({ process }) => process.pid === pid && process.started === started),
  );
}

function named(program: string, pid: number): Message {
  return program === '' ? message(texts.violatedByNobody) : message(texts.programAndPid, programName({ program }), pid);
}

function listed(programs: readonly Message[]): Message {
  const more = programs.length - namedAtMost;
  const first = inAList(programs.slice(0, namedAtMost));
  return more > 0 ? message(texts.violatedMore, first, more) : first;
}

function changeMessage({ kind, lines }: Change): Message {
  if (kind === 'unknown' || lines === undefined) return message(texts.violatedUnknown);
  if (kind === 'appended')
    return lines === 1 ? message(texts.violatedAppendedLine) : message(texts.violatedAppended, lines);
  return lines === 1 ? message(texts.violatedLine) : message(texts.violatedLines, lines);
}
