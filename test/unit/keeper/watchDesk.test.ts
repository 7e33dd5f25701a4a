import assert from 'node:assert/strict';

import { SystemError } from '../../../src/core/errors';
import type { Holder } from '../../../src/core/holders/holder';
import type { FileInUse } from '../../../src/core/holders/inUse';
import { lookout } from '../../../src/core/holders/limits';
import type { Found, Pin } from '../../../src/core/holders/ports';
import { LineCounts } from '../../../src/keeper/lineCounts';
import { WatchDesk, type WatchDeskParts } from '../../../src/keeper/watchDesk';
import { FakeLookoutSystem, wake } from '../../support/fakes/lookout';

const bash: Holder = {
  process: { pid: 7, started: 70 },
  program: 'bash',
  since: 1_000,
  harm: 'readsAsItRuns',
  read: { offset: 10, by: 'command' },
  uid: 0,
  ancestors: [],
};

describe('the desk of the lookout', () => {
  let system: FakeLookoutSystem;
  let time: number;
  let told: Parameters<WatchDeskParts['tell']>[0][];
  let desk: WatchDesk;

  beforeEach(() => {
    system = new FakeLookoutSystem();
    time = 0;
    told = [];
    desk = new WatchDesk({
      system,
      lines: new LineCounts(),
      editor: 1,
      now: () => 1_000_000 + time,
      clock: () => time,
      tell: (answer) => told.push(answer),
    });
    system.paths.set('/a', 1).set('/b', 2);
  });

  /** Until nothing is due any more. */
  function settle(): void {
    for (let turns = 0; turns < 20; turns++) {
      const { milliseconds } = desk.sleep();
      if (milliseconds === undefined) return;
      time += milliseconds;
      desk.woken(wake({}));
    }
    assert.fail('it does not come to rest');
  }

  function holds(inode: number, ...holders: readonly Holder[]): void {
    system.found = (pins): Found => ({
      holders: new Map(
        pins
          .filter(({ identity }) => identity.inode === BigInt(inode))
          .map((pin): [Pin, readonly Holder[]] => [pin, holders]),
      ),
      untold: new Set(),
      closed: 1,
    });
  }

  const last = (path: string): FileInUse | undefined =>
    told.flatMap((answer) => (answer.kind === 'inUse' ? answer.files : [])).findLast((file) => file.path === path);

  it('tells once of which file it could not be asked, and who has the others', () => {
    holds(1, bash);
    const { found } = system;
    const refused = [new SystemError('RmGetList', '/b', 'E5')];
    system.found = (pins): Found => ({ ...found(pins), refused });
    desk.watch(['/a', '/b']);
    settle();
    desk.look('/a', 'soon');
    settle();
    assert.ok(system.passes.length > 1);
    assert.equal(last('/a')?.current?.holders.length, 1);
    const problems = told.flatMap((answer) => (answer.kind === 'problem' ? [answer.error] : []));
    assert.deepEqual(
      problems.map(({ path, errno }) => [path, errno]),
      [['/b', 'E5']],
    );
  });

  it('looks at all files in one pass, tells, and sleeps until something happens', () => {
    holds(1, bash);
    desk.watch(['/a', '/b']);
    settle();
    assert.equal(system.passes.length, 1);
    assert.deepEqual(
      last('/a')?.current?.holders.map(({ program, line }) => [program, line]),
      [['bash', 10]],
    );
    assert.deepEqual(last('/b')?.current?.holders, []);
    assert.deepEqual(desk.sleep(), { milliseconds: undefined, uses: true });
    assert.deepEqual(system.awaited, [bash.process]);
  });

  it('tells how many could not be looked into, when that is another number', () => {
    const closed = (): readonly number[] =>
      told.flatMap((answer) => (answer.kind === 'closed' ? answer.processes : []));
    holds(1, bash);
    desk.watch(['/a']);
    settle();
    assert.deepEqual(closed(), [1]);
    assert.equal(told[0]?.kind, 'closed', 'before what was seen');
    desk.look('/a');
    settle();
    assert.deepEqual(closed(), [1]);
    system.found = () => ({ holders: new Map(), untold: new Set(), closed: 0 });
    desk.look('/a');
    settle();
    assert.deepEqual(closed(), [1, 0]);
  });

  it('passes again when one is used, and tells only what is new', () => {
    desk.watch(['/a', '/b']);
    settle();
    told = [];
    holds(2, bash);
    time += 10_000;
    desk.woken(wake({ used: new Set([system.watchOf('/b')]) }));
    assert.deepEqual(desk.sleep(), { milliseconds: lookout.settles, uses: false });
    settle();
    assert.equal(system.passes.length, 2);
    assert.deepEqual(
      told.flatMap((answer) => (answer.kind === 'inUse' ? answer.files : [])).map(({ path }) => path),
      ['/b'],
    );
  });

  it('follows the path to another inode, and keeps who has the older one', () => {
    holds(1, bash);
    desk.watch(['/a']);
    settle();
    system.paths.set('/a', 3);
    time += 10_000;
    desk.woken(wake({ moved: new Set([system.watchOf('/a')]) }));
    settle();
    assert.equal(last('/a')?.current?.since, 1_000_000 + time);
    assert.deepEqual(
      last('/a')?.older.map(({ holders }) => holders.length),
      [1],
    );
    assert.equal(system.watches.size, 2);
    system.found = () => ({ holders: new Map(), untold: new Set(), closed: 0 });
    time += 10_000;
    desk.woken(wake({ ended: true }));
    settle();
    assert.deepEqual(last('/a')?.older, []);
    assert.deepEqual([system.watches.size, system.open], [1, 1]);
  });

  it('sees in a pass what has happened until then', () => {
    desk.watch(['/a']);
    settle();
    system.paths.set('/a', 3);
    time += 10_000;
    desk.woken(wake({ ended: true }));
    system.pending = { moved: new Set([system.watchOf('/a')]) };
    settle();
    assert.deepEqual(
      system.passes.at(-1)?.map(({ identity }) => identity.inode),
      [3n, 1n],
    );
  });

  it('believes no pass during which the path was moved, but not for ever', () => {
    const python: Holder = {
      process: bash.process,
      program: 'python3',
      since: 1_000,
      harm: 'loaded',
      uid: 0,
      ancestors: [],
    };
    holds(1, python);
    desk.watch(['/a']);
    settle();
    told = [];
    let moves = 0;
    let left = 2;
    system.found = () => {
      // Nobody is found at a path that leads elsewhere than it did.
      if (left-- > 0) {
        system.paths.set('/a', 10 + ++moves);
        system.pending = { moved: new Set([system.watchOf('/a')]) };
        return { holders: new Map(), untold: new Set(), closed: 0 };
      }
      const now = system.pins.find(({ identity }) => identity.inode === BigInt(system.paths.get('/a') ?? 0));
      return { holders: new Map(now ? [[now, [python]]] : []), untold: new Set(), closed: 0 };
    };
    system.paths.set('/a', 10);
    time += 10_000;
    desk.woken(wake({ moved: new Set([system.watchOf('/a')]) }));
    settle();
    const seen = told.flatMap((answer) => (answer.kind === 'inUse' ? answer.files : []));
    assert.deepEqual(
      seen.map(({ current, older }) => [current?.holders.length, older.map(({ holders }) => holders.length)]),
      [[0, [1]]],
    );
    assert.equal(seen[0]?.older[0]?.holders[0]?.version, undefined, 'its version is known');
    left = lookout.movedDuring + 1;
    told = [];
    time += 10_000;
    desk.woken(wake({ moved: new Set([system.watchOf('/a')]) }));
    settle();
    assert.ok(told.length > 0);
  });

  it('waits in the folder for what is gone to come again', () => {
    desk.watch(['/a']);
    settle();
    system.paths.delete('/a');
    time += 10_000;
    desk.woken(wake({ moved: new Set([system.watchOf('/a')]) }));
    settle();
    assert.equal(last('/a')?.problem?.errno, 'ENOENT');
    system.paths.set('/a', 9);
    time += 10_000;
    desk.woken(wake({ moved: new Set([system.watchOf('folder of /a')]) }));
    settle();
    assert.equal(last('/a')?.problem, undefined);
    assert.deepEqual([...system.watches.values()], ['/a']);
  });

  it('keeps looking at what is in use when nobody wants it watched, until it is not', () => {
    holds(1, bash);
    desk.watch(['/a']);
    settle();
    desk.watch([]);
    assert.equal(system.open, 1);
    holds(1);
    time += 10_000;
    desk.woken(wake({ used: new Set([system.watchOf('/a')]) }));
    settle();
    assert.deepEqual([system.open, system.watches.size], [0, 0]);
    assert.deepEqual(told.at(-1), { kind: 'inUse', files: [], dropped: ['/a'] });
  });

  it('asks for those who cannot be named only where nobody was seen', () => {
    system.probed = 'held';
    system.found = () => ({ holders: new Map(), untold: new Set(), closed: 1 });
    desk.watch(['/a']);
    settle();
    assert.equal(last('/a')?.unnamed, true);
    system.found = (pins) => ({ holders: new Map(), untold: new Set(pins), closed: 1 });
    desk.look('/a');
    settle();
    assert.equal(last('/a')?.unnamed, false, 'it was the editor, or ourselves');
    assert.equal(last('/a')?.uncertain, false);
  });

  it('asks of so many files after one pass, and of the others after the next', () => {
    const paths = Array.from({ length: lookout.probes * 2 + 1 }, (_, index) => `/file-${String(index)}`);
    paths.forEach((path, index) => system.paths.set(path, 100 + index));
    desk.watch(paths);
    settle();
    assert.deepEqual([system.probes, system.passes.length], [paths.length, 3]);
  });

  it('asks again when those who cannot be named may have gone', () => {
    system.probed = 'held';
    system.found = () => ({ holders: new Map(), untold: new Set(), closed: 1 });
    desk.watch(['/a']);
    settle();
    system.probed = 'free';
    time += 10_000;
    desk.woken(wake({ used: new Set([system.watchOf('/a')]) }));
    settle();
    assert.equal(last('/a')?.unnamed, false);
  });

  it('looks how far a script was read without a pass', () => {
    holds(1, bash);
    desk.watch(['/a']);
    settle();
    assert.equal(system.reads.size, 1);
    time += 10_000;
    desk.woken(wake({ read: new Set([system.watchOf('/a')]) }));
    settle();
    assert.equal(system.passes.length, 1);
    assert.equal(last('/a')?.current?.holders[0]?.line, 11);
  });

  it('looks at everything when events were lost', () => {
    desk.watch(['/a', '/b']);
    settle();
    system.paths.set('/a', 3).set('/b', 4);
    time += 10_000;
    desk.woken(wake({ overflow: true }));
    settle();
    const inodes = system.passes.at(-1)?.map(({ identity }) => identity.inode);
    assert.ok(inodes?.includes(3n) && inodes.includes(4n));
  });

  it('says once that processes cannot be listed, and tries again at the next event', () => {
    desk.watch(['/a']);
    system.found = () => {
      throw new SystemError('readdir', '/proc', 'EMFILE');
    };
    settle();
    desk.look('/a');
    settle();
    assert.deepEqual(
      told.map(({ kind }) => kind),
      ['problem'],
    );
    holds(1, bash);
    desk.look('/a');
    settle();
    assert.equal(last('/a')?.current?.holders.length, 1);
  });

  it('watches no more files than may be pinned, the first ones', () => {
    system.pinsAtMost = 1;
    desk.watch(['/a', '/b']);
    settle();
    assert.deepEqual([...system.watches.values()], ['/a']);
  });

  it('holds what somebody has, and nothing else', () => {
    holds(1, bash);
    system.paths.set('/c', 3);
    desk.watch(['/a', '/b', '/c']);
    settle();
    assert.deepEqual(
      system.pins.map(({ path, held }) => [path, held]),
      [
        ['/a', true],
        ['/b', false],
        ['/c', false],
      ],
    );
    holds(1, { ...bash, harm: 'loaded' });
    desk.look('/a');
    settle();
    assert.equal(system.held, 0, 'who has loaded it has let it go');
    system.found = () => ({ holders: new Map(), untold: new Set(), closed: 1 });
    system.probed = 'held';
    desk.look('/b');
    settle();
    assert.deepEqual([system.held, last('/b')?.unnamed], [1, true]);
  });

  it('lets go at once when somebody may have gone, and of an older version when it is known', () => {
    holds(1, bash);
    desk.watch(['/a']);
    settle();
    const watch = system.watchOf('/a');
    for (const wakes of [{ used: new Set([watch]), closed: new Set([watch]) }, { ended: true }]) {
      assert.equal(system.held, 1);
      time += 10_000;
      desk.woken(wake(wakes));
      assert.equal(system.held, 0);
      settle();
    }
    system.paths.set('/a', 3);
    time += 10_000;
    desk.woken(wake({ moved: new Set([watch]) }));
    settle();
    time += 10_000;
    desk.woken(wake({ used: new Set([watch]), closed: new Set([watch]), ended: true }));
    assert.equal(system.held, 1);
    holds(1);
    settle();
    assert.equal(system.held, 0);
  });

  it('looks again where a watch was lost, and forgets what it was of', () => {
    holds(1, bash);
    desk.watch(['/a']);
    settle();
    holds(1);
    system.paths.delete('/a');
    time += 10_000;
    desk.woken(wake({ lost: new Set([system.watchOf('/a')]) }));
    settle();
    assert.equal(last('/a')?.problem?.errno, 'ENOENT');
    assert.deepEqual([system.open, [...system.watches.values()]], [0, ['folder of /a']]);
    system.paths.set('/a', 1);
    time += 10_000;
    desk.woken(wake({ lost: new Set([system.watchOf('folder of /a')]) }));
    settle();
    assert.deepEqual([last('/a')?.problem, system.open], [undefined, 1]);
  });

  it('takes a file that was given the number of the last one for another', () => {
    holds(1, bash);
    desk.watch(['/a']);
    settle();
    holds(1);
    desk.look('/a');
    settle();
    assert.equal(last('/a')?.current?.since, 0);
    system.reused.add(1);
    time += 10_000;
    desk.look('/a');
    settle();
    assert.equal(last('/a')?.current?.since, 1_000_000 + time);
    assert.equal(system.open, 1);
  });

  it('believes nothing of a file that was given the number while a pass was under way', () => {
    desk.watch(['/a']);
    settle();
    const passes = system.passes.length;
    system.found = (pins) => {
      if (system.passes.length === passes + 1) system.reused.add(1);
      else system.reused.clear();
      return { holders: new Map(pins.map((pin) => [pin, [bash]])), untold: new Set(), closed: 0 };
    };
    time += 10_000;
    desk.woken(wake({ used: new Set([system.watchOf('/a')]) }));
    settle();
    assert.equal(system.passes.length, passes + 2);
    const known = last('/a');
    assert.deepEqual([known?.current?.holders.length, known?.older], [1, []]);
    assert.ok((known?.current?.since ?? 0) > 1_000_000);
    assert.equal(system.open, 1);
  });

  it('looks at everything when something is mounted or unmounted', () => {
    desk.watch(['/a', '/b']);
    settle();
    system.paths.delete('/a');
    time += 10_000;
    desk.woken(wake({ mounted: true }));
    settle();
    assert.deepEqual([last('/a')?.problem?.errno, last('/b')?.problem], ['ENOENT', undefined]);
    assert.equal(system.passes.length, 2);
    const pinned = system.pins.length;
    for (const paths of [2, 1, 0]) {
      if (paths === 1) system.paths.set('/a', 1);
      time += 10_000;
      desk.woken(wake({ mounted: true }));
      settle();
      assert.equal(system.passes.length, paths === 2 ? 2 : 3, 'processes are looked at where a path leads elsewhere');
    }
    assert.deepEqual([last('/a')?.problem, system.pins.length], [undefined, pinned + 1]);
    system.paths.delete('/a');
    time += 10_000;
    desk.woken(wake({ mounted: true }));
    // The watch ends a moment later.
    system.pending = { lost: new Set([system.watchOf('/a')]) };
    settle();
    assert.equal(last('/a')?.problem?.errno, 'ENOENT');
  });

  it('looks where a symbolic link leads when it is another one', () => {
    system.links.set('/a', ['/link', '/folder/link']);
    desk.watch(['/a']);
    settle();
    assert.deepEqual([...system.watches.values()].sort(), ['/a', 'link /folder/link', 'link /link']);
    system.paths.set('/a', 3);
    system.links.set('/a', ['/link']);
    time += 10_000;
    desk.woken(wake({ moved: new Set([system.watchOf('link /link')]) }));
    settle();
    assert.equal(last('/a')?.current?.since, 1_000_000 + time);
    assert.deepEqual([...system.watches.values()].sort(), ['/a', 'link /link']);
  });

  it('gives everything back', () => {
    holds(1, bash);
    desk.watch(['/a', '/b']);
    settle();
    desk.close();
    assert.deepEqual([system.open, system.watches.size], [0, 0]);
  });
});
