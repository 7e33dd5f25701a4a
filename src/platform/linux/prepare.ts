import { closeSync, constants, fsync, openSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Handed } from '../../core/gate/ports';
import { limits } from '../../core/limits';
import type { Loss, Prepared } from '../../core/ports';
import { removeName } from './clone';
import { system, systemAsync } from './errors';
import { closedForWriting } from './gate/closed';
import { O_PATH } from './layouts';
import type { Host } from './linux';
import { closeQuietly, descriptorPath } from './place';
import type { Place } from './place';
import { make, type Made, type Original } from './stage';

const fsyncAsync = promisify(fsync);

/**
 * A new version or a private clone for the gate; see `Target.prepareVersion`, `Target.prepareClone`.
 *
 * @throws SystemError as `make`
 */
export async function prepare(
  host: Host,
  place: Place,
  original: Original,
  content: Uint8Array | undefined,
  signal: AbortSignal,
): Promise<Prepared> {
  const prepared = new PreparedClone(host, place, await make(host, place, original, content, signal));
  try {
    await closedForWriting(host, prepared.handed.descriptor, place.path, limits.closedForWriting);
    return prepared;
  } catch (thrown) {
    prepared.close();
    throw thrown;
  }
}

/** Complete, and open for writing no more: a lease is refused on what somebody has open for writing. */
class PreparedClone implements Prepared {
  readonly handed: Handed;
  readonly losses: readonly Loss[];
  readonly #host: Host;
  readonly #place: Place;
  #closed = false;

  constructor(host: Host, place: Place, { clone, losses }: Made) {
    this.#host = host;
    this.#place = place;
    this.losses = losses;
    try {
      const { device, inode } = host.libc.statDescriptor(clone.fd, place.path);
      const descriptor = system('open', place.path, () => openSync(descriptorPath(clone.fd), O_PATH));
      const temporaryName = clone.name;
      const identity = { device, inode };
      this.handed = temporaryName === undefined ? { descriptor, identity } : { descriptor, identity, temporaryName };
      place.retain();
      clone.forgetName();
    } finally {
      clone.close();
    }
  }

  async sync(): Promise<void> {
    const { path } = this.#place;
    const fd = system('open', path, () => openSync(descriptorPath(this.handed.descriptor), constants.O_RDONLY));
    try {
      await systemAsync('fsync', path, () => fsyncAsync(fd));
    } finally {
      closeSync(fd);
    }
  }

  close(): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    const { descriptor, temporaryName } = this.handed;
    if (temporaryName !== undefined) {
      removeName(this.#host, this.#place, Buffer.from(temporaryName), () =>
        this.#host.libc.statDescriptor(descriptor, this.#place.path),
      );
    }
    closeQuietly(descriptor);
    this.#place.release();
  }
}
