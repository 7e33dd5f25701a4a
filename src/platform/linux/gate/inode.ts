import { closeSync, readSync, statfsSync } from 'node:fs';
import { SystemError } from '../../../core/errors';
import type { Handed } from '../../../core/gate/ports';
import { closeQuietly, descriptorPath, openReader } from '../place';
import { system } from '../errors';
import { IN_OPEN, LEASE_FILE_SYSTEMS } from '../layouts';
import type { Stat } from '../layouts';
import type { Libc } from '../libc';
import type { GateCalls } from './calls';
import { Lease } from './leases';
import { WATCHED } from './events';
import type { EventWaiter } from './waiter';
import { kept } from './watches';

/**
 * An inode in the keeper's hands: its descriptor, watch and lease, and what it was when it was taken. All descriptors
 * are Node's: when the worker ends, for whatever reason, they are closed and the leases gone.
 */
export class TakenInode {
  readonly fd: number;
  readonly watch: number;
  readonly lease: Lease;
  readonly #libc: Libc;
  readonly #waiter: EventWaiter;
  readonly #path: string;
  #recorded: Pick<Stat, 'size' | 'mtime'>;
  /** Somebody changed it before we gave it another time. */
  #wasTouched = false;

  /** @throws SystemError of open(2); ESTALE: another inode; ENOSPC: no watch left */
  constructor(libc: Libc, calls: GateCalls, waiter: EventWaiter, handed: Handed, path: string) {
    this.#libc = libc;
    this.#waiter = waiter;
    this.#path = path;
    // Before the watch, which would report it.
    this.fd = openReader(handed.descriptor, path);
    try {
      const found = this.stat();
      if (found.device !== handed.identity.device || found.inode !== handed.identity.inode) {
        throw new SystemError('open', path, 'ESTALE');
      }
      this.#recorded = handed.seen ?? found;
      this.watch = waiter.watches.add(kept(this.fd, path), WATCHED);
    } catch (thrown) {
      closeSync(this.fd);
      throw thrown;
    }
    this.lease = new Lease(calls, this.fd, path, () => waiter.listen(this.fd, path));
  }

  /** As it is now: overlayfs gives an inode new numbers when it is copied up. */
  stat(): Stat {
    return this.#libc.statDescriptor(this.fd, this.#path);
  }

  touched(now: Stat): boolean {
    return this.#wasTouched || now.size !== this.#recorded.size || now.mtime !== this.#recorded.mtime;
  }

  /** @throws SystemError of inotify_add_watch(2) */
  tellOpens(told: boolean): void {
    this.#waiter.watches.change(this.watch, told ? WATCHED : WATCHED & ~IN_OPEN);
  }

  acknowledge(): void {
    this.#recorded = this.stat();
    this.#wasTouched = false;
  }

  /** Our own change: not what `touched` is about. */
  setModified(mtime: bigint): void {
    this.#wasTouched = this.touched(this.stat());
    this.#libc.setTimes(this.fd, undefined, mtime, this.#path);
    this.#recorded = this.stat();
  }

  /** Whether a granted write lease means anything here. */
  probeBelieved(): boolean {
    const { type } = system('statfs', this.#path, () => statfsSync(descriptorPath(this.fd), { bigint: true }));
    return LEASE_FILE_SYSTEMS.get(type)?.probe === true;
  }

  /** @param scratch for the bytes; its size is that of one read */
  compare(content: Uint8Array, scratch: Buffer): 'equal' | 'beginning' | 'other' | 'untouched' {
    const compared = this.#compareBytes(content, scratch);
    return compared !== 'equal' && !this.touched(this.stat()) ? 'untouched' : compared;
  }

  /** Nobody waits for it or hears of it any more. `report` gets what could not be done. */
  release(report: (error: SystemError) => void): void {
    for (const step of [() => this.lease.letGo(), () => this.#waiter.watches.remove(this.watch)]) {
      try {
        step();
      } catch (thrown) {
        if (!(thrown instanceof SystemError)) {
          throw thrown;
        }
        report(thrown);
      }
    }
  }

  close(): void {
    closeQuietly(this.fd);
  }

  #compareBytes(content: Uint8Array, scratch: Buffer): 'equal' | 'beginning' | 'other' {
    if (this.stat().size > BigInt(content.length)) {
      return 'other';
    }
    for (let at = 0; ;) {
      const length = system('read', this.#path, () => readSync(this.fd, scratch, 0, scratch.length, at));
      if (length === 0) {
        return at === content.length ? 'equal' : 'beginning';
      }
      // It may have grown since.
      if (at + length > content.length || scratch.compare(content, at, at + length, 0, length) !== 0) {
        return 'other';
      }
      at += length;
    }
  }
}
