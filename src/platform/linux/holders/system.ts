import type { LookoutSystem } from '../../../core/holders/ports';
import { parseOpenFilesLimit } from '../../../core/linux/proc';
import { bindGateCalls } from '../gate/calls';
import { readProc } from '../gate/text';
import { openLibrary } from '../libc';
import { openLinuxHolderFinder } from './finder';
import { LinuxUseWaiter } from './waiter';

/**
 * Looking for holders, for the calling thread and no other. Who has it closes the waiter, also when the thread is given up: its
 * descriptors outlive the thread.
 *
 * @throws as `openLibrary`; SystemError EMFILE, ENFILE; without `/proc` ENOENT
 */
export function openLinuxLookout(): LookoutSystem {
  const library = openLibrary();
  // The extension host has other extensions.
  const pinsAtMost = Math.floor(parseOpenFilesLimit(readProc('/proc/self/limits')).value / 4);
  return { pinsAtMost, finder: openLinuxHolderFinder(library), waiter: new LinuxUseWaiter(bindGateCalls(library)) };
}
