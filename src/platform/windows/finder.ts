import { SystemError } from '../../core/errors';
import type { Holder, ProcessKey, ReadUpTo } from '../../core/holders/holder';
import type { Inspected } from '../../core/holders/inspected';
import type { Candidate } from '../../core/holders/named';
import type { Found, HolderFinder, Pin } from '../../core/holders/ports';
import { usersOf, type RestartManager } from '../../core/windows/restartManager';
import type { Held } from '../../core/ports';
import { PathPin, pathPin } from '../portable/pin';

/** Windows has no numbers of users: nobody's process is taken for ours. */
const NO_UID = -1;

/**
 * Finds holders by asking the Restart Manager, by the paths at which files are now. It says who uses a file, and not how: so each has it open. Not found: who
 * has loaded a script and closed it, and who has what is no longer at the path.
 */
export class RestartManagerFinder implements HolderFinder {
  readonly #manager: RestartManager;

  constructor(manager: RestartManager) {
    this.#manager = manager;
  }

  pin(path: string): Pin {
    return PathPin.at(path);
  }

  linksOn(): readonly string[] {
    // Nobody tells when one changes: what a path leads to is looked at each time.
    return [];
  }

  pass(pins: readonly Pin[], except: ReadonlySet<number>): Found {
    const current = pins.map(pathPin).filter((pin) => pin.atPath());
    const { users, refused } = usersOf(this.#manager, [...new Set(current.map(({ path }) => path))]);
    const holders = new Map<Pin, Holder[]>();
    const untold = new Set<Pin>();
    for (const pin of current) {
      for (const user of users.get(pin.path) ?? []) {
        const { pid } = user.process;
        if (pid === process.pid || except.has(pid)) {
          untold.add(pin);
        } else {
          const holder: Holder = { ...user, harm: 'open', uid: NO_UID, ancestors: [] };
          holders.set(pin, [...(holders.get(pin) ?? []), holder]);
        }
      }
    }
    // Whether it has left somebody out the Restart Manager does not say: of no file it is told that nobody uses it.
    return { holders, untold, closed: 0, refused: [...refused.values()] };
  }

  reread(): ReadUpTo | undefined {
    return undefined;
  }

  probe(): Held {
    return 'unknown';
  }

  signal({ pid }: ProcessKey): void {
    throw new SystemError('signal', String(pid), 'ENOSYS');
  }

  inspect({ pid }: ProcessKey): Inspected {
    throw new SystemError('inspect', String(pid), 'ENOSYS');
  }

  named(): readonly Candidate[] {
    throw new SystemError('named', '', 'ENOSYS');
  }
}
