import assert from 'node:assert/strict';

import type { Harm, Holder } from '../../../../src/core/holders/holder';
import { lookout } from '../../../../src/core/holders/limits';
import type { Found, Pin } from '../../../../src/core/holders/ports';
import { WatchedFile } from '../../../../src/core/holders/watchedFile';
import { FakePin } from '../../../support/fakes/lookout';

const problem = { operation: 'open', path: '/f', errno: 'ENOENT', detail: '' };

function holder(pid: number, harm: Harm, since = 1_000): Holder {
  return { process: { pid, started: pid }, program: 'bash', since, harm, uid: 0, ancestors: [] };
}

function found(...holders: readonly (readonly [Pin, ...Holder[]])[]): Found {
  return { holders: new Map(holders.map(([pin, ...of]) => [pin, of])), untold: new Set(), closed: 0 };
}

const pids = (holders: readonly Holder[] = []): readonly number[] => holders.map(({ process }) => process.pid);

describe('a watched file', () => {
  let file: WatchedFile;
  const view = (): ReturnType<WatchedFile['view']> => {
    file.closeReleased();
    return file.view(() => undefined);
  };

  beforeEach(() => {
    file = new WatchedFile('/f');
  });

  it('knows who holds what the path leads to', () => {
    const pin = new FakePin(1, { mtime: 2_000 });
    file.leadsTo(pin, 5_000);
    file.found(found([pin, holder(7, 'open'), holder(3, 'mapped')]));
    assert.deepEqual(pids(view().current?.holders), [3, 7]);
    assert.equal(view().current?.since, 2_000);
    assert.equal(file.inUse, true);
    file.found(found());
    assert.equal(file.inUse, false);
  });

  it('remembers an older version as long as somebody holds it', () => {
    const [first, second] = [new FakePin(1), new FakePin(2)];
    file.leadsTo(first, 5_000);
    file.found(found([first, holder(7, 'readsAsItRuns')]));
    file.leadsTo(second, 6_000);
    file.found(found([first, holder(7, 'readsAsItRuns')]));
    assert.deepEqual(pids(view().current?.holders), []);
    assert.deepEqual(
      view().older.map(({ holders }) => pids(holders)),
      [[7]],
    );
    assert.equal(view().current?.since, 6_000);
    assert.deepEqual(file.pins, [second, first]);
    file.found(found());
    assert.deepEqual(view().older, []);
    assert.deepEqual([first.closed, second.closed], [true, false]);
  });

  it('pins an inode once', () => {
    const [one, again] = [new FakePin(1), new FakePin(1)];
    file.leadsTo(one, 5_000);
    file.leadsTo(again, 6_000);
    assert.equal(view().current?.since, 0);
    assert.deepEqual([one.closed, again.closed], [false, true]);
  });

  it('knows a version again that comes back', () => {
    const [first, second, again] = [new FakePin(1), new FakePin(2), new FakePin(1)];
    file.leadsTo(first, 5_000);
    file.found(found([first, holder(7, 'open')]));
    file.leadsTo(second, 6_000);
    file.leadsTo(again, 7_000);
    file.found(found([first, holder(7, 'open')]));
    assert.deepEqual(pids(view().current?.holders), [7]);
    assert.deepEqual(view().older, []);
    assert.deepEqual([again.closed, second.closed], [true, true]);
  });

  it('knows when one came where there was none', () => {
    file.leadsTo(new FakePin(1, { mtime: 2_000 }), 5_000);
    file.leadsNowhere(problem);
    file.found(found());
    file.leadsTo(new FakePin(2, { mtime: 2_000 }), 6_000);
    assert.equal(view().current?.since, 6_000);
  });

  it('forgets an inode that cannot be told from another any more', () => {
    const [first, second] = [new FakePin(1), new FakePin(1)];
    file.leadsTo(first, 5_000);
    file.found(found([first, holder(7, 'open')]));
    assert.deepEqual(file.free, []);
    file.lost(first);
    assert.deepEqual([file.current, file.pins], [undefined, []]);
    file.leadsTo(second, 6_000);
    file.found(found([second, holder(8, 'loaded', 6_500)]));
    assert.deepEqual([view().current?.since, view().older], [6_000, []]);
    assert.deepEqual([first.closed, second.closed], [true, false]);
    assert.deepEqual(file.free, [second], 'who has loaded it has let it go');
    file.heldByOthers('held');
    assert.deepEqual(file.free, []);
  });

  it('keeps the holders of what is gone from the path', () => {
    const pin = new FakePin(1);
    file.leadsTo(pin, 5_000);
    file.found(found([pin, holder(7, 'mapped')]));
    file.leadsNowhere(problem);
    file.found(found([pin, holder(7, 'mapped')]));
    assert.equal(view().current, undefined);
    assert.deepEqual(pids(view().older[0]?.holders), [7]);
    assert.deepEqual(view().problem, problem);
  });

  it('counts who has loaded a script to the version that was there when it started', () => {
    const [first, second] = [new FakePin(1, { mtime: 500 }), new FakePin(2)];
    file.leadsTo(first, 5_000);
    file.found(found([first, holder(7, 'loaded', 1_000)]));
    assert.deepEqual(pids(view().current?.holders), [7]);
    file.leadsTo(second, 6_000);
    // It is found by the path.
    file.found(found([second, holder(7, 'loaded', 1_000), holder(8, 'loaded', 6_500)]));
    assert.deepEqual(pids(view().current?.holders), [8]);
    assert.deepEqual(pids(view().older[0]?.holders), [7]);
    assert.equal(first.closed, true, 'nobody has the inode itself');
    file.found(found([second, holder(8, 'loaded', 6_500)]));
    assert.deepEqual(view().older, []);
  });

  it('says when that version is not known', () => {
    const pin = new FakePin(1, { mtime: 2_000 });
    file.leadsTo(pin, 5_000);
    file.found(found([pin, holder(7, 'loaded', 1_000), holder(8, 'loaded', 3_000), holder(9, 'open', 1_000)]));
    assert.deepEqual(
      view().current?.holders.map(({ process, version }) => [process.pid, version]),
      [
        [7, 'unknown'],
        [8, undefined],
        [9, undefined],
      ],
    );
    pin.written(4_000);
    file.found(found([pin, holder(8, 'loaded', 3_000)]));
    assert.equal(view().current?.holders[0]?.version, 'unknown', 'it was written in place since');
  });

  it('tells the line of a reader, of every version', () => {
    const [first, second] = [new FakePin(1), new FakePin(2)];
    const reader = { ...holder(7, 'readsAsItRuns'), read: { offset: 30, by: 'command' as const } };
    file.leadsTo(first, 5_000);
    file.leadsTo(second, 6_000);
    file.found(found([first, reader]));
    assert.deepEqual(file.readers(), [[first, reader]]);
    file.hasRead(first, reader, { offset: 40, by: 'command' });
    const lines = file.view((pin, { read }) => (pin === first ? read?.offset : undefined));
    assert.equal(lines.older[0]?.holders[0]?.line, 40);
  });

  it('keeps where a reader reads on while that is not to be seen', () => {
    const pin = new FakePin(1);
    const at = (offset: number): Holder => ({ ...holder(7, 'readsAsItRuns'), read: { offset, by: 'command' } });
    const read = (): number | undefined => view().current?.holders[0]?.read?.offset;
    file.leadsTo(pin, 5_000);
    file.found(found([pin, holder(7, 'readsAsItRuns')]));
    assert.equal(read(), undefined);
    file.found(found([pin, at(30)]));
    file.found(found([pin, holder(7, 'readsAsItRuns')]));
    assert.equal(read(), 30);
    const reader = (): readonly [Pin, Holder] => file.readers()[0] ?? assert.fail('no reader');
    file.hasRead(...reader(), undefined);
    assert.equal(read(), 30);
    file.hasRead(...reader(), { offset: 40, by: 'command' });
    assert.equal(read(), 40);
    file.found(found([pin, { ...holder(7, 'readsAsItRuns'), process: { pid: 7, started: 8 } }]));
    assert.equal(read(), undefined, 'another process');
  });

  it('remembers so many versions and no more', () => {
    const pins = Array.from({ length: lookout.versions + 5 }, (_, index) => new FakePin(index + 1));
    const all = found(...pins.map((pin) => [pin, holder(Number(pin.identity.inode), 'open')] as const));
    for (const pin of pins) {
      file.leadsTo(pin, 5_000);
      file.found(all);
    }
    assert.equal(view().older.length, lookout.versions);
    assert.equal(pins.filter(({ closed }) => !closed).length, lookout.versions + 1);
    file.close();
    assert.ok(pins.every(({ closed }) => closed));
  });

  it('has somebody unnamed until it is asked again, or it is another version', () => {
    const [first, second] = [new FakePin(1), new FakePin(2)];
    file.leadsTo(first, 5_000);
    file.heldByOthers('held');
    assert.equal(file.inUse, true);
    file.heldByOthers('free');
    assert.equal(file.inUse, false);
    file.heldByOthers('held');
    file.leadsTo(second, 6_000);
    assert.equal(file.unnamed, false);
  });

  it('is free for certain only where that was told', () => {
    file.leadsTo(new FakePin(1), 5_000);
    assert.equal(view().uncertain, true);
    file.heldByOthers('free');
    assert.deepEqual([view().uncertain, view().unnamed], [false, false]);
    file.heldByOthers('unknown');
    assert.deepEqual([view().uncertain, view().unnamed], [true, false]);
  });
});
