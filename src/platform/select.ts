import { describeError, SystemError } from '../core/errors';
import type { GateListener, GateSystem } from '../core/gate/ports';
import type { LookoutSystem } from '../core/holders/ports';
import type { Platform } from '../core/ports';
import type { SentryListener, SentrySystem } from '../core/violations/ports';
import type { LinuxParts } from './linux/linux';
import { openLinuxLookout } from './linux/holders/system';
import { letGoOfAll } from './linux/gate/rescue';
import { openLinux, openLinuxGate } from './linux/linux';
import { openLinuxSentry } from './linux/violations/system';
import { refuse } from './portable/refusal';

/** Where the layouts of `linux/layouts.ts` hold. */
const ARCHITECTURES: ReadonlySet<string> = new Set(['x64', 'arm64']);

/** The one place that selects the implementation. Never throws: what is missing is a value. */
export function openPlatform(parts: LinuxParts): Platform {
  if (process.platform !== 'linux') {
    return refuse('platform', process.platform);
  }
  if (!ARCHITECTURES.has(process.arch)) {
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
  if (process.platform !== 'linux' || !ARCHITECTURES.has(process.arch)) {
    throw new SystemError('openGate', `${process.platform}-${process.arch}`, 'ENOSYS');
  }
  return openLinuxGate(listener);
}

/**
 * Gives up leases in another thread's stead.
 *
 * @throws Error if the calls cannot be loaded
 */
export function rescue(descriptors: readonly number[]): void {
  letGoOfAll(descriptors);
}

/**
 * Looking for holders, for the thread that calls it.
 *
 * @throws as `openGate`
 */
export function openLookout(): LookoutSystem {
  if (process.platform !== 'linux' || !ARCHITECTURES.has(process.arch)) {
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
  if (process.platform !== 'linux' || !ARCHITECTURES.has(process.arch)) {
    throw new SystemError('openSentry', `${process.platform}-${process.arch}`, 'ENOSYS');
  }
  return openLinuxSentry(copiesFolder, firstCopy, listener);
}
