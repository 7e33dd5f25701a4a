/** Rules of the setting `holdfast.reopen.rules`: what is done after a save of certain files. */
import type { Candidate, Named } from '../holders/named';
import type { HolderInUse } from '../holders/inUse';
import type { Inspected, Unit } from '../holders/inspected';
import { typeName } from '../json';
import { isServiceName } from '../linux/services';
import { literally, matchesGlob, parseGlob, type Glob, type Room } from './glob';
import { reopen } from './limits';
import { maySend, reopenSignals, type ReopenSignal } from './signals';

/** Which program; a path of a pid file may be relative to the workspace folder. */
export type RuleProcess =
  ({ readonly by: 'executable' | 'pidFile' } & Named) | { readonly by: 'unit'; readonly unit: Unit };

export type RuleAction =
  | { readonly is: 'signal'; readonly signal: ReopenSignal }
  | { readonly is: 'reload' }
  | { readonly is: 'command'; readonly words: readonly string[] };

export interface Rule {
  readonly globs: readonly Glob[];
  /** Always there for a signal and a reload; a command without one is run in any case. */
  readonly process?: RuleProcess;
  readonly action: RuleAction;
  /** The person is asked each time. */
  readonly ask: boolean;
}

/** A rule, and the save of a file that it is for. */
export interface Job {
  readonly rule: Rule;
  readonly path: string;
  /** The workspace folder. */
  readonly folder: string | undefined;
}

/** What was wrong with one rule. */
export interface RuleProblem {
  /** Counted from 1. */
  readonly rule: number;
  /** The field, as it is written; the empty text for the rule itself. */
  readonly field: string;
  /** What it must be. Completes "The field must be …". */
  readonly expected: string;
  /** The type of what was found, never its content. */
  readonly found: string;
}

export interface ParsedRules {
  readonly rules: readonly Rule[];
  readonly problems: readonly RuleProblem[];
}

/** As they are written in the settings. */
export interface WrittenRule {
  readonly files: string;
  readonly process: { readonly executable: string } | { readonly unit: string; readonly ofUser?: true };
  readonly action: ReopenSignal | 'reload';
}

/** The fields of a rule and of its process, and the words of its action. */
const fields = ['files', 'process', 'action', 'ask'] as const;
const processFields = ['executable', 'pidFile', 'unit', 'ofUser'] as const;
export const actionWords = ['reload', ...reopenSignals] as const;

/** Stand for the saved file and its workspace folder, where a word of a command is one of these and nothing else. */
export const placeholders = ['${file}', '${workspaceFolder}'] as const;

class Wrong extends Error {
  readonly field: string;
  readonly expected: string;
  readonly found: unknown;

  constructor(field: string, expected: string, found: unknown) {
    super(expected);
    this.field = field;
    this.expected = expected;
    this.found = found;
  }
}

/**
 * Total. A rule that is wrong is left out; the others count, but for those behind one that is too much. `undefined`: it is no list at all.
 */
export function parseRules(raw: unknown): ParsedRules | undefined {
  if (!Array.isArray(raw)) return undefined;
  const rules: Rule[] = [];
  const problems: RuleProblem[] = [];
  const room: Room = { left: reopen.patterns };
  for (const [index, one] of raw.entries()) {
    if (index === reopen.rules) {
      const expected = `left out: there may be ${String(reopen.rules)} rules`;
      problems.push({ rule: index + 1, field: '', expected, found: typeName(one) });
      break;
    }
    try {
      rules.push(parseRule(one, room));
    } catch (thrown) {
      if (!(thrown instanceof Wrong)) throw thrown;
      const { field, expected, found } = thrown;
      problems.push({ rule: index + 1, field, expected, found: typeName(found) });
      // The rest is not even looked at: there may be a megabyte of it.
      if (room.left < 0) break;
    }
  }
  return { rules, problems };
}

/** @throws Wrong */
function parseRule(raw: unknown, room: Room): Rule {
  const rule = objectOf('', raw, fields);
  const globs = parseFiles(rule['files'], room);
  const process = rule['process'] === undefined ? undefined : parseRuleProcess(rule['process']);
  const action = parseAction(rule['action']);
  const ask = rule['ask'] ?? false;
  if (typeof ask !== 'boolean') throw new Wrong('ask', 'true or false', ask);
  if (action.is === 'signal' && (!process || process.by === 'unit')) {
    throw new Wrong('process', 'an executable or a pid file, for a signal', rule['process']);
  }
  if (action.is === 'reload' && process?.by !== 'unit') {
    throw new Wrong('process', 'a unit, to be reloaded', rule['process']);
  }
  return { globs, ...(process ? { process } : {}), action, ask };
}

function parseFiles(raw: unknown, room: Room): readonly Glob[] {
  const expected = 'a glob pattern, or a list of some';
  const all: readonly unknown[] = Array.isArray(raw) ? raw : [raw];
  if (all.length === 0 || all.length > reopen.globs) throw new Wrong('files', expected, raw);
  return all.map((one) => {
    const glob = typeof one === 'string' ? parseGlob(one, room) : undefined;
    if (room.left < 0) {
      const most = `${String(reopen.patterns)} characters, all that {…} stands for written out`;
      throw new Wrong('files', `left out, as all rules after it: the patterns of all rules may have ${most}`, one);
    }
    if (!glob) throw new Wrong('files', `${expected}, whose brackets and braces are in pairs`, one);
    return glob;
  });
}

function parseRuleProcess(raw: unknown): RuleProcess {
  const { executable, pidFile, unit, ofUser } = objectOf('process', raw, processFields);
  const named = [executable, pidFile, unit].filter((one) => one !== undefined).length;
  if (named === 0 || (unit !== undefined && named > 1)) {
    throw new Wrong('process', 'an executable, a pid file (with or without an executable), or a unit', raw);
  }
  if (unit !== undefined) {
    if (typeof unit !== 'string' || !isServiceName(unit)) {
      throw new Wrong('process.unit', 'the name of a service of systemd, such as "nginx.service"', unit);
    }
    if (ofUser !== undefined && typeof ofUser !== 'boolean') {
      throw new Wrong('process.ofUser', 'true or false', ofUser);
    }
    return { by: 'unit', unit: { name: unit, ofUser: ofUser ?? false } };
  }
  if (ofUser !== undefined) throw new Wrong('process.ofUser', 'left out: it is for units', ofUser);
  if (executable !== undefined && !isAbsolute(executable)) {
    throw new Wrong('process.executable', 'an absolute path', executable);
  }
  const ofProgram = executable === undefined ? {} : { executable };
  if (pidFile === undefined) return { by: 'executable', ...ofProgram };
  if (!isWord(pidFile)) throw new Wrong('process.pidFile', 'a path', pidFile);
  return { by: 'pidFile', pidFile, ...ofProgram };
}

function parseAction(raw: unknown): RuleAction {
  const words = actionWords.map((word) => `"${word}"`).join(', ');
  const expected = `${words}, or a command as a list of its words`;
  if (raw === 'reload') return { is: 'reload' };
  const signal = reopenSignals.find((one) => one === raw);
  if (signal) return { is: 'signal', signal };
  if (!Array.isArray(raw) || raw.length === 0 || raw.length > reopen.words) throw new Wrong('action', expected, raw);
  const all: readonly unknown[] = raw;
  const command = all.map((word, index) => {
    if (typeof word !== 'string' || word.length > reopen.wordLength || word.includes('\0')) {
      throw new Wrong(`action[${String(index)}]`, 'a text', word);
    }
    // In the middle of a word it would soon be read by a shell.
    if (placeholders.some((one) => word !== one && word.includes(one))) {
      throw new Wrong(`action[${String(index)}]`, `${placeholders.join(' or ')} alone, or without it`, word);
    }
    return word;
  });
  if (command[0] === '' || placeholders.some((one) => one === command[0])) {
    throw new Wrong('action[0]', 'a program', command[0]);
  }
  return { is: 'command', words: command };
}

/** What is written differently than it is meant is told, not passed over. */
function objectOf(field: string, raw: unknown, known: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    throw new Wrong(field, `an object with the fields ${known.join(', ')}`, raw);
  }
  const unknown = Object.keys(raw).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new Wrong(field, `without other fields than ${known.join(', ')}`, raw);
  }
  return Object.fromEntries(Object.entries(raw));
}

function isAbsolute(raw: unknown): raw is string {
  return isWord(raw) && raw.startsWith('/');
}

/** What a path may be. */
function isWord(raw: unknown): raw is string {
  return typeof raw === 'string' && raw !== '' && raw.length <= reopen.wordLength && !raw.includes('\0');
}

/**
 * The rules for a file.
 *
 * @param paths its whole path, and the one below its workspace folder if it is in one
 */
export function rulesFor(rules: readonly Rule[], paths: readonly string[]): readonly Rule[] {
  return rules.filter(({ globs }) => globs.some((glob) => matchesGlob(glob, ...paths)));
}

/**
 * Whether one of these rules makes a program use the new version without asking: then nobody need be told of it. What a command does is not known,
 * nor whether it is the program of a pid file.
 *
 * @param uid our own
 */
export function isDoneWith(
  rules: readonly Rule[],
  holder: Pick<HolderInUse, 'program' | 'uid'>,
  { executable, unit, caught }: Inspected,
  uid: number | undefined,
): boolean {
  return rules.some(({ process, action, ask }) => {
    if (ask) return false;
    if (action.is === 'reload') {
      return process?.by === 'unit' && process.unit.name === unit?.name && process.unit.ofUser === unit.ofUser;
    }
    const isNamed = process?.by === 'executable' && process.executable === executable && executable !== undefined;
    const isOurs = uid !== undefined && holder.uid === uid;
    return action.is === 'signal' && isNamed && isOurs && maySend(holder.program, caught, action.signal);
  });
}

export type RuleDecision =
  /** No such program runs. */
  | { readonly is: 'nothing' }
  /** All of them. */
  | { readonly is: 'act' }
  /** The person says whether, and if there are several, about which. */
  | { readonly is: 'ask'; readonly which: 'whether' | 'of' };

/** @param found the programs that it names; for a unit, and a command without a program: `undefined` */
export function decide({ action, ask }: Rule, found: readonly Candidate[] | undefined): RuleDecision {
  if (found?.length === 0) return { is: 'nothing' };
  // A command is run once, for how many programs whatever.
  if (action.is === 'signal' && found && found.length > 1) return { is: 'ask', which: 'of' };
  return ask ? { is: 'ask', which: 'whether' } : { is: 'act' };
}

/** The same for saves for which the same is to be done: what is done for one of them is done for the others. */
export function keyOfJob({ rule, path, folder }: Job): string {
  const { action } = rule;
  const file = action.is === 'command' && action.words.includes('${file}') ? path : '';
  // Beside a file that is in no folder, commands are run.
  const at = folder ?? (action.is === 'command' ? path.slice(0, path.lastIndexOf('/')) : '');
  return JSON.stringify([at, folder !== undefined, file, rule]);
}

export function keyOfCandidate({ process: { pid, started } }: Candidate): string {
  return `${String(pid)} ${String(started)}`;
}

/** The words of a command, after placeholders. `undefined`: the file is in no workspace folder, and that is asked for. */
export function commandWords(
  words: readonly string[],
  { file, folder }: { readonly file: string; readonly folder: string | undefined },
): readonly string[] | undefined {
  const put = words.map((word) => {
    if (word === '${file}') return file;
    return word === '${workspaceFolder}' ? folder : word;
  });
  return put.every((word) => word !== undefined) ? put : undefined;
}

/** A rule for this file and no other. */
export function ruleFor(
  path: string,
  action: WrittenRule['action'],
  { executable, unit }: Inspected,
): WrittenRule | undefined {
  const files = literally(path);
  if (!parseGlob(files)) return undefined;
  if (action !== 'reload') return executable === undefined ? undefined : { files, process: { executable }, action };
  if (!unit) return undefined;
  return { files, process: { unit: unit.name, ...(unit.ofUser ? { ofUser: true } : {}) }, action };
}

/** A file, and the values of the setting that are there for it. */
export interface RuleLists {
  /** The whole path, */
  readonly path: string;
  /** and the path below the workspace folder; `undefined`: it is in none that may have a say. */
  readonly below: string | undefined;
  readonly folder: unknown;
  readonly workspace: unknown;
  readonly user: unknown;
}

export interface RuleHome {
  readonly whose: 'folder' | 'workspace' | 'user';
  /** What it is there; `undefined`: not set. */
  readonly there: unknown;
  /** The path that stands for the file there: what is for more than one folder needs the whole one. */
  readonly path: string;
}

/**
 * Where a rule for a file is written: to the list that counts for it, as no other does. What the user says is not copied to a folder, for the folder's
 * settings are passed on with it, and in the words of commands there may be secrets.
 */
export function homeOfRule({ path, below, folder, workspace, user }: RuleLists): RuleHome {
  if (folder !== undefined && below !== undefined) return { whose: 'folder', there: folder, path: below };
  if (workspace !== undefined) return { whose: 'workspace', there: workspace, path };
  if (user !== undefined || below === undefined) return { whose: 'user', there: user, path };
  return { whose: 'folder', there: undefined, path: below };
}

/**
 * The setting with one more rule: all others stay as they are, also those that are wrong. `undefined`: what is there is no list.
 *
 * @param there what it is; `undefined`: not set
 */
export function withRule(there: unknown, rule: WrittenRule): readonly unknown[] | undefined {
  if (there === undefined) return [rule];
  if (!Array.isArray(there)) return undefined;
  const rules: readonly unknown[] = there;
  return rules.some((one) => isSame(one, rule)) ? rules : [...rules, rule];
}

function isSame(one: unknown, rule: WrittenRule): boolean {
  const parsed = (raw: unknown): string => JSON.stringify(parseRules([raw])?.rules);
  const [found] = parseRules([one])?.rules ?? [];
  return found !== undefined && parsed(one) === parsed(rule);
}
