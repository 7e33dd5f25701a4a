/** What can be done about one program that has an older version. */
import type { Inspected } from '../holders/inspected';
import type { Generation, HolderInUse } from '../holders/inUse';
import { meantSignals, type ReopenSignal } from './signals';

export type Action = 'rerun' | 'reloadUnit' | ReopenSignal | 'compare' | 'ignore';

/** What is known of it besides who it is. */
export interface HolderFacts {
  readonly inspected: Inspected;
  /** Its unit can be reloaded. */
  readonly canReload: boolean;
  /** It belongs to the command that runs in an integrated terminal whose shell tells of its commands. */
  readonly canRerun: boolean;
}

/** All that fits, what makes it use the new version first. */
export function fittingActions(
  holder: HolderInUse,
  { gone }: Pick<Generation, 'gone'>,
  { inspected, canReload, canRerun }: HolderFacts,
  uid: number | undefined,
): readonly Action[] {
  const own = uid !== undefined && holder.uid === uid;
  return [
    ...(canRerun ? ['rerun' as const] : []),
    ...(canReload ? ['reloadUnit' as const] : []),
    ...(own ? meantSignals(holder.program, inspected.caught) : []),
    ...(gone ? [] : ['compare' as const]),
    'ignore',
  ];
}

/** Buttons beside the one that leads to all of them. */
const buttons = 2;

/** Those that a notification has room for: one that makes the program use the new version, and the comparison. */
export function offeredActions(fitting: readonly Action[], { harm }: Pick<HolderInUse, 'harm'>): readonly Action[] {
  // What the other two signals mean only the program's manual says.
  const [first] = fitting.filter((action) => action === 'rerun' || action === 'reloadUnit' || action === 'SIGHUP');
  // What is mapped is rarely text.
  const compare = fitting.filter((action) => action === 'compare' && harm !== 'mapped');
  const ignore = fitting.filter((action) => action === 'ignore');
  return [...(first ? [first] : []), ...compare, ...ignore].slice(0, buttons);
}

/** Whether an entry of the setting `holdfast.reopen.ignore` names the program: its exact name, or the exact path of its executable. */
export function isIgnored(
  ignored: readonly string[],
  { program }: Pick<HolderInUse, 'program'>,
  { executable }: Pick<Inspected, 'executable'>,
): boolean {
  return ignored.some((entry) => entry !== '' && (entry === program || entry === executable));
}
