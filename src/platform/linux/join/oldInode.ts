import { SystemError } from '../../../core/errors';
import { leftBecause, type Left, type LeftWhy } from '../../../core/join';
import type { FoundName, OldInode, Target } from '../../../core/ports';
import { isSameInode, looksUntouched, type Seen, type Separation } from '../../../core/separation';
import { sameInode } from '../clone';
import { Names } from '../gate/names';
import type { Stat } from '../layouts';
import type { Host } from '../linux';
import { closeQuietly, Place } from '../place';
import { examineDirectory } from '../target';
import { fingerprint } from './fingerprint';

export function seen({ device, inode, born, size, mtime }: Stat): Seen {
  return { identity: { device, inode }, born, size, mtime };
}

export function pathOf({ folder, name }: Pick<FoundName, 'folder' | 'name'>): Buffer {
  return Buffer.concat([folder, Buffer.from('/'), name]);
}

/** `undefined` if the name leads to nothing, or to something else. @throws SystemError of open(2), statx(2) */
export function openOldInode(host: Host, name: FoundName): OldInode | undefined {
  const place = openPlace(name);
  if (place === undefined) {
    return undefined;
  }
  if (isSameInode(seen(host.libc.statDescriptor(place.pin, place.path)), name.of)) {
    return new LinuxOldInode(host, place, name.of);
  }
  place.release();
  return undefined;
}

function openPlace(name: FoundName): Place | undefined {
  try {
    return Place.open(pathOf(name));
  } catch (thrown) {
    if (SystemError.is(thrown, 'ENOENT', 'ENOTDIR', 'ELOOP')) {
      return undefined;
    }
    throw thrown;
  }
}

class LinuxOldInode implements OldInode {
  readonly #host: Host;
  readonly #place: Place;
  readonly #separation: Separation;

  constructor(host: Host, place: Place, separation: Separation) {
    this.#host = host;
    this.#place = place;
    this.#separation = separation;
  }

  links(): number {
    return Number(this.#host.libc.statDescriptor(this.#place.pin, this.#place.path).links);
  }

  async isUnchanged(signal: AbortSignal): Promise<boolean> {
    const { libc } = this.#host;
    const { path } = this.#place;
    const fd = this.#place.openReader();
    try {
      return (
        looksUntouched(this.#separation, seen(libc.statDescriptor(fd, path))) &&
        (await fingerprint(libc, fd, path, signal)) === this.#separation.fingerprint
      );
    } finally {
      closeQuietly(fd);
    }
  }

  join(name: FoundName, target: Target): Left | undefined {
    let place: Place | undefined;
    try {
      place = openPlace(name);
      return place === undefined ? { path: name.path, why: 'replaced' } : this.#join(place, target);
    } catch (thrown) {
      if (thrown instanceof SystemError) {
        return leftBecause(name.path, thrown);
      }
      throw thrown;
    } finally {
      place?.release();
    }
  }

  close(): void {
    this.#place.release();
  }

  #join(place: Place, target: Target): Left | undefined {
    const { libc } = this.#host;
    const { path } = place;
    const wanted = libc.statDescriptor(target.handed.descriptor, target.facts.realPath);
    // Asked of the pin, and again after the exchange: on overlayfs that may give the inode other numbers.
    const before = libc.statDescriptor(place.pin, path);
    if (sameInode(before, wanted)) {
      return undefined;
    }
    if (!isSameInode(seen(before), this.#separation)) {
      return { path, why: 'replaced' };
    }
    if (!looksUntouched(this.#separation, seen(before))) {
      return { path, why: 'changed' };
    }
    // Not found out by trying: the temporary name might be made there, and not be removed again.
    if (![before, wanted].every((stat) => mayExchange(this.#host, place, stat))) {
      throw new SystemError('renameat2', path, 'EPERM');
    }
    this.#host.record?.note(place);
    const names = new Names(this.#host, place.directory, place.name, path, place.record);
    const temporary = names.link(target.handed.descriptor);
    try {
      names.exchange(temporary);
    } catch (thrown) {
      names.remove(temporary, wanted);
      throw thrown;
    }
    return this.#settle(place, names, temporary, wanted);
  }

  /** Whatever the name had led to has a temporary name until it is known to be the old inode, with the old bytes. */
  #settle(place: Place, names: Names, temporary: Buffer, wanted: Stat): Left | undefined {
    let why: LeftWhy | undefined;
    try {
      const displaced = names.at(temporary);
      why = this.#whyNotOld(place, displaced);
      if (why === undefined) {
        names.remove(temporary, displaced);
        return undefined;
      }
    } catch (thrown) {
      this.#putBack(names, temporary, wanted);
      throw thrown;
    }
    this.#putBack(names, temporary, wanted);
    return { path: place.path, why };
  }

  #whyNotOld({ pin, path }: Place, displaced: Stat): LeftWhy | undefined {
    if (!sameInode(displaced, this.#host.libc.statDescriptor(pin, path))) {
      return 'replaced';
    }
    return looksUntouched(this.#separation, seen(displaced)) ? undefined : 'changed';
  }

  #putBack(names: Names, temporary: Buffer, wanted: Stat): void {
    names.restore(temporary, wanted);
    // The link that was made, or a file that its owner has replaced by the one that the name leads to now.
    names.remove(temporary, names.at(temporary));
  }
}

function mayExchange(host: Host, place: Place, stat: Stat): boolean {
  const { directoryWritable, stickyForbids } = examineDirectory(host, place, stat);
  return directoryWritable && !stickyForbids;
}
