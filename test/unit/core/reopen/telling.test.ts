import assert from 'node:assert/strict';

import type { FileInUse, HolderInUse } from '../../../../src/core/holders/inUse';
import { reopen } from '../../../../src/core/reopen/limits';
import { leading, Telling, type News } from '../../../../src/core/reopen/telling';
import { bash, file, generation, holder } from '../../../support/fakes/filesInUse';

const path = '/home/me/run.sh';
const start = 1_000_000_000;

describe('whom a save has not reached', () => {
  let telling: Telling;
  beforeEach(() => {
    telling = new Telling();
  });

  /** Who has an older version. */
  const older = (...holders: readonly HolderInUse[]): FileInUse => file([], [generation(holders, 7)]);
  const pids = (news: News | undefined): readonly number[] | undefined =>
    news?.stale.map(({ holder: { process } }) => process.pid);

  it('is told when it is known, before the save is told or after it', () => {
    assert.equal(telling.saved(path, file([bash(7, 2)]), start), undefined);
    const news = telling.changed(path, older(bash(7, 2)), start + 80);
    assert.deepEqual(pids(news), [7]);
    assert.equal(news?.stale[0]?.version.since, 7);
    assert.deepEqual(pids(new Telling().saved(path, older(bash(7, 2)), start)), [7]);
  });

  it('is no news without a save here, or long after it', () => {
    assert.equal(telling.changed(path, older(bash(7, 2)), start), undefined);
    telling.saved(path, file([bash(7, 2)]), start);
    assert.equal(telling.changed(path, older(bash(7, 2)), start + reopen.savedRecently + 1), undefined);
    assert.equal(telling.changed('/another', older(bash(7, 2)), start + 1), undefined);
  });

  it('is told once for each program, also by later saves', () => {
    const first = telling.saved(path, older(bash(7, 2)), start);
    assert.ok(first);
    telling.dismissed(first);
    assert.equal(telling.changed(path, older(bash(7, 3)), start + 1), undefined);
    assert.equal(telling.saved(path, older(bash(7, 3)), start + 20_000), undefined);
    assert.deepEqual(pids(telling.changed(path, older(bash(7, 3), bash(8, 2)), start + 20_001)), [8]);
  });

  it('is told again of another process with the same pid', () => {
    const first = telling.saved(path, older(bash(7, 2)), start);
    assert.ok(first);
    telling.dismissed(first);
    telling.changed(path, file([]), start + 1);
    const again = { ...bash(7, 2), process: { pid: 7, started: 99_999 } };
    assert.deepEqual(pids(telling.saved(path, older(again), start + 20_000)), [7]);
  });

  it('is not told while a notification of the file is there, and one that it tells of lives', () => {
    const first = telling.saved(path, older(bash(7, 2)), start);
    assert.ok(first);
    assert.equal(telling.saved(path, older(bash(7, 2), bash(8, 2)), start + 5_000), undefined);
    // The first has ended: its notification tells of nobody.
    const second = telling.changed(path, older(bash(8, 2)), start + 6_000);
    assert.deepEqual(pids(second), [8]);
    // The end of the first notification is not that of the second.
    telling.dismissed(first);
    assert.equal(telling.changed(path, older(bash(8, 2), bash(9, 2)), start + 6_001), undefined);
    telling.dismissed(second ?? assert.fail());
    assert.deepEqual(pids(telling.changed(path, older(bash(8, 2), bash(9, 2)), start + 6_002)), [9]);
  });

  it('waits for the save that has brought a newer version, if that is seen first', () => {
    for (const save of [0, 1, 2]) {
      const news = telling.saved(path, older(bash(10 + save, 2)), start + save * 1_000);
      telling.dismissed(news ?? assert.fail());
    }
    // The fourth: its version is at the path before VS Code calls it saved.
    telling.saving(path);
    assert.equal(telling.changed(path, older(bash(20, 2)), start + 3_001), undefined);
    assert.equal(telling.saved(path, older(bash(20, 2)), start + 3_002), undefined);

    const other = '/home/me/other.sh';
    telling.saved(other, file([bash(7, 2)]), start);
    telling.saving(other);
    assert.equal(telling.changed(other, older(bash(7, 2)), start + 1_001), undefined);
    assert.deepEqual(pids(telling.saved(other, older(bash(7, 2)), start + 1_002)), [7]);
  });

  it('is not told at the fourth save in ten minutes, and does not count as told', () => {
    for (const save of [0, 1, 2]) {
      const news = telling.saved(path, older(bash(10 + save, 2)), start + save * 60_000);
      assert.deepEqual(pids(news), [10 + save]);
      if (news) telling.dismissed(news);
    }
    const fourth = start + 3 * 60_000;
    assert.equal(telling.saved(path, older(bash(20, 2)), fourth), undefined);
    assert.equal(telling.changed(path, older(bash(20, 3)), fourth + 100), undefined);
    // Ten minutes after the first one there are three again.
    assert.deepEqual(pids(telling.saved(path, older(bash(20, 2)), start + reopen.loop + 70_000)), [20]);
  });

  it('counts the saves of each file for itself', () => {
    for (let save = 0; save < 10; save++) telling.saved('/another', undefined, start + save);
    assert.deepEqual(pids(telling.saved(path, older(bash(7, 2)), start + 10)), [7]);
  });

  it('are those that run it, map it, or are known to have loaded it; not those that have it open', () => {
    const some = older(
      holder(1, 'open'),
      holder(3, 'mapped'),
      holder(5, 'loaded'),
      holder(7, 'loaded', { version: 'unknown' }),
      bash(9, 2),
    );
    assert.deepEqual(pids(telling.saved(path, some, start)), [3, 5, 9]);
    assert.equal(new Telling().saved(path, file([bash(9, 2), holder(3, 'mapped')]), start), undefined);
  });

  it('is told without its subshells', () => {
    const script = bash(70, 2);
    const subshell = { ...bash(72, 2), ancestors: [70, 1] };
    const other = { ...bash(90, 2), ancestors: [1] };
    const news = telling.saved(path, older(script, subshell, other), start);
    assert.deepEqual(
      leading(news?.stale ?? []).map(({ holder: { process } }) => process.pid),
      [70, 90],
    );
  });
});
