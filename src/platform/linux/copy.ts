import { ftruncateSync, read, readSync, write, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { SystemError } from '../../core/errors';
import { system, systemAsync } from './errors';
import { SEEK_DATA, SEEK_HOLE } from './layouts';
import type { Stat } from './layouts';
import type { Host } from './linux';

const readAsync = promisify(read);
const writeAsync = promisify(write);

/** Up to here (bytes) a copy is over sooner than a call on another thread, and than a reflink that waits for the disk. */
export const SMALL = 1 << 20;
/** Bytes between two looks at the signal. */
const CHUNK = 8 << 20;

const SEEK_SET = 0;

/** copy_file_range(2) cannot do it for this pair of files: plain reading and writing tells the truth. */
const NOT_BY_THE_KERNEL = ['EXDEV', 'EINVAL', 'EOPNOTSUPP', 'ENOSYS', 'EBADF', 'EPERM', 'ETXTBSY'] as const;

/**
 * Copies the bytes of `from` to the empty file `to`; holes stay holes where the file system tells of them. Both
 * descriptors' positions are used. Small files are copied before this returns, the rest on other threads.
 *
 * @throws SystemError of read(2), write(2), copy_file_range(2) (ENOSPC, EDQUOT, EIO …); ECANCELED when aborted
 */
export async function copyBytes(
  host: Host,
  from: number,
  to: number,
  source: Stat,
  signal: AbortSignal,
  path: string,
): Promise<void> {
  const size = Number(source.size);
  checkSignal(signal, path);
  const sparse = source.blocks * 512n < source.size;
  if (size <= SMALL && !sparse) {
    copySmall(from, to, size, path);
    return;
  }
  if (await reflink(host, from, to, source, path)) {
    return;
  }
  let position = 0;
  while (position < size) {
    const start = sparse ? seekNext(host, from, position, SEEK_DATA, size, position, path) : position;
    const end = sparse && start < size ? seekNext(host, from, start, SEEK_HOLE, size, size, path) : size;
    if (start < size) {
      await copySegment(host, from, to, start, Math.min(end, size), signal, path);
    }
    position = start < size ? end : size;
  }
  if (sparse) {
    system('ftruncate', path, () => {
      ftruncateSync(to, size);
    });
  }
}

function checkSignal(signal: AbortSignal, path: string): void {
  if (signal.aborted) {
    throw new SystemError('stage', path, 'ECANCELED');
  }
}

/** The first `size` bytes, before it returns. @throws SystemError of read(2), write(2) */
export function copySmall(from: number, to: number, size: number, path: string): void {
  const buffer = Buffer.allocUnsafe(size);
  let filled = 0;
  while (filled < size) {
    const count = system('read', path, () => readSync(from, buffer, filled, size - filled, filled));
    if (count === 0) {
      break;
    }
    filled += count;
  }
  writeSmall(to, buffer.subarray(0, filled), path);
}

/** @throws SystemError of write(2) */
export function writeSmall(to: number, content: Uint8Array, path: string): void {
  for (let written = 0; written < content.length;) {
    written += system('write', path, () => writeSync(to, content, written, content.length - written, written));
  }
}

/**
 * Where the next data (SEEK_DATA) or hole (SEEK_HOLE) begins at or after `position`; the size if there is none.
 * `untold` where the file system tells of neither.
 */
function seekNext(
  host: Host,
  fd: number,
  position: number,
  whence: number,
  size: number,
  untold: number,
  path: string,
): number {
  try {
    return host.libc.seek(fd, position, whence, path) ?? size;
  } catch (thrown) {
    if (SystemError.is(thrown, 'EINVAL', 'EOPNOTSUPP')) {
      return untold;
    }
    throw thrown;
  }
}

async function reflink(host: Host, from: number, to: number, source: Stat, path: string): Promise<boolean> {
  if (host.withoutReflinks.has(source.device)) {
    return false;
  }
  try {
    await host.libc.cloneRange(from, to, path);
    return true;
  } catch (thrown) {
    if (SystemError.is(thrown, 'EOPNOTSUPP', 'ENOTTY', 'ENOSYS', 'EXDEV')) {
      host.withoutReflinks.add(source.device);
      return false;
    }
    if (SystemError.is(thrown, 'EINVAL', 'EPERM', 'EACCES', 'ETXTBSY', 'EBADF')) {
      return false;
    }
    throw thrown;
  }
}

async function copySegment(
  host: Host,
  from: number,
  to: number,
  start: number,
  end: number,
  signal: AbortSignal,
  path: string,
): Promise<void> {
  host.libc.seek(from, start, SEEK_SET, path);
  host.libc.seek(to, start, SEEK_SET, path);
  let position = start;
  while (position < end) {
    checkSignal(signal, path);
    let count: number;
    try {
      count = await host.libc.copyRange(from, to, Math.min(CHUNK, end - position), path);
    } catch (thrown) {
      if (!SystemError.is(thrown, ...NOT_BY_THE_KERNEL)) {
        throw thrown;
      }
      count = 0;
    }
    if (count === 0) {
      // The end of the file, or a file system that says 0 where it means "not me" (fixed in Linux 5.19).
      await copyByHand(from, to, position, end, signal, path);
      return;
    }
    position += count;
  }
}

async function copyByHand(
  from: number,
  to: number,
  start: number,
  end: number,
  signal: AbortSignal,
  path: string,
): Promise<void> {
  const buffer = Buffer.allocUnsafe(SMALL);
  let position = start;
  while (position < end) {
    checkSignal(signal, path);
    const at = position;
    const length = Math.min(buffer.length, end - at);
    const { bytesRead } = await systemAsync('read', path, () => readAsync(from, buffer, 0, length, at));
    if (bytesRead === 0) {
      return;
    }
    for (let written = 0; written < bytesRead;) {
      const offset = written;
      const { bytesWritten } = await systemAsync('write', path, () =>
        writeAsync(to, buffer, offset, bytesRead - offset, at + offset),
      );
      written += bytesWritten;
    }
    position += bytesRead;
  }
}
