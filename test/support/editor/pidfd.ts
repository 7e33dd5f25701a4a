/** Waiting for the end of processes that are not our children, as an event: pidfd_open(2), poll(2). Linux 5.3. */
import { closeSync } from 'node:fs';

import koffi from 'koffi';

import { DeadlineError } from '../deadline';

/** The same on every architecture; include/uapi/asm-generic/unistd.h. */
const SYS_pidfd_open = 434;
const POLLIN = 1;
const ESRCH = 3;

const library = koffi.load(null);
const pidfdOpen = library.func('syscall', 'long', ['long', 'int', 'uint']) as unknown as (
  number: number,
  pid: number,
  flags: number,
) => number;
const poll = library.func('poll', 'int', ['void *', 'ulong', 'int']) as unknown as {
  async(fds: Buffer, count: number, milliseconds: number, done: (error: unknown, result: number) => void): void;
};

/** Resolves when all of them have ended. @throws DeadlineError */
export async function untilEnded(pids: readonly number[], milliseconds: number): Promise<void> {
  const deadline = performance.now() + milliseconds;
  for (const pid of pids) {
    const fd = pidfdOpen(SYS_pidfd_open, pid, 0);
    if (fd < 0) {
      if (koffi.errno() === ESRCH) continue;
      throw new Error(`pidfd_open ${String(pid)}: errno ${String(koffi.errno())}`);
    }
    try {
      if (!(await readable(fd, Math.max(0, deadline - performance.now())))) {
        throw new DeadlineError(`process ${String(pid)} is still there after ${String(milliseconds)} ms`);
      }
    } finally {
      closeSync(fd);
    }
  }
}

/** A pidfd becomes readable when its process ends. */
function readable(fd: number, milliseconds: number): Promise<boolean> {
  // struct pollfd: int fd, short events, short revents.
  const polled = Buffer.alloc(8);
  polled.writeInt32LE(fd, 0);
  polled.writeInt16LE(POLLIN, 4);
  return new Promise((resolve, reject) => {
    poll.async(polled, 1, Math.ceil(milliseconds), (error, result) => {
      if (error instanceof Error) reject(error);
      else resolve(result > 0);
    });
  });
}
