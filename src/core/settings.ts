import { settings, type SettingName } from './contributions';

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
}

/** Total: any value in, a usable one out. */
export function decode(name: SettingName, raw: unknown): Decoded<boolean> {
  const { default: fallback } = settings[name];
  if (raw === undefined) return { value: fallback };
  if (typeof raw === 'boolean') return { value: raw };
  return { value: fallback, problem: { setting: name, expected: 'true or false', found: typeName(raw) } };
}

function typeName(raw: unknown): string {
  if (raw === null) return 'null';
  return Array.isArray(raw) ? 'array' : typeof raw;
}
