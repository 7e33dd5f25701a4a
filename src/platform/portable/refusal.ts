import type { Platform } from '../../core/ports';

/**
 * The answer for systems on which no save is guarded yet: macOS, Windows, other architectures, and packages without
 * the library. Explicit, so that the interface can say why, and a save stays a stock save. Who uses a file is told on macOS and
 * Windows all the same (`darwin/system.ts`, `windows/system.ts`).
 */
export function refuse(why: 'platform' | 'library', detail: string): Platform {
  return { supported: false, why, detail };
}
