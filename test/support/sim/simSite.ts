/** What `Site` asks of the kernel, one step each, on the simulated one. */
import { SystemError } from '../../../src/core/errors';
import type { Displaced, LeaseState, Probed, Slot } from '../../../src/core/gate/ports';
import {
  changeInode,
  addReadLease,
  inodeOf,
  isOpenForWriting,
  type Kernel,
  leaseOf,
  removeLease,
  unname,
  Violation,
} from './kernel';

export interface Taken {
  readonly slot: Slot | 'foreign';
  readonly inode: number;
  /** A temporary name of ours leads to it. */
  readonly named: boolean;
  /** `changes` as it was when it was taken. */
  readonly recorded: number;
  /** What it has brought out of the path. */
  readonly displaced: number | undefined;
}

/** One keeper's view of the kernel. */
export interface SiteState {
  readonly keeper: number;
  readonly process: number;
  readonly probeBelieved: boolean;
  taken: readonly Taken[];
}

export function takenOf(site: SiteState, slot: Slot | 'foreign'): Taken {
  const taken = site.taken.findLast((one) => one.slot === slot);
  if (!taken) throw new Violation('an operation on what is not taken', String(slot));
  return taken;
}

function change(site: SiteState, inode: number, now: Partial<Taken>): void {
  site.taken = site.taken.map((one) => (one.inode === inode ? { ...one, ...now } : one));
}

export function take(kernel: Kernel, site: SiteState, slot: Slot, inode: number): void {
  const recorded = inodeOf(kernel, inode).changes;
  site.taken = [...site.taken, { slot, inode, named: false, recorded, displaced: undefined }];
  kernel.watches = [...kernel.watches, [site.keeper, inode, true]];
}

/** The slot of what the path leads to, and whether it was taken now. */
export function adopt(kernel: Kernel, site: SiteState, as: Slot): Slot | undefined {
  const { path } = kernel;
  if (path === undefined) return undefined;
  const known = site.taken.find((one) => one.inode === path && one.slot !== 'foreign');
  if (known) return known.slot as Slot;
  take(kernel, site, as, path);
  return as;
}

/** More than any other time. */
const RESTAMPED = 10;

export function restamp(kernel: Kernel): void {
  if (kernel.path === undefined) return;
  changeInode(kernel, kernel.path, { mtime: inodeOf(kernel, kernel.path).mtime + RESTAMPED });
}

/** The write lease is granted exactly if nobody else counts as having the inode open; other keepers' descriptors do. */
export function probe(kernel: Kernel, site: SiteState, slot: Slot, holders: (inode: number) => number): Probed {
  const { inode } = takenOf(site, slot);
  if (leaseOf(kernel, site.keeper, inode))
    throw new Error('a probe would put a write lease in the place of our read lease');
  if (!site.probeBelieved) return 'unknown';
  const readers = kernel.files.filter((file) => file.inode === inode && !file.write).length;
  const leases = kernel.leases.some((lease) => lease.inode === inode && lease.keeper !== site.keeper);
  if (isOpenForWriting(kernel, inode) || leases || readers + holders(inode) > 1) return 'held';
  addReadLease(kernel, site.keeper, inode);
  return 'free';
}

export function lease(kernel: Kernel, site: SiteState, slot: Slot): void {
  addReadLease(kernel, site.keeper, takenOf(site, slot).inode);
}

export function leaseState(kernel: Kernel, site: SiteState, slot: Slot): LeaseState {
  const found = leaseOf(kernel, site.keeper, takenOf(site, slot).inode);
  return found ? (found.breaking ? 'breaking' : 'kept') : 'gone';
}

export function waiting(kernel: Kernel, site: SiteState, slot: Slot): readonly number[] {
  const { inode } = takenOf(site, slot);
  return kernel.files.filter((file) => file.inode === inode && file.state === 'waiting').map((file) => file.process);
}

export function letGo(kernel: Kernel, site: SiteState, slot: Slot): void {
  removeLease(kernel, site.keeper, takenOf(site, slot).inode);
}

export function isAtPath(kernel: Kernel, site: SiteState, slot: Slot): boolean {
  const { inode, recorded } = takenOf(site, slot);
  return kernel.path === inode && inodeOf(kernel, inode).changes === recorded;
}

export function exchange(kernel: Kernel, site: SiteState, slot: Slot): Displaced {
  const { inode } = takenOf(site, slot);
  const out = kernel.path;
  if (out === undefined) throw new SystemError('renameat2', '', 'ENOENT');
  if (out === inode) throw new SystemError('renameat2', '', 'EINVAL');
  unname(kernel, inode);
  kernel.path = inode;
  kernel.temporary = [...kernel.temporary, out].sort();
  change(site, inode, { named: false, displaced: out });
  const known = site.taken.find((one) => one.inode === out);
  if (!known) {
    const recorded = inodeOf(kernel, out).changes;
    site.taken = [...site.taken, { slot: 'foreign', inode: out, named: true, recorded, displaced: undefined }];
    return { slot: 'foreign', touched: true };
  }
  change(site, out, { named: true });
  return { slot: known.slot, touched: inodeOf(kernel, out).changes !== known.recorded };
}

export function takeBack(kernel: Kernel, site: SiteState, slot: Slot): boolean {
  const { inode, displaced } = takenOf(site, slot);
  if (kernel.path !== inode || displaced === undefined) return false;
  unname(kernel, displaced);
  kernel.path = displaced;
  kernel.temporary = [...kernel.temporary, inode].sort();
  change(site, inode, { named: true, displaced: undefined });
  change(site, displaced, { named: false });
  return true;
}

/** Who can be seen in /proc. */
export function search(kernel: Kernel, site: SiteState, slot: Slot, except: readonly number[]): readonly number[] {
  const { inode } = takenOf(site, slot);
  const seen = kernel.files.filter(
    (file) =>
      file.inode === inode &&
      file.state === 'visible' &&
      file.process !== site.process &&
      !except.includes(file.process),
  );
  return [...new Set(seen.map((file) => file.process))];
}

export function compareBytes(bytes: readonly string[], content: readonly string[]): 'equal' | 'beginning' | 'other' {
  if (bytes.some((chunk, at) => content[at] !== chunk)) return 'other';
  return bytes.length === content.length ? 'equal' : 'beginning';
}

export function isTouched(kernel: Kernel, site: SiteState, slot: Slot): boolean {
  const { inode, recorded } = takenOf(site, slot);
  return inodeOf(kernel, inode).changes !== recorded;
}

export function acknowledge(kernel: Kernel, site: SiteState, slot: Slot): void {
  const { inode } = takenOf(site, slot);
  change(site, inode, { recorded: inodeOf(kernel, inode).changes });
}

export function tellOpens(kernel: Kernel, site: SiteState, slot: Slot, told: boolean): void {
  const { inode } = takenOf(site, slot);
  kernel.watches = kernel.watches.map((watch) =>
    watch[0] === site.keeper && watch[1] === inode ? [site.keeper, inode, told] : watch,
  );
}

/** Lease, watch, temporary name and descriptor go. */
export function drop(kernel: Kernel, site: SiteState, slot: Slot | 'foreign'): void {
  for (const { inode, named } of site.taken.filter((one) => one.slot === slot)) {
    if (named) unname(kernel, inode);
    forget(kernel, site, inode);
  }
}

function forget(kernel: Kernel, site: SiteState, inode: number): void {
  removeLease(kernel, site.keeper, inode);
  kernel.watches = kernel.watches.filter(([keeper, watched]) => keeper !== site.keeper || watched !== inode);
  kernel.notices = kernel.notices.filter((notice) => notice.keeper !== site.keeper || notice.inode !== inode);
  site.taken = site.taken.filter((one) => one.inode !== inode);
}

export function closeSite(kernel: Kernel, site: SiteState): void {
  for (const { slot } of site.taken) drop(kernel, site, slot);
}

/** The keeper's process has died: temporary names stay. */
export function die(kernel: Kernel, site: SiteState): void {
  for (const { inode } of site.taken) forget(kernel, site, inode);
}

export function slotOf(site: SiteState, inode: number): Slot | 'foreign' {
  const taken = site.taken.find((one) => one.inode === inode);
  if (!taken) throw new Error(`nobody watches inode ${inode}`);
  return taken.slot;
}
