import { SystemError } from '../../../core/errors';
import type { Holder, ProcessKey } from '../../../core/holders/holder';
import { parseState } from '../../../core/linux/load';
import { parseStartTime } from '../../../core/linux/proc';
import { changeOf } from '../../../core/violations/compare';
import { violationLimits } from '../../../core/violations/limits';
import type { GuardedFile, SentryListener } from '../../../core/violations/ports';
import type { LeaseAnswer } from '../../../core/violations/post';
import type { Healing } from '../../../core/violations/heal';
import type { Change, NotHealed, Writer } from '../../../core/violations/violation';
import type { GateCalls } from '../gate/calls';
import type { PathLocks } from '../gate/coordination';
import { gateable } from '../gate/gateable';
import { Lease } from '../gate/leases';
import { readProcAtOnce, unlessGone } from '../gate/text';
import { lookAgain, type Finding } from '../holders/pass';
import { PinnedInode } from '../holders/pin';
import { IN_CLOSE_WRITE, IN_MODIFY, type Stat } from '../layouts';
import { closeQuietly, openReader } from '../place';
import type { SentryWaiter } from './system';
import type { Copies } from './copies';
import { LinuxHealing } from './healing';
import { ReadyHeal, type HealParts } from './readyHeal';
import { writerOf, writersOf } from './writers';

const CLOSES = IN_CLOSE_WRITE;
const WRITES = IN_CLOSE_WRITE | IN_MODIFY;

/** Milliseconds from the event until the writer is counted off, at most. */
const COUNTED_OFF = 0.3;

const claimed = Buffer.from('violation');

/** What all guarded files have in common. */
export interface SentryParts {
  readonly finding: Finding;
  readonly calls: GateCalls;
  readonly waiter: SentryWaiter;
  readonly copies: Copies;
  readonly listener: SentryListener;
  /** Where windows meet, if they can. */
  readonly locks: PathLocks | undefined;
  /** Whose files get leases. */
  readonly uid: number;
  /** Opened for the first heal. */
  readonly heals: () => HealParts;
  /** Those that have made a heal ready. */
  readonly ready: Set<unknown>;
}

/**
 * One guarded inode. It is open only while a lease stands: an ordinary descriptor without one would make us a holder of it for other
 * windows (`holders/evidence.ts`).
 */
export class LinuxGuardedFile implements GuardedFile {
  readonly watch: number;
  readonly #parts: SentryParts;
  readonly #path: string;
  readonly #pin: PinnedInode;
  #known: readonly Holder[] = [];
  #leased: { readonly fd: number; readonly lease: Lease } | undefined;
  #copy: number | undefined;
  #remembered: Pick<Stat, 'size' | 'mtime'> | undefined;
  #disclaim: (() => void) | undefined;
  /** Of the copy that there is, or is going to be. */
  #ready: ReadyHeal | undefined;

  /** @throws as `SentrySystem.open` */
  constructor(parts: SentryParts, path: string) {
    this.#parts = parts;
    this.#path = path;
    this.#pin = PinnedInode.open(parts.finding.libc, path);
    try {
      this.watch = parts.waiter.watches.add(this.#pin, WRITES);
    } catch (thrown) {
      this.#pin.close();
      throw thrown;
    }
  }

  get copied(): number | undefined {
    if (this.#copy !== undefined && !this.#parts.copies.has(this.#copy)) this.#copy = undefined;
    return this.#copy;
  }

  isAtPath(): boolean {
    return this.#try(false, () => {
      const there = PinnedInode.open(this.#parts.finding.libc, this.#path);
      there.close();
      const { device, inode } = this.#pin.identity;
      return there.identity.device === device && there.identity.inode === inode;
    });
  }

  know(holders: readonly Holder[]): void {
    this.#known = holders;
  }

  holders(until = Infinity): readonly Holder[] {
    const { finding } = this.#parts;
    const held = this.#known.flatMap((known) => {
      // There is no time to look at what it has open.
      if (performance.now() >= until) return isRunning(known.process) ? [known] : [];
      const now = this.#try(undefined, () => lookAgain(finding, this.#pin, known));
      return now ? [{ ...now, since: known.since }] : [];
    });
    finding.memory.turn();
    return held;
  }

  lease(closed = false): LeaseAnswer {
    if (this.#leased) return 'taken';
    const { calls, waiter, listener } = this.#parts;
    try {
      if (!this.#mayLease()) return 'never';
      const fd = this.#pin.use((pin) => openReader(pin, this.#path));
      const lease = new Lease(calls, fd, this.#path, () => {
        waiter.listen(fd, this.#path);
      });
      try {
        takeSoon(lease, closed ? performance.now() + COUNTED_OFF : 0);
      } catch (thrown) {
        closeQuietly(fd);
        throw thrown;
      }
      this.#leased = { fd, lease };
      listener.leased(fd, true);
      return 'taken';
    } catch (thrown) {
      if (SystemError.is(thrown, 'EAGAIN')) return 'writer';
      this.#problem(thrown);
      return 'never';
    }
  }

  letGo(): void {
    const leased = this.#leased;
    if (!leased) return;
    this.#leased = undefined;
    this.#try(undefined, () => {
      leased.lease.letGo();
    });
    // With the descriptor the lease is gone in any case.
    closeQuietly(leased.fd);
    this.#parts.listener.leased(leased.fd, false);
  }

  isBroken(): boolean {
    const leased = this.#leased;
    return leased !== undefined && this.#try(true, () => leased.lease.state() !== 'kept');
  }

  isOver(): boolean {
    const leased = this.#leased;
    return leased !== undefined && this.#try(false, () => leased.lease.state() === 'gone');
  }

  waiting(): readonly Writer[] {
    const { finding } = this.#parts;
    const pids = this.#try([], () => this.#leased?.lease.waiting() ?? []);
    // 0: one that this /proc does not show.
    return pids.map((pid) => (pid === 0 ? { pid, program: '' } : writerOf(finding.calls, pid)));
  }

  writers(): readonly Writer[] {
    return this.#try([], () => writersOf(this.#parts.finding.calls, this.#parts.calls, this.#pin.identity));
  }

  copy(until: number, bytes: number): void {
    if (this.copied !== undefined) return;
    this.#try(undefined, () => {
      this.#withReader((fd) => {
        this.#copy = this.#parts.copies.make(fd, this.#pin.size(), until, bytes, this.#path);
      });
    });
  }

  dropCopy(): void {
    this.dropReady();
    if (this.#copy !== undefined) this.#parts.copies.drop(this.#copy);
    this.#copy = undefined;
  }

  leaveCopy(): void {
    this.dropReady();
    if (this.#copy !== undefined) this.#parts.copies.leave(this.#copy);
    this.#copy = undefined;
  }

  compare(): Change | undefined {
    const copy = this.copied;
    return this.#try<Change | undefined>({ kind: 'unknown' }, () => {
      if (copy === undefined || Math.max(this.#pin.size(), this.#parts.copies.size(copy)) > violationLimits.compared) {
        return this.#isRemembered() ? undefined : { kind: 'unknown' };
      }
      const before = this.#parts.copies.read(copy) ?? new Uint8Array();
      return this.#withReader((fd) => changeOf(before, this.#parts.copies.bytesOf(fd, this.#pin.size(), this.#path)));
    });
  }

  remember(): void {
    this.#remembered = this.#try(undefined, () => this.#stat());
  }

  tellWrites(on: boolean): void {
    this.#try(undefined, () => {
      this.#parts.waiter.watches.change(this.watch, on ? WRITES : CLOSES);
    });
  }

  claim(): boolean {
    const { locks } = this.#parts;
    if (this.#disclaim || !locks) return true;
    // Where nobody can be asked, it is told.
    return this.#try(true, () => {
      this.#disclaim = locks.take({ directoryIdentity: this.#pin.identity, name: claimed });
      return this.#disclaim !== undefined;
    });
  }

  disclaim(): void {
    const disclaim = this.#disclaim;
    this.#disclaim = undefined;
    this.#try(undefined, () => disclaim?.());
  }

  expectHeal(): void {
    this.#try(undefined, () => {
      this.#parts.heals();
    });
  }

  now(): number {
    return performance.now();
  }

  readyHeal(until: number): void {
    this.dropReady();
    this.#try(undefined, () => {
      const isTooMuch =
        this.#sizeOfRunning() > violationLimits.readied || this.#parts.ready.size >= violationLimits.ready;
      if (isTooMuch || this.now() >= until) return;
      // Without a copy it is what it was when the lease was taken.
      const running =
        this.#running() ?? this.#withReader((fd) => this.#parts.copies.bytesOf(fd, this.#pin.size(), this.#path));
      const subject = { path: this.#path, pin: this.#pin, running };
      const ready = ReadyHeal.make(this.#parts.heals(), subject);
      // Why not is told when it is to be begun.
      if (typeof ready === 'string') return;
      this.#ready = ready;
      this.#parts.ready.add(this);
    });
  }

  dropReady(): void {
    const ready = this.#takeReady();
    this.#try(undefined, () => ready?.drop());
  }

  lookBeforeHeal(until: number): void {
    this.#ready?.lookAhead(this.#parts.heals().host, until);
  }

  heal(holders: readonly Holder[]): Healing | NotHealed {
    return this.#try<Healing | NotHealed>('error', () => {
      const running = this.#running();
      const why = this.#whyNot(running, holders);
      if (running === undefined || why !== undefined) {
        this.dropReady();
        return why ?? 'noCopy';
      }
      const subject = { path: this.#path, pin: this.#pin, running };
      const isFor = this.#try<boolean | undefined>(false, () => this.#ready?.isFor(this.#parts.heals().host, subject));
      if (isFor === false) this.dropReady();
      return LinuxHealing.begin(this.#parts.heals(), subject, this.#takeReady());
    });
  }

  close(keepCopy: boolean): void {
    this.letGo();
    this.disclaim();
    if (keepCopy) this.leaveCopy();
    else this.dropCopy();
    this.#try(undefined, () => {
      this.#parts.waiter.watches.remove(this.watch);
    });
    this.#pin.close();
  }

  #whyNot(running: Uint8Array | undefined, holders: readonly Holder[]): NotHealed | undefined {
    if (running === undefined) return 'noCopy';
    if (!holders.some(({ process }) => isRunning(process))) return 'holders';
    return this.claim() ? undefined : 'otherWindow';
  }

  /** What the holders began with. */
  #running(): Uint8Array | undefined {
    const copy = this.copied;
    return copy === undefined ? undefined : this.#parts.copies.read(copy);
  }

  #sizeOfRunning(): number {
    const copy = this.copied;
    return copy === undefined ? this.#pin.size() : this.#parts.copies.size(copy);
  }

  #takeReady(): ReadyHeal | undefined {
    const ready = this.#ready;
    this.#ready = undefined;
    this.#parts.ready.delete(this);
    return ready;
  }

  #mayLease(): boolean {
    const { uid } = this.#stat();
    return uid === this.#parts.uid && this.#pin.use((pin) => gateable(pin, this.#path).gate);
  }

  #stat(): Stat {
    return this.#pin.use((pin) => this.#parts.finding.libc.statDescriptor(pin, this.#path));
  }

  #isRemembered(): boolean {
    const now = this.#stat();
    return this.#remembered?.size === now.size && this.#remembered.mtime === now.mtime;
  }

  /** By the descriptor that there is, or by one for this moment. */
  #withReader<T>(work: (fd: number) => T): T {
    if (this.#leased) return work(this.#leased.fd);
    const fd = this.#pin.use((pin) => openReader(pin, this.#path));
    try {
      return work(fd);
    } finally {
      closeQuietly(fd);
    }
  }

  #try<T>(otherwise: T, action: () => T): T {
    try {
      return action();
    } catch (thrown) {
      this.#problem(thrown);
      return otherwise;
    }
  }

  /** @throws what is not an answer of the system */
  #problem(thrown: unknown): void {
    if (!(thrown instanceof SystemError)) throw thrown;
    this.#parts.listener.problem(thrown);
  }
}

/** It is there, and no other one under its number. */
function isRunning({ pid, started }: ProcessKey): boolean {
  const stat = unlessGone(() => readProcAtOnce(`/proc/${String(pid)}/stat`));
  return stat !== undefined && parseStartTime(stat).value === BigInt(started) && parseState(stat) !== 'Z';
}

/**
 * The kernel tells of a close a few instructions before it counts the writer off (fs/file_table.c, __fput).
 *
 * @throws SystemError EAGAIN: somebody has it open for writing
 */
function takeSoon(lease: Lease, until: number): void {
  for (;;) {
    try {
      lease.take();
      return;
    } catch (thrown) {
      if (!SystemError.is(thrown, 'EAGAIN') || performance.now() >= until) throw thrown;
    }
  }
}
