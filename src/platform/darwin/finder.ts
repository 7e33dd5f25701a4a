import { executableOf, isRegular, verdictOf } from '../../core/darwin/evidence';
import { FIELDS, parseListing, type ListedFile, type ListedProcess } from '../../core/darwin/lsof';
import {
  COMMAND_COLUMNS,
  parseCommands,
  parseProcessTable,
  TABLE_COLUMNS,
  type ProcessRow,
} from '../../core/darwin/ps';
import { SystemError } from '../../core/errors';
import type { Holder, ProcessKey, ReadUpTo } from '../../core/holders/holder';
import type { Inspected } from '../../core/holders/inspected';
import { lookout } from '../../core/holders/limits';
import type { Candidate } from '../../core/holders/named';
import type { Found, HolderFinder, Pin } from '../../core/holders/ports';
import type { Held } from '../../core/ports';
import { PathPin, pathPin } from '../portable/pin';
import { ask } from '../portable/run';

/** Where the programs are that are asked. */
export interface Programs {
  readonly lsof: string;
  readonly ps: string;
}

/** No warnings, no names of hosts and ports looked up, positions instead of sizes. */
const QUIET = ['-w', '-n', '-P', '-o', `-F${FIELDS}`] as const;

/** lsof ends with 1 where one of the files or processes is not there, or nobody has one. */
const LSOF_STATUSES = [0, 1];
/** ps does where no process is. */
const PS_STATUSES = [0, 1];

/** A process of which the start before and after it was looked at is the same: so it is one process that was seen. */
interface Seen extends ListedProcess {
  readonly started: number;
  readonly words: readonly string[];
}

/**
 * Finds holders by asking lsof(8) and ps(1), as macOS has them. Files are compared by device and inode, as lsof tells them. First those processes are
 * found that have one of the files, by the files' paths; then all that these and the holders known before have is listed, between two looks at when they
 * began. So who has a version that is no longer at its path goes on to be found, if he was before.
 *
 * Not found: who has loaded a script and closed it; who has only older versions, unless he was known; processes of other users, which are counted, unless we
 * are root. Not told: where bash will read on.
 */
export class LsofHolderFinder implements HolderFinder {
  readonly #programs: Programs;
  readonly #uid: number;
  /** Who had each pin when it was looked last, as `keyOf`. */
  #known: ReadonlyMap<PathPin, ReadonlySet<string>> = new Map();

  constructor(programs: Programs) {
    this.#programs = programs;
    this.#uid = process.geteuid?.() ?? 0;
  }

  pin(path: string): Pin {
    return PathPin.at(path);
  }

  linksOn(): readonly string[] {
    // Nobody tells when one changes: what a path leads to is looked at each time.
    return [];
  }

  pass(pins: readonly Pin[], except: ReadonlySet<number>): Found {
    const mine = pins.map(pathPin);
    const current = mine.filter((pin) => pin.atPath());
    const known = new Map(mine.map((pin) => [pin, this.#known.get(pin) ?? new Set<string>()]));
    const before = [...known.values()].flatMap((keys) => [...keys].map((key) => Number(key.split(' ', 1)[0])));
    const pids = new Set([...this.#whoHas(current), ...before]);
    const table = this.#table();
    const isCurrent = new Set(current);
    const holders = new Map<Pin, Holder[]>();
    const untold = new Set<Pin>();
    const now = new Map<PathPin, Set<string>>();
    const index = indexOf(mine);
    for (const seen of this.#lookInto([...pids], table)) {
      const key = keyOf({ pid: seen.pid, started: seen.started });
      for (const [pin, files] of filesOf(seen, index)) {
        if (!isCurrent.has(pin) && known.get(pin)?.has(key) !== true) {
          // A number that was given again, perhaps.
          continue;
        }
        const holder = holderOf(seen, files, pin, table);
        if (holder === undefined) {
          continue;
        }
        if (seen.pid === process.pid || except.has(seen.pid)) {
          untold.add(pin);
          continue;
        }
        now.set(pin, (now.get(pin) ?? new Set()).add(key));
        holders.set(pin, [...(holders.get(pin) ?? []), holder]);
      }
    }
    this.#known = now;
    return { holders, untold, closed: this.#closed(table) };
  }

  reread(pin: Pin, { process: { pid, started } }: Holder): ReadUpTo | undefined {
    const mine = pathPin(pin);
    const [seen] = this.#lookInto([pid], this.#table());
    if (seen?.started !== started) {
      return undefined;
    }
    const files = filesOf(seen, indexOf([mine])).get(mine) ?? [];
    return verdictOf(programOf(seen), seen.words, files, mine.size())?.read;
  }

  probe(): Held {
    // There are no leases. Who cannot be listed cannot be seen either.
    return 'unknown';
  }

  signal({ pid }: ProcessKey): void {
    // Between a look and a signal a pid may be given to another process.
    throw new SystemError('signal', String(pid), 'ENOSYS');
  }

  inspect({ pid, started }: ProcessKey): Inspected {
    const [seen] = this.#lookInto([pid], this.#table());
    if (seen?.started !== started) {
      // It may be there, and not be ours to look into.
      throw new SystemError('inspect', String(pid), seen === undefined && this.#table().has(pid) ? 'EACCES' : 'ESRCH');
    }
    const executable = executableOf(seen.files);
    return { ...(executable === undefined ? {} : { executable }), caught: [] };
  }

  named(): readonly Candidate[] {
    throw new SystemError('named', '', 'ENOSYS');
  }

  #table(): ReadonlyMap<number, ProcessRow> {
    return parseProcessTable(this.#ps(['-A', ...columns(TABLE_COLUMNS)]));
  }

  /** The pids of those that have one of the files at these paths: to be looked at closely. */
  #whoHas(pins: readonly PathPin[]): readonly number[] {
    const paths = [...new Set(pins.map(({ path }) => path))];
    const index = indexOf(pins);
    const pids: number[] = [];
    for (let at = 0; at < paths.length; at += lookout.arguments) {
      const listed = this.#lsof(['--', ...paths.slice(at, at + lookout.arguments)]);
      pids.push(...listed.filter((one) => filesOf(one, index).size > 0).map(({ pid }) => pid));
    }
    return pids;
  }

  /** Those of them that there are, that were there when the table was made, and that we may look into. */
  #lookInto(pids: readonly number[], table: ReadonlyMap<number, ProcessRow>): readonly Seen[] {
    const there = pids.filter((pid) => table.has(pid)).join(',');
    if (there === '') {
      return [];
    }
    const listed = this.#lsof(['-p', there]);
    const commands = parseCommands(this.#ps(['-ww', '-p', there, ...columns(COMMAND_COLUMNS)]));
    return listed.flatMap((one) => {
      const command = commands.get(one.pid);
      return command !== undefined && command.started === table.get(one.pid)?.started ? [{ ...one, ...command }] : [];
    });
  }

  /** How many processes lsof may not look into: of other users. */
  #closed(table: ReadonlyMap<number, ProcessRow>): number {
    return this.#uid === 0 ? 0 : [...table.values()].filter(({ uid }) => uid !== this.#uid).length;
  }

  #lsof(args: readonly string[]): readonly ListedProcess[] {
    return parseListing(ask(this.#programs.lsof, [...QUIET, ...args], LSOF_STATUSES));
  }

  #ps(args: readonly string[]): string {
    return ask(this.#programs.ps, args, PS_STATUSES);
  }
}

type Index = ReadonlyMap<string, readonly PathPin[]>;

function indexOf(pins: readonly PathPin[]): Index {
  const index = new Map<string, PathPin[]>();
  for (const pin of pins) {
    const place = placeOf(pin.identity.device, pin.identity.inode);
    index.set(place, [...(index.get(place) ?? []), pin]);
  }
  return index;
}

/** What one process has of each file: by identity, and never by name. */
function filesOf({ files }: ListedProcess, index: Index): ReadonlyMap<PathPin, readonly ListedFile[]> {
  const found = new Map<PathPin, ListedFile[]>();
  for (const file of files) {
    if (file.device === undefined || file.inode === undefined || !isRegular(file)) {
      continue;
    }
    for (const pin of index.get(placeOf(file.device, file.inode)) ?? []) {
      found.set(pin, [...(found.get(pin) ?? []), file]);
    }
  }
  return found;
}

/** Darwin's dev_t has 32 bits and a sign, which one may carry to more bits than the other. */
function placeOf(device: bigint, inode: bigint): string {
  return `${BigInt.asUintN(32, device)} ${inode}`;
}

function holderOf(
  seen: Seen,
  files: readonly ListedFile[],
  pin: PathPin,
  table: ReadonlyMap<number, ProcessRow>,
): Holder | undefined {
  const program = programOf(seen);
  const verdict = verdictOf(program, seen.words, files, pin.size());
  const row = table.get(seen.pid);
  if (verdict === undefined || row === undefined) {
    return undefined;
  }
  const { pid, started } = seen;
  return {
    process: { pid, started },
    program,
    since: started,
    ...verdict,
    uid: row.uid,
    ancestors: ancestorsOf(row, table),
  };
}

function programOf({ files, command }: ListedProcess): string {
  const path = executableOf(files) ?? command;
  return path.slice(path.lastIndexOf('/') + 1).replace(/ \(deleted\)$/, '');
}

function ancestorsOf({ parent }: ProcessRow, table: ReadonlyMap<number, ProcessRow>): readonly number[] {
  const ancestors: number[] = [];
  for (let at: number | undefined = parent; at !== undefined && at > 0 && !ancestors.includes(at);) {
    ancestors.push(at);
    at = table.get(at)?.parent;
  }
  return ancestors;
}

function keyOf({ pid, started }: ProcessKey): string {
  return `${pid} ${started}`;
}

function columns(names: readonly string[]): readonly string[] {
  return names.flatMap((name) => ['-o', name]);
}
