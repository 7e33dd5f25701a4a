import type { Disposable } from '../core/disposable';
import { reopen } from '../core/reopen/limits';

/**
 * Whether what is waited for comes within `reopen.prompt`.
 *
 * @param listen is given what is to be called then
 */
export function inTime(listen: (settle: () => void) => Disposable): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (came: boolean): void => {
      clearTimeout(timer);
      listening.dispose();
      resolve(came);
    };
    const timer = setTimeout(() => {
      settle(false);
    }, reopen.prompt);
    const listening = listen(() => {
      settle(true);
    });
  });
}
