import { Worker } from 'node:worker_threads';

import type { LeaseTable } from '../core/leaseTable';

/**
 * Lets go, in the stead of a thread that is stuck, what others wait for, and then ends that thread. On another thread: the main one has
 * no system calls. Not in the other order: a descriptor's number is somebody else's as soon as the thread that opened it has ended, and
 * so would be the lease that is given up.
 *
 * @param script of the stuck thread; given this table as `rescue`, it lets go and ends
 * @returns when all is let go. The stuck thread ends when it comes out of the kernel.
 */
export function rescue(stuck: Worker, script: string, leases: LeaseTable): Promise<void> {
  const rescuer = new Worker(script, { name: 'holdfast rescue', workerData: { rescue: leases.buffer } });
  rescuer.once('error', () => {
    // Nothing more can be done: the kernel ends the lease after its lease-break-time.
  });
  return new Promise((resolve) => {
    rescuer.once('exit', () => {
      void stuck.terminate();
      resolve();
    });
  });
}
