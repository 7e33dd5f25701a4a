import { constants, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { SystemError } from '../../../core/errors';
import type { Healing } from '../../../core/violations/heal';
import type { LeaseAnswer } from '../../../core/violations/post';
import type { NotHealed } from '../../../core/violations/violation';
import { sameInode, untouched } from '../clone';
import { system } from '../errors';
import { decodeEveryNotice } from '../gate/events';
import { type Lease, quietLease } from '../gate/leases';
import { Names } from '../gate/names';
import { IN_CLOSE_WRITE, IN_MODIFY, IN_OPEN, O_PATH, type Stat } from '../layouts';
import type { Host } from '../linux';
import { knownMountsOfPlace } from '../mounts';
import { closeQuietly, descriptorPath, openReader, type Place } from '../place';
import { makeAtOnce } from '../stage';
import type { HealNote } from './healNote';
import { ReadyHeal, refusal, type HealParts, type Subject } from './readyHeal';

/** Bytes that are written at once. */
const PIECE = 1 << 20;

const CAME = [
  [IN_OPEN, 'opened'],
  [IN_MODIFY, 'written'],
  [IN_CLOSE_WRITE, 'written'],
] as const;

/** The new inode. */
interface New {
  readonly fd: number;
  readonly lease: Lease;
  readonly stat: Stat;
}

/**
 * One heal; see `core/violations/heal.ts`. All names are below one descriptor of the real directory, which is locked against saves of the same
 * path meanwhile.
 */
export class LinuxHealing implements Healing {
  readonly #parts: HealParts;
  readonly #subject: Subject;
  readonly #place: Place;
  readonly #names: Names;
  readonly #temporary: Buffer;
  readonly #note: HealNote;
  #unlock: (() => void) | undefined;
  readonly #held: Stat;
  readonly #new: New;
  /** What the held inode has. */
  #bytes: Uint8Array;
  /** It has neither the one nor the other: the disk refuses both. */
  #torn = false;
  #writer: number | undefined;
  #watch: number | undefined;
  #newLeased = false;

  private constructor(parts: HealParts, subject: Subject, opened: Opened) {
    this.#parts = parts;
    this.#subject = subject;
    this.#place = opened.place;
    this.#names = opened.names;
    this.#temporary = opened.temporary;
    this.#note = opened.note;
    this.#unlock = opened.unlock;
    this.#held = opened.held;
    this.#new = opened.made;
    this.#bytes = opened.bytes;
  }

  /**
   * Looks whether it can be healed, writes that down, and copies the file.
   *
   * @param ready what was made ready for it, if anything was; it is used up in any case
   * @throws SystemError what the system refuses; then nothing is left
   */
  static begin(parts: HealParts, subject: Subject, ready: ReadyHeal | undefined): LinuxHealing | NotHealed {
    const undo: (() => void)[] = [];
    try {
      const opened = open(parts, subject, ready, undo);
      if (typeof opened !== 'string') return new LinuxHealing(parts, subject, opened);
      undoAll(undo);
      return opened;
    } catch (thrown) {
      undoAll(undo);
      throw thrown;
    }
  }

  leaseNew(): LeaseAnswer {
    const { lease, fd } = this.#new;
    try {
      lease.take();
    } catch (thrown) {
      if (SystemError.is(thrown, 'EAGAIN')) return 'writer';
      this.#problem(thrown);
      return 'never';
    }
    this.#newLeased = true;
    this.#parts.leased(fd, true);
    return 'taken';
  }

  publish(): 'published' | 'moved' | 'changed' | 'failed' {
    return this.#try('failed', () => {
      const there = this.#names.atPath();
      if (!there || !sameInode(there, this.#held)) return 'moved';
      if (!untouched(this.#held, there)) return 'changed';
      // Before the exchange: of what is done, nothing may fail that would pass for not done.
      const synced = this.#openPath();
      try {
        this.#names.exchange(this.#temporary);
      } catch (thrown) {
        closeQuietly(synced);
        throw thrown;
      }
      if (!this.#isDisplaced(this.#held)) {
        closeQuietly(synced);
        // What another program has put there in between.
        this.#names.restore(this.#temporary, this.#new.stat);
        return 'moved';
      }
      this.#parts.sync(synced, this.#place.path);
      return 'published';
    });
  }

  putBack(): 'back' | 'apart' | 'moved' {
    this.#unlisten();
    if (this.#torn) return 'moved';
    const isAtPath = this.#try(undefined, () => this.#isAtPath(this.#new.stat));
    if (isAtPath === false) return 'moved';
    // What is not known is not done, and nobody's bytes are lost by that: both are let in, and waited for.
    if (isAtPath === undefined || !this.#isNewKept()) return this.#letInToNew();
    if (!this.#exchange()) return this.#letInToNew();
    return this.#try('moved', () => {
      if (this.#isDisplaced(this.#new.stat)) return this.#stayBack();
      this.#names.restore(this.#temporary, this.#held);
      return 'moved';
    });
  }

  stayBack(): 'back' | 'apart' | 'moved' {
    return this.#try('moved', () => this.#stayBack());
  }

  listen(): boolean {
    if (this.#watch !== undefined) return true;
    return this.#try(false, () => {
      this.#drain();
      this.#watch = this.#subject.pin.use((pin) =>
        this.#parts.calls.addWatch(
          this.#parts.events,
          descriptorPath(pin),
          IN_OPEN | IN_MODIFY | IN_CLOSE_WRITE,
          this.#place.path,
        ),
      );
      return true;
    });
  }

  open(): 'opened' | 'busy' | 'failed' {
    try {
      const flags = constants.O_RDWR | constants.O_NONBLOCK;
      this.#writer = this.#subject.pin.use((pin) =>
        system('open', this.#place.path, () => openSync(descriptorPath(pin), flags)),
      );
      return 'opened';
    } catch (thrown) {
      if (SystemError.is(thrown, 'EAGAIN')) return 'busy';
      this.#problem(thrown);
      return 'failed';
    }
  }

  hasCome(): boolean {
    const watch = this.#watch;
    return this.#try(true, () => {
      const { events, overflow } = this.#drain();
      const ours = events.filter((event) => event.watch === watch);
      this.#unlisten();
      // The one is our own.
      return watch === undefined || overflow || ours.length !== 1 || ours[0]?.what !== 'opened';
    });
  }

  restore(): number | undefined {
    const { running } = this.#subject;
    if (this.#overwrite(running)) {
      this.#bytes = running;
      this.#torn = false;
      const at = performance.now();
      // It never has to go back. Whoever met the lease while somebody is on his way to the held one would wait, and nobody would hear him.
      this.#letNewGo();
      return at;
    }
    // Better the one than a mixture.
    this.#torn = !this.#overwrite(this.#bytes);
    return undefined;
  }

  shut(): void {
    if (this.#writer !== undefined) closeQuietly(this.#writer);
    this.#writer = undefined;
  }

  isRestored(): boolean {
    return this.#try(false, () => equal(this.#read(), this.#subject.running));
  }

  replay(): boolean {
    return this.#try(false, () => {
      if (this.#torn) return false;
      const found = this.#read();
      if (equal(found, this.#bytes)) return true;
      this.#letNewGo();
      // Otherwise another program's file is there, which would have displaced this one, too.
      if (this.#isAtPath(this.#new.stat)) this.#write(found);
      this.#bytes = found;
      return true;
    });
  }

  end(): void {
    this.#try(undefined, () => {
      const left = this.#names.at(this.#temporary);
      for (const ours of [this.#new.stat, this.#held]) {
        if (sameInode(left, ours) && !this.#torn) this.#names.remove(this.#temporary, ours);
      }
    });
    if (this.#torn) this.#note.leave();
    else
      this.#try(undefined, () => {
        this.#note.end();
      });
    this.leave();
  }

  letSave(): void {
    const unlock = this.#unlock;
    this.#unlock = undefined;
    this.#try(undefined, () => unlock?.());
  }

  leave(): void {
    this.shut();
    this.#unlisten();
    this.#letNewGo();
    closeQuietly(this.#new.fd);
    this.#note.leave();
    this.letSave();
    this.#place.release();
  }

  /** Between two complete versions there is nothing that it is but these. */
  #overwrite(bytes: Uint8Array): boolean {
    const writer = this.#writer;
    if (writer === undefined) return false;
    return this.#try(false, () => {
      const { path } = this.#place;
      const write = (start: number, end: number): void => {
        for (let at = start; at < end;) {
          const from = at;
          at += system('write', path, () => writeSync(writer, bytes, from, Math.min(PIECE, end - from), from));
          this.#parts.progress();
        }
      };
      const there = Number(this.#parts.host.libc.statDescriptor(writer, path).size);
      // What needs room first.
      write(Math.min(there, bytes.length), bytes.length);
      write(0, Math.min(there, bytes.length));
      system('ftruncate', path, () => {
        ftruncateSync(writer, bytes.length);
      });
      return true;
    });
  }

  /** What was written to the held inode, to what is at the path. */
  #write(found: Uint8Array): void {
    const { path } = this.#place;
    const appended = found.length > this.#bytes.length && equal(found.subarray(0, this.#bytes.length), this.#bytes);
    const how = constants.O_WRONLY | constants.O_NONBLOCK | (appended ? constants.O_APPEND : constants.O_TRUNC);
    const bytes = appended ? found.subarray(this.#bytes.length) : found;
    const fd = system('open', path, () => openSync(descriptorPath(this.#new.fd), how));
    try {
      for (let at = 0; at < bytes.length;) {
        const from = at;
        at += system('write', path, () => writeSync(fd, bytes, from, Math.min(PIECE, bytes.length - from)));
        this.#parts.progress();
      }
    } finally {
      closeQuietly(fd);
    }
  }

  #read(): Uint8Array {
    const { pin } = this.#subject;
    return pin.use((descriptor) => {
      const fd = openReader(descriptor, this.#place.path);
      try {
        return readAll(fd, Number(this.#parts.host.libc.statDescriptor(fd, this.#place.path).size), this.#place.path);
      } finally {
        closeQuietly(fd);
      }
    });
  }

  #stayBack(): 'back' | 'apart' | 'moved' {
    if (this.#isNewKept()) return 'back';
    if (!this.#isAtPath(this.#held)) return 'moved';
    // Somebody had resolved the path to the new one before: there he waits.
    this.#names.exchange(this.#temporary);
    if (this.#isDisplaced(this.#held)) return this.#letInToNew();
    this.#names.restore(this.#temporary, this.#new.stat);
    return 'moved';
  }

  #exchange(): boolean {
    return this.#try(false, () => {
      this.#names.exchange(this.#temporary);
      return true;
    });
  }

  /** Whether this is what the exchange has brought out. Where nobody can say, it is: it was there a moment ago. */
  #isDisplaced(stat: Stat): boolean {
    return this.#try(true, () => sameInode(this.#names.at(this.#temporary), stat));
  }

  #isAtPath(stat: Stat): boolean {
    const found = this.#names.atPath();
    return found !== undefined && sameInode(found, stat);
  }

  /** Nobody waits for it, nor is anybody on his way who is counted already: with one of these no lease is granted anew. */
  #isNewKept(): boolean {
    if (!this.#newLeased) return false;
    try {
      if (this.#new.lease.state() !== 'kept') return false;
      this.#new.lease.take();
      return true;
    } catch (thrown) {
      if (!SystemError.is(thrown, 'EAGAIN')) this.#problem(thrown);
      return false;
    }
  }

  #letInToNew(): 'apart' {
    this.#letNewGo();
    return 'apart';
  }

  #letNewGo(): void {
    if (!this.#newLeased) return;
    this.#newLeased = false;
    this.#try(undefined, () => {
      this.#new.lease.letGo();
    });
    this.#parts.leased(this.#new.fd, false);
  }

  #openPath(): number {
    return system('open', this.#place.path, () => openSync(descriptorPath(this.#new.fd), O_PATH));
  }

  #drain(): ReturnType<typeof decodeEveryNotice<'opened' | 'written'>> {
    const buffer = Buffer.alloc(1 << 16);
    try {
      const length = system('read', '', () => readSync(this.#parts.events, buffer));
      return decodeEveryNotice(buffer.subarray(0, length), CAME);
    } catch (thrown) {
      if (SystemError.is(thrown, 'EAGAIN')) return { events: [], overflow: false };
      throw thrown;
    }
  }

  #unlisten(): void {
    const watch = this.#watch;
    this.#watch = undefined;
    if (watch === undefined) return;
    this.#try(undefined, () => {
      this.#parts.calls.removeWatch(this.#parts.events, watch, this.#place.path);
    });
  }

  #try<T>(otherwise: T, action: () => T): T {
    try {
      return action();
    } catch (thrown) {
      this.#problem(thrown);
      return otherwise;
    }
  }

  #problem(thrown: unknown): void {
    if (!(thrown instanceof SystemError)) throw thrown;
    this.#parts.problem(thrown);
  }
}

interface Opened {
  readonly place: Place;
  readonly names: Names;
  readonly temporary: Buffer;
  readonly note: HealNote;
  readonly unlock: () => void;
  readonly held: Stat;
  readonly made: New;
  readonly bytes: Uint8Array;
}

/** @param undo is what is to be undone, the last first, if it does not come to anything */
function open(
  parts: HealParts,
  subject: Subject,
  made: ReadyHeal | undefined,
  undo: (() => void)[],
): Opened | NotHealed {
  const { host, calls } = parts;
  const { path, pin } = subject;
  const ready = made ?? ReadyHeal.make(parts, subject);
  if (typeof ready === 'string') return ready;
  undo.push(() => {
    ready.drop();
  });
  const { place, temporary, note } = ready;
  const held = host.libc.statDescriptor(place.pin, path);
  const why = refusal(host, place, held, pin) ?? mounted(host, place);
  if (why !== undefined) return why;
  const directory = host.libc.statDescriptor(place.directory, path);
  const unlock = parts.saving?.take({
    directoryIdentity: { device: directory.device, inode: directory.inode },
    name: place.name,
  });
  if (parts.saving && !unlock) return 'saving';
  if (unlock) undo.push(unlock);
  const reader = openReader(place.pin, path);
  try {
    const bytes = readAll(reader, Number(held.size), path);
    const { clone, losses } = makeAtOnce({ ...host, temporaryName: () => temporary }, place, {
      fd: reader,
      examined: held,
    });
    undo.push(() => {
      clone.close();
    });
    parts.progress();
    if (losses.length > 0) return 'attributes';
    const fd = system('open', path, () => openSync(descriptorPath(clone.fd), constants.O_RDONLY));
    const fresh = { fd, lease: quietLease(calls, fd, path), stat: host.libc.statDescriptor(fd, path) };
    clone.forgetName();
    clone.close();
    const names = new Names(host, place.directory, place.name, path, 0);
    return { place, names, temporary, note, unlock: unlock ?? (() => undefined), held, made: fresh, bytes };
  } finally {
    closeQuietly(reader);
  }
}

/** Who has the file itself mounted would stay with the inode. What is not known to be mounted nowhere is not healed. */
function mounted(host: Host, place: Place): NotHealed | undefined {
  // A machine that stood still had no time for all of them.
  const mounts = knownMountsOfPlace(host, place) ?? knownMountsOfPlace(host, place);
  if (mounts === undefined) return 'error';
  return mounts.length > 0 ? 'otherNames' : undefined;
}

function undoAll(undo: readonly (() => void)[]): void {
  for (const step of undo.toReversed()) step();
}

/** What there is of the first `size` bytes. */
function readAll(fd: number, size: number, path: string): Uint8Array {
  const bytes = Buffer.allocUnsafe(size);
  let filled = 0;
  for (let got = -1; got !== 0 && filled < size; filled += got) {
    got = system('read', path, () => readSync(fd, bytes, filled, size - filled, filled));
  }
  return bytes.subarray(0, filled);
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
