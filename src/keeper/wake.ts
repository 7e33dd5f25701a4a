import { writeSync } from 'node:fs';

import type { Bell } from '../core/bell';

/** What is written to an eventfd to wake who sleeps over it: it adds one to the count; eventfd(2). */
const wakeValue = Buffer.from(new BigUint64Array([1n]).buffer);

/** Wakes the thread that waits for it, or will. */
export function ring(bell: Bell): void {
  if (typeof bell === 'number') {
    writeSync(bell, wakeValue);
    return;
  }
  Atomics.add(bell, 0, 1);
  Atomics.notify(bell, 0);
}
