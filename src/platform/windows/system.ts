import { win32 } from 'node:path';
import { performance } from 'node:perf_hooks';
import { lookout } from '../../core/holders/limits';
import type { LookoutSystem } from '../../core/holders/ports';
import { AskingWaiter } from '../portable/waiter';
import { RestartManagerFinder } from './finder';
import { loadRestartManager } from './rstrtmgr';

/**
 * Looking for holders on Windows, for the calling thread, which may wait for Windows.
 *
 * @throws as `loadRestartManager`
 */
export function openWindowsLookout(): LookoutSystem {
  const root = process.env['SystemRoot'] ?? 'C:\\Windows';
  return {
    pinsAtMost: lookout.arguments,
    finder: new RestartManagerFinder(loadRestartManager(win32.join(root, 'System32', 'rstrtmgr.dll'))),
    waiter: new AskingWaiter(() => performance.now()),
  };
}
