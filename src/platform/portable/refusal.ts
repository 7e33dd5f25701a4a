import type { Platform } from '../../core/ports';

/**
 * The answer for systems that nothing is promised on yet: macOS, Windows, other architectures, and packages without
 * the library. Explicit, so that the interface can say why, and a save stays a stock save.
 */
export function refuse(why: 'platform' | 'library', detail: string): Platform {
  return { supported: false, why, detail };
}
