import { closeSync, openSync, readSync } from 'node:fs';
import { SystemError } from '../../../core/errors';
import { system } from '../errors';

const buffer = Buffer.allocUnsafeSlow(1 << 16);

/**
 * The text of a file below `/proc`, as Latin-1. Cheaper than `readFileSync`, which first asks for a size that these
 * files do not have.
 */
export function readProc(path: string): string {
  return system('read', path, () => {
    const fd = openSync(path, 'r');
    try {
      let text = '';
      for (let length = 0; (length = readSync(fd, buffer, 0, buffer.length, null)) > 0;) {
        text += buffer.toString('latin1', 0, length);
      }
      return text;
    } finally {
      closeSync(fd);
    }
  });
}

/** The same for a file that the kernel makes at once (`single_open`, fs/seq_file.c), and that is not longer than the buffer. */
export function readProcAtOnce(path: string): string {
  return readProcHead(path, buffer.length);
}

/**
 * The beginning of a file below `/proc`: the kernel makes little more of it than what is asked for.
 *
 * @param most bytes
 */
export function readProcHead(path: string, most: number): string {
  return system('read', path, () => {
    const fd = openSync(path, 'r');
    try {
      return buffer.toString('latin1', 0, readSync(fd, buffer, 0, most, null));
    } finally {
      closeSync(fd);
    }
  });
}

/** A task that has ended has nothing more to read; one that we may not look at is not known. */
export function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (thrown) {
    if (thrown instanceof SystemError) {
      return undefined;
    }
    throw thrown;
  }
}
