/** What can be done about one program that has an older version. */
import type { Inspected } from '../holders/inspected';
import type { Generation, HolderInUse } from '../holders/inUse';
import { mayRunScripts } from '../holders/interpreters';
import { meantSignals, type ReopenSignal } from './signals';

export type Action =
  'rerun' | 'restartTask' | 'restartDebugging' | 'reloadUnit' | ReopenSignal | 'always' | 'compare' | 'ignore';

/** What a rule can do as well. */
export type LastingAction = 'reloadUnit' | ReopenSignal;

/** What is known of it besides who it is. */
export interface HolderFacts {
  readonly inspected: Inspected;
  /** Its unit can be reloaded. */
  readonly canReload: boolean;
  /** It belongs to the command that runs in an integrated terminal whose shell tells of its commands. */
  readonly canRerun: boolean;
  /** What VS Code has started it by, if that can be started again. */
  readonly restart?: 'restartTask' | 'restartDebugging' | undefined;
  /** A rule may be written here. */
  readonly mayRule: boolean;
}

/** All that fits, what makes it use the new version first. */
export function fittingActions(
  holder: HolderInUse,
  { gone }: Pick<Generation, 'gone'>,
  facts: HolderFacts,
  uid: number | undefined,
): readonly Action[] {
  const { inspected, canReload, canRerun, restart, mayRule } = facts;
  return [
    ...(canRerun ? ['rerun' as const] : []),
    ...(restart ? [restart] : []),
    ...(canReload ? ['reloadUnit' as const] : []),
    ...signalsFor(holder, inspected, uid),
    ...(mayRule && lastingActions(holder, facts, uid).length > 0 ? ['always' as const] : []),
    ...(gone ? [] : ['compare' as const]),
    'ignore',
  ];
}

/**
 * What can be done at each save from now on. A rule names a program by its executable: that of an interpreter, or of BusyBox, runs
 * other scripts as well.
 */
export function lastingActions(
  holder: HolderInUse,
  { inspected, canReload }: Pick<HolderFacts, 'inspected' | 'canReload'>,
  uid: number | undefined,
): readonly LastingAction[] {
  const isNamed = inspected.executable !== undefined && !mayRunScripts(holder.program);
  return [...(canReload ? ['reloadUnit' as const] : []), ...(isNamed ? signalsFor(holder, inspected, uid) : [])];
}

function signalsFor(holder: HolderInUse, { caught }: Inspected, uid: number | undefined): readonly ReopenSignal[] {
  return uid !== undefined && holder.uid === uid ? meantSignals(holder.program, caught) : [];
}

/** Those that one button may stand for. */
const helping: readonly Action[] = ['rerun', 'restartTask', 'restartDebugging', 'reloadUnit', 'SIGHUP'];

/** Buttons beside the one that leads to all of them. */
const buttons = 2;

/**
 * Those that a notification has room for: one that makes the program use the new version, and that for always, if a rule can do it; otherwise the
 * comparison.
 */
export function offeredActions(fitting: readonly Action[], { harm }: Pick<HolderInUse, 'harm'>): readonly Action[] {
  // What the other two signals mean only the program's manual says.
  const [first] = fitting.filter((action) => helping.includes(action));
  // A unit's reload can always be a rule; a signal, if any can.
  const always = first === 'reloadUnit' || first === 'SIGHUP' ? fitting.filter((action) => action === 'always') : [];
  // What is mapped is rarely text.
  const compare = fitting.filter((action) => action === 'compare' && harm !== 'mapped');
  const ignore = fitting.filter((action) => action === 'ignore');
  return [...(first ? [first] : []), ...always, ...compare, ...ignore].slice(0, buttons);
}

/** Whether an entry of the setting `holdfast.reopen.ignore` names the program: its exact name, or the exact path of its executable. */
export function isIgnored(
  ignored: readonly string[],
  { program }: Pick<HolderInUse, 'program'>,
  { executable }: Pick<Inspected, 'executable'>,
): boolean {
  return ignored.some((entry) => entry !== '' && (entry === program || entry === executable));
}
