/** The simulated kernel behind the doors of the real one. */
import assert from 'node:assert/strict';

import type { Handed, Site } from '../../../src/core/gate/ports';
import type { Bench, Opener } from '../conformance/site';
import {
  abandonOpen,
  breakLeases,
  changeInode,
  closeFile,
  fileOf,
  inodeOf,
  isThrough,
  type Kernel,
  makeInode,
  moveTo,
  newKernel,
  reportOpen,
  show,
  startOpen,
  truncate,
  writeAt,
} from './kernel';
import * as ops from './simSite';

const KEEPER = 0;

/** One window, one file. Bytes are characters. */
export function simBench(): Bench {
  const kernel: Kernel = newKernel();
  changeInode(kernel, 0, { bytes: Array.from('old') });
  const waiting = new Map<string, () => void>();
  let openers = 0;
  const proceed = (): void => {
    for (const [owner, through] of [...waiting]) {
      const file = fileOf(kernel, owner);
      if (!file || !isThrough(kernel, file.inode)) continue;
      waiting.delete(owner);
      through();
    }
  };
  const handed = (inode: number): Handed => ({ descriptor: inode, identity: { device: 0n, inode: BigInt(inode) } });
  const at = (): number => {
    assert.ok(kernel.path !== undefined);
    return kernel.path;
  };
  const site = siteOn(kernel, proceed);
  return {
    site,
    believed: true,
    target: () => handed(at()),
    staged: (bytes) => handed(makeInode(kernel, Array.from(bytes), 2, 'us')),
    opener: () => Promise.resolve(openerOn(kernel, openers++, waiting, at)),
    broken() {
      assert.deepEqual(kernel.signalled, [KEEPER]);
      kernel.signalled = [];
    },
    waiting: (slot, count) => assert.equal(site.waiting(slot).length, count),
    content: () => inodeOf(kernel, at()).bytes.join(''),
    replace(bytes) {
      moveTo(kernel, makeInode(kernel, Array.from(bytes), 1, 'other'));
    },
    modified: () => BigInt(inodeOf(kernel, at()).mtime),
    others: () => kernel.temporary.length,
  };
}

function openerOn(kernel: Kernel, number: number, waiting: Map<string, () => void>, at: () => number): Opener {
  const owner = `opener${number}`;
  let written = 0;
  return {
    process: 20 + number,
    open(letters) {
      const write = letters !== 'r';
      startOpen(kernel, { owner, process: 20 + number, inode: at(), write });
      const inode = at();
      const enter = (): void => {
        reportOpen(kernel, owner);
        if (letters === 'wt') truncate(kernel, inode);
        show(kernel, owner);
      };
      if (!write || breakLeases(kernel, owner)) {
        enter();
        return Promise.resolve('OPEN');
      }
      if (letters === 'wn') {
        abandonOpen(kernel, owner);
        return Promise.resolve('EAGAIN');
      }
      return new Promise((resolve) => {
        waiting.set(owner, () => {
          enter();
          resolve('OPEN');
        });
      });
    },
    write(text) {
      const file = fileOf(kernel, owner);
      assert.ok(file);
      for (const chunk of text) writeAt(kernel, file.inode, written++, chunk);
      return Promise.resolve();
    },
    close() {
      closeFile(kernel, owner);
      return Promise.resolve();
    },
  };
}

function siteOn(kernel: Kernel, proceed: () => void): Site {
  const state: ops.SiteState = { keeper: KEEPER, process: 10, probeBelieved: true, taken: [] };
  const bytesOf = (slot: number): readonly string[] => inodeOf(kernel, ops.takenOf(state, slot).inode).bytes;
  return {
    take(slot, { descriptor }) {
      ops.take(kernel, state, slot, descriptor);
      return descriptor;
    },
    probe: (slot) => ops.probe(kernel, state, slot, () => 1),
    lease: (slot) => ops.lease(kernel, state, slot),
    leaseState: (slot) => ops.leaseState(kernel, state, slot),
    waiting: (slot) => ops.waiting(kernel, state, slot),
    letGo(slot) {
      ops.letGo(kernel, state, slot);
      proceed();
    },
    adopt(as) {
      const slot = ops.adopt(kernel, state, as);
      if (slot === undefined) return undefined;
      return slot === as ? { slot, watch: ops.takenOf(state, slot).inode } : { slot };
    },
    restamp: () => ops.restamp(kernel),
    room: () => Infinity,
    isAtPath: (slot) => ops.isAtPath(kernel, state, slot),
    exchange: (slot) => ops.exchange(kernel, state, slot),
    takeBack: (slot) => ops.takeBack(kernel, state, slot),
    search: (slot, except) => ops.search(kernel, state, slot, except),
    compare(slot, content) {
      if (!ops.isTouched(kernel, state, slot)) return 'untouched';
      return ops.compareBytes(bytesOf(slot), Array.from(new TextDecoder().decode(content)));
    },
    alignTime: () => undefined,
    acknowledge: (slot) => ops.acknowledge(kernel, state, slot),
    tellOpens: (slot, told) => ops.tellOpens(kernel, state, slot, told),
    descriptor: (slot) => ops.takenOf(state, slot).inode,
    drop(slot) {
      ops.drop(kernel, state, slot);
      proceed();
    },
    close() {
      ops.closeSite(kernel, state);
      proceed();
    },
  };
}
