import type { ErrorFacts } from '../errors';
import type { Unit } from '../holders/inspected';

/** The manager of services. Nothing of it rejects. */
export interface Units {
  /** Whether the unit says of itself that it can be reloaded; also `false` where that cannot be asked. */
  canReload(unit: Unit): Promise<boolean>;
  /** Whether it runs; why that is not known. */
  isActive(unit: Unit): Promise<boolean | ErrorFacts>;
  /** Why it was not reloaded; `detail` is what was said about it. */
  reload(unit: Unit): Promise<ErrorFacts | undefined>;
}

/** What `systemctl show -p CanReload` prints. */
export function saysCanReload(output: string): boolean {
  return /^CanReload=yes$/m.test(output);
}

/** What `systemctl show -p ActiveState` prints; systemd(1). One that is being reloaded is active, too. */
export function saysActive(output: string): boolean {
  return /^ActiveState=(active|reloading|refreshing)$/m.test(output);
}

export type UnitVerb = 'reload' | 'canReload' | 'isActive';

const verbs: Readonly<Record<UnitVerb, readonly string[]>> = {
  reload: ['reload'],
  canReload: ['show', '-p', 'CanReload'],
  isActive: ['show', '-p', 'ActiveState'],
};

/** The words after `systemctl`; nothing in the unit's name is read as an option. */
export function systemctlWords({ name, ofUser }: Unit, verb: UnitVerb): readonly string[] {
  return [...(ofUser ? ['--user'] : []), ...verbs[verb], '--', name];
}
