import assert from 'node:assert/strict';

import type { NotedName, OldNameEnd, OldNames } from '../../../src/core/ports';
import { OldNameDesk } from '../../../src/keeper/oldNameDesk';
import { within } from '../../support/deadline';

function noted(number: number, left: number | undefined): NotedName {
  return {
    note: `/notes/${String(number)}`,
    left,
    path: `/shared/${String(number)}`,
    name: `.holdfast-1-1-1-${String(number)}~`,
    inode: BigInt(number),
    clone: undefined,
    size: 1n,
    mtime: 1n,
    fileSystem: 0x6969n,
    lastingNumbers: true,
    folder: 1n,
    made: { machine: 'm', boot: 'b', uptime: 0 },
    when: number,
    keepFor: 1_000,
    told: undefined,
  };
}

/** Notes that are not on any disk. */
class FakeNames implements OldNames {
  notes: NotedName[] = [];
  readonly tried: string[] = [];
  readonly lists: number[] = [];
  end: (one: NotedName) => Promise<OldNameEnd> = () => Promise.resolve('removed');
  changed: () => void = () => undefined;
  watched = false;
  /** Somebody has noted one. */
  is = true;

  list(): Promise<readonly NotedName[]> {
    this.lists.push(this.notes.length);
    return Promise.resolve([...this.notes]);
  }

  elsewhere = new Set<string>();

  isOn({ path }: NotedName, device: bigint): Promise<boolean> {
    return Promise.resolve(device === 5n && !this.elsewhere.has(path));
  }

  async remove(one: NotedName): Promise<OldNameEnd> {
    this.tried.push(one.path);
    const end = await this.end(one);
    if (end === 'removed' || end === 'over') this.notes = this.notes.filter(({ note }) => note !== one.note);
    return end;
  }

  watch(changed: () => void): (() => void) | undefined {
    if (!this.is) return undefined;
    this.changed = changed;
    this.watched = true;
    return () => {
      this.watched = false;
    };
  }
}

describe('the desk of old names', () => {
  const removed: string[] = [];
  const problems: string[] = [];
  let told: () => void = () => undefined;
  let names: FakeNames;
  let desk: OldNameDesk;

  beforeEach(() => {
    removed.length = problems.length = 0;
    names = new FakeNames();
    desk = new OldNameDesk(
      names,
      {
        removed: (path) => {
          removed.push(path);
          told();
        },
        problem: ({ operation, errno }) => {
          problems.push(`${operation} ${errno}`);
          told();
        },
      },
      20,
    );
  });
  afterEach(() => {
    desk.end();
    assert.equal(names.watched, false);
  });

  async function until(what: string, is: () => boolean): Promise<void> {
    const reached = new Promise<void>((resolve) => {
      told = () => {
        if (is()) resolve();
      };
      told();
    });
    await within(5_000, what, reached);
  }

  it('removes what is due at once, what will be when it is, and nothing of another machine', async () => {
    names.notes = [noted(1, 0), noted(2, 30), noted(3, undefined)];
    // As the time passes.
    const list = names.list.bind(names);
    names.list = async () =>
      (await list()).map((one) => (one.left === 30 && names.lists.length > 2 ? { ...one, left: 0 } : one));
    desk.look();
    await until('both are gone', () => removed.length === 2);
    assert.deepEqual(
      [removed, names.notes.map(({ path }) => path), problems],
      [['/shared/1', '/shared/2'], ['/shared/3'], []],
    );
  });

  it('removes what another window has left and cannot remove any more', async () => {
    desk.look();
    names.notes = [noted(1, 0)];
    names.changed();
    await until('it is gone', () => removed.length === 1);
  });

  it('watches for what other windows leave from when there first is an old name', async () => {
    names.is = false;
    desk.look();
    assert.equal(names.watched, false);
    names.is = true;
    names.notes = [noted(1, 0)];
    desk.look();
    assert.equal(names.watched, true);
    await until('it is gone', () => removed.length === 1);
  });

  it('removes the oldest of too many before they are due', async () => {
    names.notes = Array.from({ length: 18 }, (_, index) => ({ ...noted(index, 60_000), path: '/shared/one' }));
    desk.look();
    await until('two are gone', () => removed.length === 2);
    assert.deepEqual(names.notes.map(({ when }) => when).sort((one, other) => one - other)[0], 2);
  });

  it('tries what cannot be removed no more than once, and goes on with the others', async () => {
    names.notes = [noted(1, 0), noted(2, 0), noted(3, 0)];
    names.end = ({ path }) =>
      Promise.resolve(path === '/shared/1' ? 'later' : path === '/shared/2' ? 'busy' : 'removed');
    desk.look();
    await until('one is gone', () => removed.length === 1);
    names.notes.push(noted(4, 0));
    names.changed();
    await until('another one is gone', () => removed.length === 2);
    assert.equal(names.tried.filter((path) => path === '/shared/1').length, 1);
  });

  it('says that a file system does not answer, goes on when it does, and has tried nothing else meanwhile', async () => {
    names.notes = [noted(1, 0), noted(2, 0)];
    let answer: (end: OldNameEnd) => void = () => undefined;
    names.end = ({ path }) =>
      path === '/shared/1'
        ? new Promise((resolve) => {
            answer = resolve;
          })
        : Promise.resolve('removed');
    desk.look();
    await until('it is told', () => problems.length === 1);
    names.changed();
    assert.deepEqual([problems, names.tried], [['remove ETIMEDOUT'], ['/shared/1']]);
    answer('removed');
    await until('both are gone', () => removed.length === 2);
  });

  it('goes on without a watch, and says so', async () => {
    names.watch = () => {
      throw Object.assign(new Error('no more watches'), { code: 'ENOSPC' });
    };
    names.notes = [noted(1, 0)];
    desk.look();
    await until('it is gone', () => removed.length === 1);
    assert.deepEqual(problems, ['watch ENOSPC']);
  });

  it('makes room of the oldest on one file system, until there is enough, and tells whether there is any', async () => {
    const onOther = { ...noted(2, 60_000), fileSystem: 0x65735546n };
    names.notes = [
      noted(5, 60_000),
      noted(4, 60_000),
      noted(3, undefined),
      onOther,
      noted(1, 60_000),
      noted(6, 60_000),
    ];
    names.elsewhere.add('/shared/1');
    names.end = ({ path }) => Promise.resolve(path === '/shared/4' ? 'later' : 'removed');
    assert.equal(await desk.makeRoom(0x6969n, 5n, () => removed.length > 0, 5_000), true);
    assert.deepEqual([names.tried, removed], [['/shared/4', '/shared/5'], ['/shared/5']]);
    assert.equal(await desk.makeRoom(0x6969n, 6n, () => false, 5_000), false);
    assert.equal(await desk.makeRoom(0x6969n, 5n, () => false, 0), false);
    assert.deepEqual(names.tried.length, 2);
  });

  it('makes room in time, or not at all: what is asked for then is not removed, and no other save waits', async () => {
    names.notes = [noted(1, 60_000), noted(2, 60_000)];
    let answer: (end: OldNameEnd) => void = () => undefined;
    names.end = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    assert.equal(await desk.makeRoom(0x6969n, 5n, () => false, 10), false);
    assert.equal(await desk.makeRoom(0x6969n, 5n, () => false, 60_000), false);
    answer('removed');
    await until('the first is gone', () => removed.length === 1);
    names.end = () => Promise.resolve('removed');
    assert.equal(await desk.makeRoom(0x6969n, 5n, () => false, 5_000), true);
    assert.deepEqual(names.tried, ['/shared/1', '/shared/2']);
  });

  it('does nothing more when it has ended', async () => {
    names.notes = [noted(1, 0), noted(2, 0)];
    names.end = () => {
      desk.end();
      return Promise.resolve('removed');
    };
    desk.look();
    await until('one is gone', () => removed.length === 1);
    desk.look();
    assert.deepEqual(names.tried, ['/shared/1']);
  });
});
