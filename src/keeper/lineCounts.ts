import { SystemError } from '../core/errors';
import type { Holder } from '../core/holders/holder';
import { lineReadUpTo } from '../core/holders/line';
import { lookout } from '../core/holders/limits';
import type { Pin } from '../core/holders/ports';

interface Counted {
  readonly mtime: bigint;
  readonly size: number;
  readonly bytes: Uint8Array;
}

/**
 * In which lines holders have stopped reading. Bytes are read once for each version: reading opens the file, which is told as a use
 * of it.
 */
export class LineCounts {
  readonly #counted = new WeakMap<Pin, Counted>();

  /** `undefined`: it reads nothing, or the file is too large, or not ours to read. */
  lineOf(pin: Pin, { read }: Holder): number | undefined {
    if (!read || read.offset > lookout.counted) return undefined;
    try {
      return lineReadUpTo(this.#bytes(pin), read.offset);
    } catch (thrown) {
      // It is told without a line.
      if (thrown instanceof SystemError) return undefined;
      throw thrown;
    }
  }

  #bytes(pin: Pin): Uint8Array {
    const mtime = pin.mtime();
    const size = pin.size();
    const known = this.#counted.get(pin);
    if (known?.mtime === mtime && known.size === size) return known.bytes;
    const bytes = pin.read(Math.min(size, lookout.counted));
    this.#counted.set(pin, { mtime, size, bytes });
    return bytes;
  }
}
