import { settings, type Setting, type SettingName, type SettingValue } from './contributions';
import { typeName } from './json';
import { parseRules, type RuleProblem } from './reopen/rules';
import { message, texts, type Message } from './text';

/** What the decoder makes of a raw value: always something to go on with, and what was wrong with it. */
export interface Decoded<T> {
  readonly value: T;
  readonly problem?: SettingProblem;
}

export interface SettingProblem {
  readonly setting: SettingName;
  readonly expected: string;
  /** The type of what was found, never its content. */
  readonly found: string;
  /** It is this rule of a list that is wrong, and only that is not used: which, counted from 1, and the field of it. */
  readonly at?: Pick<RuleProblem, 'rule' | 'field'>;
}

/** Total: any value in, a usable one out. */
export function decode<Name extends SettingName>(name: Name, raw: unknown): Decoded<SettingValue<Name>> {
  const setting: Setting = settings[name];
  // What `fits` has let through, and the default, are of the type that `SettingValue` says.
  const fallback = setting.default as SettingValue<Name>;
  if (raw === undefined) return { value: fallback };
  if (setting.type === 'rules') {
    const parsed = parseRules(raw);
    const [wrong] = parsed?.problems ?? [];
    const value = (parsed?.rules ?? fallback) as SettingValue<Name>;
    if (parsed && !wrong) return { value };
    if (wrong) {
      const { rule, field, expected, found } = wrong;
      return { value, problem: { setting: name, expected, found, at: { rule, field } } };
    }
  }
  if (fits(setting, raw)) return { value: raw as SettingValue<Name> };
  return { value: fallback, problem: { setting: name, expected: expected(setting), found: typeName(raw) } };
}

function fits(setting: Setting, raw: unknown): boolean {
  switch (setting.type) {
    case 'boolean':
      return typeof raw === 'boolean';
    case 'choice':
      return typeof raw === 'string' && Object.hasOwn(setting.choices, raw);
    case 'number':
      return Number.isInteger(raw) && Number(raw) >= setting.minimum && Number(raw) <= setting.maximum;
    case 'globs':
    case 'programs':
      return Array.isArray(raw) && raw.every((item) => typeof item === 'string');
    case 'rules':
      return false;
  }
}

/** Completes the sentence "The setting … must be …". */
function expected(setting: Setting): string {
  switch (setting.type) {
    case 'boolean':
      return 'true or false';
    case 'choice': {
      const words = Object.keys(setting.choices).map((word) => `"${word}"`);
      return `${words.slice(0, -1).join(', ')} or ${words.at(-1) ?? ''}`;
    }
    case 'number':
      return `a whole number from ${String(setting.minimum)} to ${String(setting.maximum)}`;
    case 'globs':
      return 'a list of glob patterns, each a text';
    case 'programs':
      return 'a list of names or paths of programs, each a text';
    case 'rules':
      return 'a list of rules';
  }
}

/** One sentence. */
export function problemMessage({ setting, expected, at }: SettingProblem): Message {
  if (!at) return message(texts.invalidSetting, setting, expected);
  const field = at.field === '' ? message(texts.theRule) : at.field;
  return message(texts.invalidRule, setting, at.rule, field, expected);
}

/** A file, and what there is of a list of patterns. */
export interface PatternLists {
  /** The whole path, */
  readonly path: string;
  /** and the path below the workspace folder. */
  readonly below: string;
  /** The user's own list, */
  readonly user: unknown;
  /** the folder's, */
  readonly folder: unknown;
  /** and what applies to the file now. */
  readonly applies: unknown;
}

/**
 * `holdfast.violationsNever` with one more file in it. A folder's list stands in for the user's, so it begins with what applies now; but what
 * a folder says is not made the user's.
 */
export function neverWarned(whose: 'user' | 'folder', lists: PatternLists): readonly string[] {
  const path = whose === 'user' ? lists.path : lists.below;
  // What means something in a pattern means itself in brackets.
  const pattern = path.replace(/[*?[\]{}]/g, '[$&]');
  const there = whose === 'user' ? (lists.user ?? []) : (lists.folder ?? lists.applies);
  return [...new Set([...decode('holdfast.violationsNever', there).value, pattern])];
}
