/**
 * What a `Site` does, whoever is behind it: the same scenarios run on the simulated kernel and on the real one, so that the
 * simulation cannot drift.
 */
import assert from 'node:assert/strict';

import { SystemError } from '../../../src/core/errors';
import type { Handed, Site, Slot } from '../../../src/core/gate/ports';

/** A program that opens the file. */
export interface Opener {
  readonly process: number;
  /** r read, w write, t truncate, n do not wait. `OPEN`, or the name of the errno; later if it has to wait. */
  open(letters: 'r' | 'w' | 'wt' | 'wn'): Promise<string>;
  write(text: string): Promise<void>;
  close(): Promise<void>;
}

/** One file with the bytes `old`, in a directory of its own. */
export interface Bench {
  readonly site: Site;
  /** The process may believe `probe`. */
  readonly believed: boolean;
  target(): Handed;
  staged(bytes: string): Handed;
  opener(): Promise<Opener>;
  /** Comes back when a lease has been broken. */
  broken(): void;
  /** … when so many wait. */
  waiting(slot: Slot, count: number): void;
  content(): string;
  /** Another program renames its file over the path. */
  replace(bytes: string): void;
  /** The modification time of what the path leads to; a number that grows. */
  modified(): bigint;
  /** Names in the directory beside the file. */
  others(): number;
}

const OLD: Slot = 0;
const NEW: Slot = 1;
const OTHER: Slot = 2;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const isBusy = (thrown: unknown): boolean => SystemError.is(thrown, 'EAGAIN');

function arm(bench: Bench): Site {
  const { site } = bench;
  site.take(OLD, bench.target());
  site.take(NEW, bench.staged('new'));
  site.lease(NEW);
  site.lease(OLD);
  return site;
}

export const scenarios: Readonly<Record<string, (bench: Bench) => Promise<void>>> = {
  async 'the probe counts readers and writers, and takes the read lease'(bench) {
    const { site, believed } = bench;
    site.take(OLD, bench.target());
    const opener = await bench.opener();
    for (const letters of ['r', 'w'] as const) {
      assert.equal(await opener.open(letters), 'OPEN');
      assert.equal(site.probe(OLD), believed ? 'held' : 'unknown');
      assert.equal(site.leaseState(OLD), 'gone');
      await opener.close();
    }
    assert.equal(site.probe(OLD), believed ? 'free' : 'unknown');
    assert.equal(site.leaseState(OLD), believed ? 'kept' : 'gone');
  },

  async 'a reader does not wait, and does not break a lease'(bench) {
    const site = arm(bench);
    const reader = await bench.opener();
    assert.equal(await reader.open('r'), 'OPEN');
    assert.equal(site.leaseState(OLD), 'kept');
    assert.deepEqual(site.search(OLD, []), [reader.process]);
    assert.deepEqual(site.search(OLD, [reader.process]), []);
    await reader.close();
    assert.deepEqual(site.search(OLD, []), []);
  },

  async 'no lease on what somebody writes'(bench) {
    const { site } = bench;
    site.take(OLD, bench.target());
    const writer = await bench.opener();
    assert.equal(await writer.open('w'), 'OPEN');
    assert.throws(() => site.lease(OLD), isBusy);
    await writer.close();
    site.lease(OLD);
    assert.equal(site.leaseState(OLD), 'kept');
  },

  async 'a writer waits before it truncates, and writes what it had resolved'(bench) {
    const site = arm(bench);
    const editor = await bench.opener();
    const opened = editor.open('wt');
    bench.broken();
    assert.equal(site.leaseState(OLD), 'breaking');
    assert.deepEqual(site.waiting(OLD), [editor.process]);
    assert.equal(bench.content(), 'old');
    assert.throws(() => site.lease(OLD), isBusy, 'it would let go');
    assert.equal(site.leaseState(OLD), 'breaking');
    assert.deepEqual(site.exchange(NEW), { slot: OLD, touched: false });
    assert.equal(bench.content(), 'new');
    assert.equal(site.compare(OLD, bytes('new')), 'untouched');
    site.letGo(OLD);
    assert.equal(await opened, 'OPEN');
    assert.throws(() => site.lease(OLD), isBusy);
    await editor.write('ne');
    assert.equal(site.compare(OLD, bytes('new')), 'beginning');
    await editor.write('w');
    assert.equal(site.compare(OLD, bytes('new')), 'equal');
    assert.equal(site.compare(OLD, bytes('now')), 'other');
    await editor.close();
    site.lease(OLD);
    assert.equal(bench.content(), 'new');
    site.close();
    assert.equal(bench.others(), 0);
  },

  async 'who does not wait is turned away, and the lease can be renewed'(bench) {
    const site = arm(bench);
    const opener = await bench.opener();
    assert.equal(await opener.open('wn'), 'EAGAIN');
    bench.broken();
    assert.equal(site.leaseState(OLD), 'breaking');
    assert.deepEqual(site.waiting(OLD), []);
    site.lease(OLD);
    assert.equal(site.leaseState(OLD), 'kept');
    const opened = opener.open('w');
    bench.broken();
    site.letGo(OLD);
    assert.equal(await opened, 'OPEN');
    await opener.close();
  },

  async 'all who wait are named, and let in together'(bench) {
    const site = arm(bench);
    const [first, second] = [await bench.opener(), await bench.opener()];
    const opened = [first.open('w'), second.open('w')];
    bench.waiting(OLD, 2);
    assert.deepEqual([...site.waiting(OLD)].sort(), [first.process, second.process].sort());
    site.letGo(OLD);
    assert.deepEqual(await Promise.all(opened), ['OPEN', 'OPEN']);
    await first.write('odd');
    assert.ok(!site.isAtPath(OLD), 'touched');
    site.acknowledge(OLD);
    assert.ok(site.isAtPath(OLD));
    await first.close();
    assert.throws(() => site.lease(OLD), isBusy);
    await second.close();
    site.lease(OLD);
  },

  'an exchange is taken back'(bench) {
    const site = arm(bench);
    assert.ok(site.isAtPath(OLD));
    site.exchange(NEW);
    assert.ok(site.isAtPath(NEW) && !site.isAtPath(OLD));
    assert.ok(site.takeBack(NEW));
    assert.equal(bench.content(), 'old');
    assert.ok(!site.takeBack(NEW));
    assert.deepEqual(site.exchange(NEW), { slot: OLD, touched: false });
    assert.deepEqual(site.exchange(OLD), { slot: NEW, touched: false });
    assert.equal(site.leaseState(OLD), 'kept');
    return Promise.resolve();
  },

  'a file of another program comes out, and goes back'(bench) {
    const site = arm(bench);
    bench.replace('theirs');
    assert.ok(!site.isAtPath(OLD));
    assert.equal(site.exchange(NEW).slot, 'foreign');
    assert.equal(bench.content(), 'new');
    assert.ok(site.takeBack(NEW));
    assert.equal(bench.content(), 'theirs');
    assert.ok(!site.takeBack(NEW));
    site.close();
    assert.equal(bench.others(), 0);
    return Promise.resolve();
  },

  async 'a file of another program is taken over'(bench) {
    const site = arm(bench);
    assert.deepEqual(site.adopt(OTHER), { slot: OLD });
    bench.replace('theirs');
    const adopted = site.adopt(OTHER);
    assert.equal(adopted?.slot, OTHER);
    assert.notEqual(adopted.watch, undefined);
    assert.deepEqual(site.adopt(3), { slot: OTHER });
    assert.ok(site.isAtPath(OTHER) && !site.isAtPath(OLD));
    site.lease(OTHER);
    const editor = await bench.opener();
    const opened = editor.open('wt');
    bench.broken();
    assert.deepEqual(site.waiting(OTHER), [editor.process]);
    assert.deepEqual(site.exchange(NEW), { slot: OTHER, touched: false });
    site.letGo(OTHER);
    assert.equal(await opened, 'OPEN');
    assert.equal(bench.content(), 'new');
    await editor.close();
    site.close();
    assert.equal(bench.others(), 0);
  },

  'a later time, and nothing else'(bench) {
    const site = arm(bench);
    const before = bench.modified();
    site.restamp();
    assert.ok(bench.modified() > before);
    assert.equal(bench.content(), 'old');
    assert.equal(site.leaseState(OLD), 'kept');
    return Promise.resolve();
  },

  async 'what was dropped is nobody’s any more'(bench) {
    const site = arm(bench);
    site.exchange(NEW);
    const opener = await bench.opener();
    site.drop(OLD);
    assert.equal(bench.others(), 0);
    const opened = opener.open('w');
    bench.broken();
    assert.deepEqual(site.waiting(NEW), [opener.process]);
    site.drop(NEW);
    assert.equal(await opened, 'OPEN');
    assert.equal(bench.content(), 'new');
    await opener.close();
  },
};
