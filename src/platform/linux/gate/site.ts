import { constants, openSync, statfsSync } from 'node:fs';
import { SystemError } from '../../../core/errors';
import type {
  Displaced,
  GateListener,
  Handed,
  HandedPlace,
  LeaseState,
  Probed,
  Site,
  Slot,
} from '../../../core/gate/ports';
import { sameInode } from '../clone';
import { system } from '../errors';
import { O_PATH } from '../layouts';
import type { Stat } from '../layouts';
import type { Host } from '../linux';
import { closeQuietly, descriptorPath, pathBelow } from '../place';
import type { GateCalls } from './calls';
import { TakenInode } from './inode';
import { Names } from './names';
import { processes, Search } from './search';
import { Uninvolved } from './uninvolved';
import type { EventWaiter } from './waiter';

/** What was taken, or came out of the path; and the temporary name it has, if it has one. */
interface Member {
  readonly fd: number;
  name: Buffer | undefined;
}

interface Taken extends Member {
  readonly inode: TakenInode;
  readonly uninvolved: Uninvolved;
  /** What came out of the path when this was put there. */
  displaced: Member | undefined;
}

/** In nanoseconds. Editors compare times in milliseconds. */
const MILLISECOND = 1_000_000n;

/** For looks at bytes; the thread does one at a time. */
let scratch: Buffer | undefined;

/**
 * One path of the kernel's, and the inodes that take part in its save. Each is at the path, or has a temporary name, or
 * is nameless:
 *
 *     nameless → temporary → path      exchange
 *     path → temporary                 displaced, taken back
 *     temporary → nameless             dropped
 *
 * A temporary name belongs to the member that it leads to: an exchange hands it on.
 */
export class GateSite implements Site {
  readonly #host: Host;
  readonly #calls: GateCalls;
  readonly #waiter: EventWaiter;
  readonly #path: string;
  readonly #directory: number;
  readonly #name: Buffer;
  readonly #names: Names;
  readonly #listener: GateListener;
  readonly #taken = new Map<Slot, Taken>();
  #foreign: Member | undefined;
  #closed = false;

  /**
   * @throws SystemError of open(2); ESTALE if the descriptor leads to another directory
   */
  constructor(host: Host, calls: GateCalls, waiter: EventWaiter, place: HandedPlace, listener: GateListener) {
    this.#host = host;
    this.#calls = calls;
    this.#waiter = waiter;
    this.#path = place.path;
    this.#listener = listener;
    this.#directory = system('open', place.path, () =>
      openSync(descriptorPath(place.directory), O_PATH | constants.O_DIRECTORY),
    );
    try {
      const { device, inode } = host.libc.statDescriptor(this.#directory, place.path);
      if (device !== place.directoryIdentity.device || inode !== place.directoryIdentity.inode) {
        throw new SystemError('open', place.path, 'ESTALE');
      }
    } catch (thrown) {
      closeQuietly(this.#directory);
      throw thrown;
    }
    this.#name = Buffer.from(place.name);
    this.#names = new Names(host, this.#directory, this.#name, place.path, place.record);
  }

  take(slot: Slot, handed: Handed): number {
    if (this.#closed || this.#taken.has(slot)) {
      throw new SystemError('take', this.#path, this.#closed ? 'EBADF' : 'EEXIST');
    }
    const inode = new TakenInode(this.#host.libc, this.#calls, this.#waiter, handed, this.#path);
    const name = handed.temporaryName === undefined ? undefined : Buffer.from(handed.temporaryName);
    const uninvolved = new Uninvolved(this.#calls);
    if (handed.unreached) this.#reporting(() => uninvolved.all(processes()));
    this.#taken.set(slot, { inode, uninvolved, fd: inode.fd, name, displaced: undefined });
    return inode.watch;
  }

  probe(slot: Slot): Probed {
    const { inode } = this.#member(slot);
    return inode.probeBelieved() ? inode.lease.probe() : 'unknown';
  }

  lease(slot: Slot): void {
    this.#member(slot).inode.lease.take();
  }

  leaseState(slot: Slot): LeaseState {
    return this.#member(slot).inode.lease.state();
  }

  waiting(slot: Slot): readonly number[] {
    return this.#member(slot).inode.lease.waiting();
  }

  letGo(slot: Slot): void {
    this.#reporting(() => this.#taken.get(slot)?.inode.lease.letGo());
  }

  adopt(as: Slot): { readonly slot: Slot; readonly watch?: number } | undefined {
    const found = this.#names.atPath();
    if (found === undefined) {
      return undefined;
    }
    const known = this.#find(found);
    if (known !== undefined && known.slot !== 'foreign') {
      return { slot: known.slot };
    }
    return this.#opening(O_PATH, (descriptor, there) => {
      if (!this.#isLikeOurs(there)) {
        return undefined;
      }
      const { device, inode } = there;
      return { slot: as, watch: this.take(as, { descriptor, identity: { device, inode } }) };
    });
  }

  room(): number {
    const found = system('statfs', this.#path, () => statfsSync(descriptorPath(this.#directory)));
    // Without a limit (tmpfs), or one that it knows of (FUSE).
    return found.blocks === 0 ? Infinity : found.bavail * found.bsize;
  }

  restamp(): void {
    this.#reporting(() =>
      this.#opening(constants.O_RDONLY | constants.O_NONBLOCK, (descriptor, { mtime }) =>
        this.#host.libc.setTimes(descriptor, undefined, mtime + MILLISECOND, this.#path),
      ),
    );
  }

  isAtPath(slot: Slot): boolean {
    const { inode } = this.#member(slot);
    const found = this.#names.atPath();
    return found !== undefined && sameInode(found, inode.stat()) && !inode.touched(found);
  }

  exchange(slot: Slot): Displaced {
    const incoming = this.#member(slot);
    // It keeps its name if the exchange is refused: a nameless inode that has lost one cannot be linked again (ENOENT).
    const temporary = (incoming.name ??= this.#names.link(incoming.fd));
    this.#names.exchange(temporary);
    incoming.name = undefined;
    try {
      const found = this.#names.at(temporary);
      const known = this.#find(found);
      const displaced = known === undefined ? this.#takeForeign(temporary, found) : known.member;
      displaced.name = temporary;
      incoming.displaced = displaced;
      return known?.slot === undefined || known.slot === 'foreign'
        ? { slot: 'foreign', touched: true }
        : { slot: known.slot, touched: known.member.inode.touched(found) };
    } catch (thrown) {
      this.#names.restore(temporary, incoming.inode.stat());
      incoming.name = temporary;
      throw thrown;
    }
  }

  takeBack(slot: Slot): boolean {
    const leaving = this.#member(slot);
    const atPath = this.#names.atPath();
    if (atPath === undefined || !sameInode(atPath, leaving.inode.stat())) {
      return false;
    }
    const returning = leaving.displaced;
    const temporary = returning?.name;
    if (returning === undefined || temporary === undefined) {
      throw new SystemError('takeBack', this.#path, 'ENOENT');
    }
    this.#names.exchange(temporary);
    returning.name = undefined;
    leaving.name = temporary;
    if (sameInode(this.#names.at(temporary), leaving.inode.stat())) {
      leaving.displaced = undefined;
      return true;
    }
    leaving.name = undefined;
    // In the last instant another program has put its file there. It goes back.
    this.#names.restore(temporary, this.#stat(returning));
    if (sameInode(this.#names.at(temporary), this.#stat(returning))) {
      returning.name = temporary;
    } else {
      // A file that its owner has replaced by the one that is at the path now.
      this.#reporting(() => this.#names.remove(temporary, this.#names.at(temporary)));
    }
    return false;
  }

  search(slot: Slot, except: readonly number[]): readonly number[] {
    const { inode, fd, uninvolved } = this.#member(slot);
    const passed = new Set([process.pid, ...except]);
    return new Search(this.#host.libc, this.#calls, fd, inode.stat()).holders(passed, uninvolved, () =>
      this.#listener.progress(),
    );
  }

  compare(slot: Slot, content: Uint8Array): 'equal' | 'beginning' | 'other' | 'untouched' {
    return this.#member(slot).inode.compare(content, (scratch ??= Buffer.allocUnsafeSlow(1 << 20)));
  }

  alignTime(slot: Slot, like: Slot): void {
    this.#member(slot).inode.setModified(this.#member(like).inode.stat().mtime);
  }

  tellOpens(slot: Slot, told: boolean): void {
    this.#member(slot).inode.tellOpens(told);
  }

  acknowledge(slot: Slot): void {
    this.#member(slot).inode.acknowledge();
  }

  descriptor(slot: Slot | 'foreign'): number {
    const member = slot === 'foreign' ? this.#foreign : this.#member(slot);
    if (member === undefined) {
      throw new SystemError('descriptor', this.#path, 'EBADF');
    }
    return member.fd;
  }

  drop(slot: Slot | 'foreign'): void {
    if (slot === 'foreign') {
      const foreign = this.#foreign;
      this.#foreign = undefined;
      if (foreign !== undefined) {
        this.#removeName(foreign);
        closeQuietly(foreign.fd);
      }
      return;
    }
    const member = this.#taken.get(slot);
    if (member !== undefined) {
      this.#taken.delete(slot);
      member.inode.release((error) => this.#listener.problem(error));
      this.#removeName(member);
      member.inode.close();
    }
  }

  close(): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    for (const slot of [...this.#taken.keys(), 'foreign' as const]) {
      this.drop(slot);
    }
    closeQuietly(this.#directory);
  }

  /** What is staged carries what the target did: to put it in the place of another kind of file would take that from it. */
  #isLikeOurs({ mode, uid, gid, links }: Stat): boolean {
    const [one] = this.#taken.values();
    const ours = one && this.#stat(one);
    return ours?.mode === mode && ours.uid === uid && ours.gid === gid && links === 1n;
  }

  /** What the path leads to, for as long as the work takes. */
  #opening<T>(flags: number, work: (descriptor: number, found: Stat) => T): T {
    const path = pathBelow(this.#directory, this.#name);
    const descriptor = system('open', this.#path, () => openSync(path, flags | constants.O_NOFOLLOW));
    try {
      return work(descriptor, this.#host.libc.statDescriptor(descriptor, this.#path));
    } finally {
      closeQuietly(descriptor);
    }
  }

  #member(slot: Slot): Taken {
    const member = this.#taken.get(slot);
    if (member === undefined) {
      throw new SystemError('slot', this.#path, 'EBADF');
    }
    return member;
  }

  #stat(member: Member): Stat {
    return this.#host.libc.statDescriptor(member.fd, this.#path);
  }

  /** Compared with what the descriptors say now: overlayfs gives a file new numbers when a rename copies it up. */
  #find(found: Stat): { slot: Slot; member: Taken } | { slot: 'foreign'; member: Member } | undefined {
    for (const [slot, member] of this.#taken) {
      if (sameInode(found, this.#stat(member))) {
        return { slot, member };
      }
    }
    const foreign = this.#foreign;
    return foreign !== undefined && sameInode(found, this.#stat(foreign))
      ? { slot: 'foreign', member: foreign }
      : undefined;
  }

  /** Pins another program's file. @throws SystemError EBUSY: there is one already, and only we know its name */
  #takeForeign(name: Buffer, found: Stat): Member {
    if (this.#foreign?.name !== undefined) {
      throw new SystemError('exchange', this.#path, 'EBUSY');
    }
    const path = pathBelow(this.#directory, name);
    const pinned = system('open', this.#path, () => openSync(path, O_PATH | constants.O_NOFOLLOW));
    if (!sameInode(found, this.#stat({ fd: pinned, name }))) {
      closeQuietly(pinned);
      throw new SystemError('open', this.#path, 'ESTALE');
    }
    const foreign: Member = { fd: readable(pinned), name };
    this.drop('foreign');
    this.#foreign = foreign;
    return foreign;
  }

  #removeName(member: Member): void {
    const { name } = member;
    member.name = undefined;
    if (name !== undefined) {
      this.#reporting(() => this.#names.remove(name, this.#stat(member)));
    }
  }

  #reporting(action: () => void): void {
    try {
      action();
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) {
        throw thrown;
      }
      this.#listener.problem(thrown);
    }
  }
}

/** The same inode, to be copied; or as it is, if it cannot be read: the copy then says why. Closes what is not returned. */
function readable(pinned: number): number {
  try {
    const fd = openSync(descriptorPath(pinned), constants.O_RDONLY | constants.O_NONBLOCK);
    closeQuietly(pinned);
    return fd;
  } catch {
    return pinned;
  }
}
