/**
 * What the gate needs of the C library beyond `libc.ts`. Bound when it is first asked for.
 *
 * signalfd, eventfd and inotify give descriptors that cannot be had from `fs.openSync`: nobody but `EventWaiter.close`
 * closes them, not even the end of the worker.
 */
import type { Identity } from '../../../core/ports';
import type { Library } from '../libc';
import {
  AT_FDCWD,
  AT_STATX_DONT_SYNC,
  CLOEXEC,
  FLOCK,
  F_GETLEASE,
  F_OFD_SETLK,
  F_OWNER_TID,
  F_SETLEASE,
  F_SETOWN_EX,
  F_SETSIG,
  NONBLOCK,
  OWNER,
  SIGNAL_SET_SIZE,
  SIG_BLOCK,
  STATX,
  STATX_INO,
  SYS_GETTID,
  SYS_PIDFD_OPEN,
  SYS_PIDFD_SEND_SIGNAL,
  SYS_STATX,
  SYS_TGKILL,
  TIMESPEC,
  decodeStatx,
  processClock,
} from '../layouts';

export interface GateCalls {
  /** fcntl(2), F_SETLEASE: F_RDLCK, F_WRLCK or F_UNLCK. */
  setLease(fd: number, type: number, path: string): void;
  /** fcntl(2), F_GETLEASE: while a lease is being broken, what it is to become. */
  getLease(fd: number, path: string): number;
  /**
   * fcntl(2), F_SETSIG and F_SETOWN_EX: this signal to the calling thread, and to no other, when the lease is broken.
   */
  notifyThisThread(fd: number, signal: number, path: string): void;
  /** fcntl(2), F_SETSIG: this signal when the lease is broken, to the process if `notifyThisThread` was not called. */
  setSignal(fd: number, signal: number, path: string): void;
  /** fcntl(2), F_OFD_SETLK of one byte: F_WRLCK or F_UNLCK, without waiting. */
  setRangeLock(fd: number, type: number, offset: bigint, path: string): void;
  /** pthread_sigmask(3), SIG_BLOCK, in the calling thread alone. */
  blockSignals(signals: readonly number[]): void;
  /** tgkill(2): a signal for one thread of a process. */
  signalThread(process: number, thread: number, signal: number): void;
  /**
   * Processor time that all threads of a process have used, in nanoseconds, as the kernel last noted it: when they lost the processor, or at a
   * tick; clock_gettime(2) (kernel/time/posix-cpu-timers.c, thread_group_cputime). `undefined`: there is no such process.
   */
  processTime(pid: number): bigint | undefined;
  /** pidfd_open(2). */
  openProcess(pid: number): number;
  /** pidfd_send_signal(2). */
  signalProcess(pidfd: number, signal: number, path: string): void;
  /** signalfd(2), not blocking. */
  openSignals(signals: readonly number[]): number;
  /** eventfd(2), not blocking. */
  openEvent(): number;
  /** inotify_init1(2), not blocking. */
  openWatches(): number;
  /** close(2), for what Node did not open and would warn of. */
  closeDescriptor(fd: number): void;
  /** inotify_add_watch(2). */
  addWatch(watches: number, target: string, mask: number, path: string): number;
  /** inotify_rm_watch(2). */
  removeWatch(watches: number, watch: number, path: string): void;
  /**
   * Tells of paths whether they lead to this inode, links followed; statx(2) without asking a server or a daemon. What
   * cannot be followed leads nowhere. Made for many.
   */
  leadingTo(identity: Identity): (target: string) => boolean;
  /** poll(2); the thread sleeps in it. -1 milliseconds: for ever. EINTR is an error like any other. */
  poll(polled: Buffer, count: number, milliseconds: number): number;
}

function signalSet(signals: readonly number[]): Buffer {
  const set = Buffer.alloc(SIGNAL_SET_SIZE);
  set.writeBigUInt64LE(signals.reduce((bits, signal) => bits | (1n << BigInt(signal - 1)), 0n));
  return set;
}

/** @throws Error of koffi's if the C library lacks a function */
export function bindGateCalls({ bind, bindOrSyscall, call, callOnce }: Library): GateCalls {
  const fcntlNumber = bind('fcntl', 'int', 'int', 'int', 'long');
  const fcntlPointer = bind('fcntl', 'int', 'int', 'int', 'void *');
  const pthreadSigmask = bind('pthread_sigmask', 'int', 'int', 'void *', 'void *');
  const signalfd = bind('signalfd', 'int', 'int', 'void *', 'int');
  const eventfd = bind('eventfd', 'int', 'uint', 'int');
  const inotifyInit1 = bind('inotify_init1', 'int', 'int');
  const inotifyAddWatch = bind('inotify_add_watch', 'int', 'int', 'void *', 'uint32');
  const inotifyRemoveWatch = bind('inotify_rm_watch', 'int', 'int', 'int');
  const closeCall = bind('close', 'int', 'int');
  const pollCall = bind('poll', 'int', 'void *', 'ulong', 'int');
  const statx = bindOrSyscall('statx', SYS_STATX, 'int', 'str', 'int', 'uint', 'void *');
  const clockGetTime = bind('clock_gettime', 'int', 'int', 'void *');
  const tgkill = bindOrSyscall('tgkill', SYS_TGKILL, 'int', 'int', 'int');
  const pidfdOpen = bindOrSyscall('pidfd_open', SYS_PIDFD_OPEN, 'int', 'uint');
  const pidfdSendSignal = bindOrSyscall('pidfd_send_signal', SYS_PIDFD_SEND_SIGNAL, 'int', 'int', 'void *', 'uint');
  const thread = call('gettid', '', bindOrSyscall('gettid', SYS_GETTID));

  const owner = Buffer.alloc(OWNER.size);
  owner.writeInt32LE(F_OWNER_TID, OWNER.type);
  owner.writeInt32LE(thread, OWNER.pid);

  // l_whence SEEK_SET and l_pid, which must be 0, stay as they are.
  const range = Buffer.alloc(FLOCK.size);
  range.writeBigInt64LE(1n, FLOCK.length);

  const stat = Buffer.alloc(STATX.size);
  const time = Buffer.alloc(TIMESPEC.size);

  return {
    setLease(fd, type, path) {
      call('fcntl(F_SETLEASE)', path, fcntlNumber, fd, F_SETLEASE, type);
    },
    getLease: (fd, path) => call('fcntl(F_GETLEASE)', path, fcntlNumber, fd, F_GETLEASE, 0),
    notifyThisThread(fd, signal, path) {
      call('fcntl(F_SETSIG)', path, fcntlNumber, fd, F_SETSIG, signal);
      call('fcntl(F_SETOWN_EX)', path, fcntlPointer, fd, F_SETOWN_EX, owner);
    },
    setSignal(fd, signal, path) {
      call('fcntl(F_SETSIG)', path, fcntlNumber, fd, F_SETSIG, signal);
    },
    setRangeLock(fd, type, offset, path) {
      range.writeInt16LE(type, FLOCK.type);
      range.writeBigInt64LE(offset, FLOCK.start);
      call('fcntl(F_OFD_SETLK)', path, fcntlPointer, fd, F_OFD_SETLK, range);
    },
    blockSignals(signals) {
      // Its errors are for a first parameter that there is not.
      pthreadSigmask(SIG_BLOCK, signalSet(signals), null);
    },
    signalThread(process, task, signal) {
      call('tgkill', `/proc/${String(process)}/task/${String(task)}`, tgkill, process, task, signal);
    },
    processTime(pid) {
      if (clockGetTime(processClock(pid), time) !== 0) return undefined;
      return time.readBigInt64LE(TIMESPEC.seconds) * 1_000_000_000n + time.readBigInt64LE(TIMESPEC.nanoseconds);
    },
    openProcess: (pid) => call('pidfd_open', `/proc/${String(pid)}`, pidfdOpen, pid, 0),
    signalProcess(pidfd, signal, path) {
      call('pidfd_send_signal', path, pidfdSendSignal, pidfd, signal, null, 0);
    },
    openSignals: (signals) => call('signalfd', '', signalfd, -1, signalSet(signals), CLOEXEC | NONBLOCK),
    openEvent: () => call('eventfd', '', eventfd, 0, CLOEXEC | NONBLOCK),
    openWatches: () => call('inotify_init1', '', inotifyInit1, CLOEXEC | NONBLOCK),
    closeDescriptor(fd) {
      call('close', '', closeCall, fd);
    },
    addWatch: (watches, target, mask, path) =>
      call('inotify_add_watch', path, inotifyAddWatch, watches, Buffer.from(`${target}\0`), mask),
    removeWatch(watches, watch, path) {
      call('inotify_rm_watch', path, inotifyRemoveWatch, watches, watch);
    },
    leadingTo({ device, inode }) {
      const low = Number(inode & 0xffffffffn);
      const high = Number(inode >> 32n);
      return (target) =>
        statx(AT_FDCWD, target, AT_STATX_DONT_SYNC, STATX_INO, stat) === 0 &&
        stat.readUInt32LE(STATX.ino) === low &&
        stat.readUInt32LE(STATX.ino + 4) === high &&
        decodeStatx(stat).device === device;
    },
    poll: (polled, count, milliseconds) => callOnce('poll', '', pollCall, polled, count, milliseconds),
  };
}
