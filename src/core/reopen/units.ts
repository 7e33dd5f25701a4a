import type { ErrorFacts } from '../errors';
import type { Unit } from '../holders/inspected';

/** The manager of services. Nothing of it rejects. */
export interface Units {
  /** Whether the unit says of itself that it can be reloaded; also `false` where that cannot be asked. */
  canReload(unit: Unit): Promise<boolean>;
  /** Why it was not reloaded; `detail` is what was said about it. */
  reload(unit: Unit): Promise<ErrorFacts | undefined>;
}

/** What `systemctl show -p CanReload` prints. */
export function saysCanReload(output: string): boolean {
  return /^CanReload=yes$/m.test(output);
}

/** The words after `systemctl`; nothing in the unit's name is read as an option. */
export function systemctlWords({ name, ofUser }: Unit, verb: 'reload' | 'canReload'): readonly string[] {
  return [...(ofUser ? ['--user'] : []), ...(verb === 'reload' ? ['reload'] : ['show', '-p', 'CanReload']), '--', name];
}
