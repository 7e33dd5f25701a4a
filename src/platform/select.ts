import type { Platform } from '../core/ports';
import { describeError } from '../core/errors';
import { openLinux } from './linux/linux';
import { refuse } from './portable/refusal';

/** Where the layouts of `linux/layouts.ts` hold. */
const ARCHITECTURES: ReadonlySet<string> = new Set(['x64', 'arm64']);

/**
 * The one place that selects the implementation. Never throws: what is missing is a value.
 *
 * @param workshopFolder a folder of Holdfast's own, see `linux/workshop.ts`
 */
export function openPlatform(workshopFolder: string): Platform {
  if (process.platform !== 'linux') {
    return refuse('platform', process.platform);
  }
  if (!ARCHITECTURES.has(process.arch)) {
    return refuse('platform', `${process.platform}-${process.arch}`);
  }
  try {
    return openLinux(workshopFolder);
  } catch (thrown) {
    // Node adds its whole search path behind the first line.
    return refuse('library', describeError(thrown).detail.split('\n', 1).join());
  }
}
