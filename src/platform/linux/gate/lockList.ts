import { closeSync, openSync, read } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { limits } from '../../../core/limits';

const readAsync = promisify(read);

/**
 * Keeps it quick to ask who waits for a lease. Reading `/proc/locks` shuts out everybody who takes a lock (fs/locks.c, locks_start), and
 * for that the kernel first waits until all processors have been idle or elsewhere once (percpu_down_write, kernel/rcu/sync.c):
 * 8 to 16 ms at 250 Hz. Whoever reads it again before the next such round is over need not wait: 3 µs. So it is read again and
 * again, in Node's pool, while an editor is expected.
 */
export class LockList {
  #expecting = 0;
  #until = 0;
  #reading = false;

  /** Until the returned function is called, for `limits.expectEditor` at most. */
  expect(): () => void {
    this.#expecting++;
    this.#until = performance.now() + limits.expectEditor;
    void this.#keepReading();
    let over = false;
    return () => {
      if (!over) this.#expecting--;
      over = true;
    };
  }

  async #keepReading(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      const fd = openSync('/proc/locks', 'r');
      try {
        const byte = Buffer.alloc(1);
        do {
          await readAsync(fd, byte, 0, 1, 0);
          await pause(limits.betweenReadings);
        } while (this.#expecting > 0 && performance.now() < this.#until);
      } finally {
        closeSync(fd);
      }
    } catch {
      // Whoever needs its text meets the error, and has to say so.
    } finally {
      this.#reading = false;
    }
  }
}
