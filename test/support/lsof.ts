import { existsSync } from 'node:fs';

import type { Programs } from '../../src/platform/darwin/finder';

/** Where Debian and others have them. */
export const programsHere: Programs = { lsof: '/usr/bin/lsof', ps: '/bin/ps' };

export function hasLsof(): boolean {
  return [programsHere.lsof, programsHere.ps].every((program) => existsSync(program));
}
