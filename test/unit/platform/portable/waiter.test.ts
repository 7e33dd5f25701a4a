import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { lookout } from '../../../../src/core/holders/limits';
import { ring } from '../../../../src/keeper/wake';
import { PathPin } from '../../../../src/platform/portable/pin';
import { AskingWaiter } from '../../../../src/platform/portable/waiter';

/** Some milliseconds that pass while the thread sleeps. */
const moment = 20;

describe('waiting where the system tells nothing', () => {
  let folder: string;
  let now: number;
  let waiter: AskingWaiter;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-waiter-'));
    now = 0;
    // Time goes on only as the test says: by what a sleep may take, once it is asked again.
    waiter = new AskingWaiter(() => now);
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function pin(name = 'file'): PathPin {
    writeFileSync(join(folder, name), 'x');
    return PathPin.at(join(folder, name));
  }

  /** Whether a sleep is over by itself: only if something is due. */
  function asks(): boolean {
    waiter.wait(0, false);
    const { used, moved } = waiter.wait(moment, true);
    assert.deepEqual(used, moved);
    return used.size > 0;
  }

  it('asks for all watched files at first, and again when the time is over, while somebody looks', () => {
    const watch = waiter.watch(pin());
    const folderWatch = waiter.watchFolder();
    waiter.attend(true);
    assert.deepEqual([...waiter.wait(undefined, true).used], [watch, folderWatch]);
    assert.equal(asks(), false);
    now += lookout.betweenAsking - 1;
    assert.equal(asks(), false);
    now += 1;
    assert.equal(asks(), true);
    waiter.take();
    assert.equal(asks(), false);
  });

  it('asks nothing when nobody looks, when nothing is watched, and when a pass is due anyway', () => {
    const watch = waiter.watch(pin());
    assert.equal(asks(), false, 'nobody has said that somebody looks');
    waiter.attend(true);
    assert.equal(waiter.wait(moment, false).used.size, 0, 'a pass is due');
    assert.equal(asks(), true);
    waiter.attend(false);
    now += 10 * lookout.betweenAsking;
    assert.equal(asks(), false, 'nobody looks any more');
    waiter.attend(true);
    waiter.unwatch(watch);
    assert.equal(asks(), false, 'nothing is watched');
  });

  it('rests longer after a look that took long', () => {
    waiter.watch(pin());
    waiter.attend(true);
    assert.equal(asks(), true);
    const long = lookout.betweenAsking / 10;
    waiter.take();
    now += long;
    waiter.take();
    waiter.wait(0, true);
    now += lookout.restPerPass * long - 1;
    assert.equal(asks(), false);
    now += 1;
    assert.equal(asks(), true);
  });

  it('is woken by orders, also by those that came before', () => {
    waiter.watch(pin());
    ring(waiter.orders);
    assert.equal(waiter.wait(undefined, true).orders, true);
    assert.equal(waiter.wait(0, true).orders, false);
  });

  it('knows a watch by its inode', () => {
    const one = pin('one');
    const watch = waiter.watch(one);
    assert.equal(waiter.isOf(watch, PathPin.at(one.path)), true);
    assert.equal(waiter.isOf(watch, pin('other')), false);
    waiter.unwatch(watch);
    assert.equal(waiter.isOf(watch, one), false);
  });
});
