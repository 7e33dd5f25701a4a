import type { Hash } from 'node:crypto';
import { read } from 'node:fs';
import { promisify } from 'node:util';

const readAsync = promisify(read);

/** Bytes between two looks at whether the reading is still wanted. */
const piece = 1 << 18;

/**
 * Reads what a descriptor has open from its beginning, on other threads, into a hash. The descriptor's position is not used.
 *
 * @throws what read(2) says, as Node's errors; the signal's reason
 */
export async function digestInto(hash: Hash, descriptor: number, signal: AbortSignal): Promise<void> {
  // A stream that is given up closes the descriptor, which is not its own.
  const buffer = Buffer.allocUnsafe(piece);
  for (let at = 0; ;) {
    signal.throwIfAborted();
    const { bytesRead } = await readAsync(descriptor, buffer, 0, piece, at);
    if (bytesRead === 0) return;
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}
