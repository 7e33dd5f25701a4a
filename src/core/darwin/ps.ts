/**
 * What ps(1) prints of processes, in the C locale and with `TZ=UTC0`. Total: any text in, Latin-1. Each column is asked for by an `-o` of its own: on
 * macOS, what is behind a `=` may be a heading to the end of the argument.
 */

export interface ListedStart {
  /** When it began, milliseconds since the epoch, whole seconds: the same each time it is asked. */
  readonly started: number;
}

export interface ProcessRow extends ListedStart {
  readonly parent: number;
  /** Its effective user. */
  readonly uid: number;
}

export interface CommandRow extends ListedStart {
  /** Its words, with one blank between them: where a word has a blank, it is two. */
  readonly words: readonly string[];
}

export const TABLE_COLUMNS = ['pid=', 'ppid=', 'uid=', 'lstart='] as const;
export const COMMAND_COLUMNS = ['pid=', 'lstart=', 'args='] as const;

const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';

/** As `strftime` writes `%c`. */
const START = String.raw`[A-Z][a-z]{2} +([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d):(\d\d) (\d{4})`;
// What cannot be a number of a user is one all the same on macOS: `nobody` is -2.
const TABLE_ROW = new RegExp(String.raw`^ *([1-9]\d{0,9}) +(\d{1,10}) +(-?\d{1,10}) +${START} *$`);
const COMMAND_ROW = new RegExp(String.raw`^ *([1-9]\d{0,9}) +${START} +(.*)$`);

/** By pid. Lines that are not as they should be are left out. */
export function parseProcessTable(text: string): ReadonlyMap<number, ProcessRow> {
  const rows = new Map<number, ProcessRow>();
  for (const line of text.split('\n')) {
    const [, pid, parent, uid, ...start] = TABLE_ROW.exec(line) ?? [];
    const started = startOf(start);
    if (started !== undefined) {
      rows.set(Number(pid), { parent: Number(parent), uid: Number(uid), started });
    }
  }
  return rows;
}

/** By pid; as `parseProcessTable`. A line feed in a command line ends its row: the rest is no row, or another process's twice, which is none either. */
export function parseCommands(text: string): ReadonlyMap<number, CommandRow> {
  const rows = new Map<number, CommandRow>();
  const twice = new Set<number>();
  for (const line of text.split('\n')) {
    const [, digits, ...rest] = COMMAND_ROW.exec(line) ?? [];
    const started = startOf(rest);
    const pid = Number(digits);
    if (started === undefined) {
      continue;
    }
    if (rows.has(pid)) {
      twice.add(pid);
    }
    rows.set(pid, { started, words: (rest[6] ?? '').split(' ').filter((word) => word !== '') });
  }
  for (const pid of twice) {
    rows.delete(pid);
  }
  return rows;
}

function startOf([month = '', day, hour, minute, second, year]: readonly string[]): number | undefined {
  const index = MONTHS.indexOf(month);
  if (month === '' || index % 3 !== 0) {
    return undefined;
  }
  const days = daysTo(Number(year), index / 3 + 1, Number(day));
  return (((days * 24 + Number(hour)) * 60 + Number(minute)) * 60 + Number(second)) * 1000;
}

/** Days from 1970-01-01 in the Gregorian calendar: years that begin in March have their leap day last. */
function daysTo(year: number, month: number, day: number): number {
  const shifted = month > 2 ? year : year - 1;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  const leaps = Math.floor(shifted / 4) - Math.floor(shifted / 100) + Math.floor(shifted / 400);
  return shifted * 365 + leaps + dayOfYear - 719_468;
}
