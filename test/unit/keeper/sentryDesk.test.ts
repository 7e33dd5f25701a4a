import assert from 'node:assert/strict';

import type { Holder } from '../../../src/core/holders/holder';
import type { SentryAnswer } from '../../../src/core/violations/messages';
import type { Wake } from '../../../src/core/gate/ports';
import type { GuardedFile, SentryNotice, SentrySystem } from '../../../src/core/violations/ports';
import { SentryDesk } from '../../../src/keeper/sentryDesk';

const bash: Holder = {
  process: { pid: 7, started: 70 },
  program: 'bash',
  since: 0,
  harm: 'readsAsItRuns',
  uid: 0,
  ancestors: [],
};

/** A file that nobody writes. */
class StillFile implements GuardedFile {
  readonly watch: number;
  readonly copied = undefined;
  there = true;
  leased = false;
  closed = false;
  held: readonly Holder[] = [];

  constructor(watch: number) {
    this.watch = watch;
  }

  isAtPath = (): boolean => this.there;
  know = (holders: readonly Holder[]): void => void (this.held = holders);
  holders = (): readonly Holder[] => this.held.filter(({ process }) => process.pid === bash.process.pid);
  lease = (): 'taken' => {
    this.leased = true;
    return 'taken';
  };
  letGo = (): void => void (this.leased = false);
  close = (): void => void (this.closed = true);
  broken = false;
  readonly did: string[] = [];
  isBroken = (): boolean => this.broken;
  isOver = (): boolean => false;
  waiting = (): [] => {
    this.did.push('answered');
    return [];
  };
  writers = (): [] => {
    this.did.push('looked');
    return [];
  };
  compare = (): undefined => undefined;
  expectHeal = (): void => undefined;
  claim = (): boolean => true;
  disclaim = (): void => undefined;
  copy = (): void => undefined;
  dropCopy = (): void => undefined;
  leaveCopy = (): void => undefined;
  remember = (): void => undefined;
  tellWrites = (): void => undefined;
  now = (): number => 0;
  readyHeal = (): void => undefined;
  dropReady = (): void => undefined;
  lookBeforeHeal = (): void => undefined;
  heal = (): 'noCopy' => 'noCopy';
}

describe('the desk of the sentry', () => {
  let files: StillFile[];
  let told: SentryAnswer[];
  let desk: SentryDesk;

  const quiet: Wake<SentryNotice> = { orders: false, leases: false, events: [], overflow: false };
  const wakes: Wake<SentryNotice>[] = [];

  beforeEach(() => {
    wakes.length = 0;
    files = [];
    told = [];
    const system: SentrySystem = {
      waiter: {
        orders: -1,
        wait: () => wakes.shift() ?? quiet,
        close: () => undefined,
      },
      open: () => {
        const file = new StillFile(files.length);
        files.push(file);
        return file;
      },
      read: () => undefined,
      synced: () => undefined,
      drop: () => undefined,
      expire: () => undefined,
      close: () => undefined,
    };
    desk = new SentryDesk(system, { now: () => 0, clock: () => 0 }, (answer) => told.push(answer));
  });

  let id = 0;
  function guard(holders: readonly Holder[], mayLease = true): void {
    desk.guard({ kind: 'guard', id: ++id, path: '/a', holders, mayLease, heals: false });
    desk.turn();
  }

  it('goes to the new inode when it is told of its holders', () => {
    guard([bash]);
    for (const file of files) file.there = false;
    guard([bash]);
    assert.deepEqual(
      files.map(({ closed, leased }) => [closed, leased]),
      [
        [true, true],
        [false, true],
      ],
    );
  });

  it('says so if nobody of those who were named has the file', () => {
    guard([{ ...bash, process: { pid: 8, started: 80 } }]);
    assert.deepEqual(
      told.filter(({ kind }) => kind === 'unguarded'),
      [{ kind: 'unguarded', id, path: '/a' }],
    );
    assert.equal(files[0]?.closed, true);
  });

  it('lets writers wait or not as the newest order says', () => {
    const leased = [true, false, true].map((mayLease) => {
      guard([bash], mayLease);
      return files.map((file) => file.leased);
    });
    assert.deepEqual(leased, [[true], [false], [true]]);
  });

  it('looks for broken leases between two events', () => {
    guard([bash], false);
    desk.guard({ kind: 'guard', id: ++id, path: '/b', holders: [bash], mayLease: true, heals: false });
    desk.turn();
    const [written, leased] = files;
    assert.ok(written && leased);
    const did: string[] = [];
    Object.assign(written, { did });
    Object.assign(leased, { did, broken: true });
    wakes.push(
      {
        ...quiet,
        events: [
          { watch: 0, what: 'modified' },
          { watch: 0, what: 'closed' },
        ],
      },
      { ...quiet, leases: true },
    );
    desk.turn();
    desk.turn();
    assert.deepEqual(did, ['looked', 'answered', 'looked']);
  });
});
