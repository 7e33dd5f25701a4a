import { describeError, SystemError } from '../core/errors';
import type { GateListener, GateSystem } from '../core/gate/ports';
import type { LookoutSystem } from '../core/holders/ports';
import type { Platform } from '../core/ports';
import type { SentryListener, SentrySystem } from '../core/violations/ports';
import { openDarwinLookout } from './darwin/system';
import type { LinuxParts } from './linux/linux';
import { openLinuxLookout } from './linux/holders/system';
import { letGoOfAll } from './linux/gate/rescue';
import { openLinux, openLinuxGate } from './linux/linux';
import { openLinuxSentry } from './linux/violations/system';
import { refuse } from './portable/refusal';
import { canGuard } from './where';
import { openWindowsLookout } from './windows/system';

/** The one place that selects the implementation. Never throws: what is missing is a value. */
export function openPlatform(parts: LinuxParts): Platform {
  if (process.platform !== 'linux') {
    return refuse('platform', process.platform);
  }
  if (!canGuard()) {
    return refuse('platform', `${process.platform}-${process.arch}`);
  }
  try {
    return openLinux(parts);
  } catch (thrown) {
    // Node adds its whole search path behind the first line.
    return refuse('library', describeError(thrown).detail.split('\n', 1).join());
  }
}

/**
 * The gate, for the thread that calls it.
 *
 * @throws SystemError ENOSYS where there is no gate; what the system refuses; Error if its calls cannot be loaded
 */
export function openGate(listener: GateListener): GateSystem {
  if (!canGuard()) {
    throw new SystemError('openGate', `${process.platform}-${process.arch}`, 'ENOSYS');
  }
  return openLinuxGate(listener);
}

/**
 * Gives up leases in another thread's stead.
 *
 * @throws Error if the calls cannot be loaded
 */
export function letGo(descriptors: readonly number[]): void {
  letGoOfAll(descriptors);
}

/**
 * Looking for holders, for the thread that calls it.
 *
 * @throws as `openGate`
 */
export function openLookout(): LookoutSystem {
  if (process.platform === 'darwin') {
    return openDarwinLookout();
  }
  if (process.platform === 'win32' && process.arch === 'x64') {
    return openWindowsLookout();
  }
  if (!canGuard()) {
    throw new SystemError('openLookout', `${process.platform}-${process.arch}`, 'ENOSYS');
  }
  return openLinuxLookout();
}

/**
 * Guarding files against other programs, for the thread that calls it.
 *
 * @param copiesFolder of our own, outside every workspace
 * @throws as `openGate`
 */
export function openSentry(copiesFolder: string, firstCopy: number, listener: SentryListener): SentrySystem {
  if (!canGuard()) {
    throw new SystemError('openSentry', `${process.platform}-${process.arch}`, 'ENOSYS');
  }
  return openLinuxSentry(copiesFolder, firstCopy, listener);
}
