import { readlinkSync } from 'node:fs';
import type { Identity } from '../../../core/ports';
import { system } from '../errors';
import { unlessGone } from '../gate/text';
import { AT_FDCWD, AT_STATX_DONT_SYNC, AT_SYMLINK_NOFOLLOW, S_IFMT } from '../layouts';
import type { Stat } from '../layouts';
import type { Libc } from '../libc';

/** As the kernel: MAXSYMLINKS, include/linux/namei.h. */
const MOST_LINKS = 40;
const S_IFLNK = 0o120000;

/**
 * What a script's name leads to for a process: from its working directory, below its root, by its own mounts. `undefined`: nothing, or we may not look.
 * Whoever made the process chose the name: it is only asked where it leads, nothing is opened. A name on a server that does not answer
 * keeps us waiting.
 *
 * @param at the folder of the process in `/proc`
 * @param names the first that leads anywhere counts; Latin-1
 */
export function scriptOf(libc: Libc, at: string, names: readonly string[]): Identity | undefined {
  const isOurRoot = sameFile(statOf(libc, `${at}/root`, 0), statOf(libc, '/', 0));
  for (const name of names) {
    const path = name.startsWith('/') ? `${at}/root${name}` : `${at}/cwd/${name}`;
    // The links that the kernel follows for us begin at our root.
    const found = isOurRoot ? statOf(libc, path, 0) : resolveBelow(libc, at, name);
    if (found !== undefined) {
      return { device: found.device, inode: found.inode };
    }
  }
  return undefined;
}

/** Follows links as a process would that has another root than we. */
function resolveBelow(libc: Libc, at: string, name: string): Stat | undefined {
  const steps = name.split('/').reverse();
  let path: string[] = [];
  let from = name.startsWith('/') ? 'root' : 'cwd';
  let found = statOf(libc, `${at}/${from}`, 0);
  for (let links = 0; steps.length > 0;) {
    const step = steps.pop() ?? '';
    if (step === '' || step === '.') {
      continue;
    }
    if (step === '..') {
      if (path.length > 0 && path.at(-1) !== '..') {
        path.pop();
      } else if (from === 'cwd' && !sameFile(found, statOf(libc, `${at}/root`, 0))) {
        path.push('..');
      }
      found = statOf(libc, [at, from, ...path].join('/'), 0);
      continue;
    }
    const next = [at, from, ...path, step].join('/');
    found = statOf(libc, next, AT_SYMLINK_NOFOLLOW);
    if (found === undefined) {
      return undefined;
    }
    if ((found.mode & S_IFMT) !== S_IFLNK) {
      path.push(step);
      continue;
    }
    const target = linkTarget(next);
    if (target === undefined || ++links > MOST_LINKS) {
      return undefined;
    }
    if (target.startsWith('/')) {
      from = 'root';
      path = [];
    }
    steps.push(...target.split('/').reverse());
  }
  return found;
}

function statOf(libc: Libc, path: string, flags: number): Stat | undefined {
  return unlessGone(() => libc.statAt(AT_FDCWD, Buffer.from(path, 'latin1'), flags | AT_STATX_DONT_SYNC, path));
}

function linkTarget(path: string): string | undefined {
  const read = (): string => readlinkSync(Buffer.from(path, 'latin1'), 'latin1');
  return unlessGone(() => system('readlink', path, read));
}

function sameFile(one: Stat | undefined, other: Stat | undefined): boolean {
  return one !== undefined && one.inode === other?.inode && one.device === other.device && one.mount === other.mount;
}
