import { readlinkSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { SystemError } from '../../../core/errors';
import { system } from '../errors';
import { unlessGone } from '../gate/text';

/** As the kernel: MAXSYMLINKS, include/linux/namei.h. */
const MOST_LINKS = 40;

/** As `HolderFinder.linksOn`. */
export function linksOn(path: string): readonly string[] {
  // Most paths have none, and this is one call.
  if (unlessGone(() => system('realpath', path, () => realpathSync.native(path))) === path) {
    return [];
  }
  const links: string[] = [];
  const steps = path.split('/').reverse();
  let at = '/';
  while (steps.length > 0) {
    const step = steps.pop() ?? '';
    if (step === '' || step === '.') {
      continue;
    }
    if (step === '..') {
      at = dirname(at);
      continue;
    }
    const next = join(at, step);
    try {
      const target = system('readlink', next, () => readlinkSync(next));
      if (links.push(next) === MOST_LINKS) {
        break;
      }
      at = target.startsWith('/') ? '/' : at;
      steps.push(...target.split('/').reverse());
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) {
        throw thrown;
      }
      // EINVAL: it is no link. Otherwise the way ends here.
      if (thrown.errno !== 'EINVAL') {
        break;
      }
      at = next;
    }
  }
  return links;
}
