import assert from 'node:assert/strict';

import type { Holder } from '../../../../src/core/holders/holder';
import { changeOf } from '../../../../src/core/violations/compare';
import type { Healing } from '../../../../src/core/violations/heal';
import { violationLimits } from '../../../../src/core/violations/limits';
import { Post, type LeaseAnswer, type PostDoor } from '../../../../src/core/violations/post';
import type { Change, NotHealed, Violation, Writer } from '../../../../src/core/violations/violation';

type Told = Omit<Violation, 'path' | 'when'> | undefined;

const cp: Writer = { pid: 900, program: 'cp' };
const bash: Holder = {
  process: { pid: 7, started: 1 },
  program: 'bash',
  since: 0,
  harm: 'readsAsItRuns',
  uid: 0,
  ancestors: [],
};

/** In which nobody is in the way. @param at when the old bytes are back */
function quickHealing(at: number): Healing {
  return {
    leaseNew: () => 'taken',
    publish: () => 'published',
    putBack: () => 'back',
    stayBack: () => 'back',
    listen: () => true,
    open: () => 'opened',
    hasCome: () => false,
    restore: () => at,
    shut: () => undefined,
    isRestored: () => true,
    replay: () => true,
    letSave: () => undefined,
    end: () => undefined,
    leave: () => undefined,
  };
}

/** A file with a lease, as the kernel has it. */
class File implements PostDoor {
  bytes = 'running\n';
  answer: LeaseAnswer = 'taken';
  broken = false;
  over = false;
  waits: readonly Writer[] = [];
  has: readonly Writer[] = [];
  held: readonly Holder[] = [bash];
  mayCopy = true;
  leased = false;
  clock = 0;
  /** When a heal has put the old bytes back; `undefined`: there is none. */
  healing: number | undefined;
  writesTold = false;
  readonly calls: string[] = [];
  readonly told: Told[] = [];
  #copy: string | undefined;
  #remembered = '';
  #copies = 1;

  get copied(): number | undefined {
    return this.#copy === undefined ? undefined : this.#copies;
  }

  lease(): LeaseAnswer {
    this.leased = this.answer === 'taken';
    this.calls.push(`lease: ${this.answer}`);
    return this.answer;
  }

  letGo(): void {
    this.calls.push('letGo');
    this.leased = false;
    this.broken = false;
    this.over = false;
  }

  isBroken(): boolean {
    return this.broken;
  }

  isOver(): boolean {
    return this.over;
  }

  waiting(): readonly Writer[] {
    return this.waits;
  }

  writers(): readonly Writer[] {
    return this.has;
  }

  holders(): readonly Holder[] {
    return this.held;
  }

  copy(): void {
    this.calls.push('copy');
    if (this.mayCopy) this.#copy ??= this.bytes;
  }

  dropCopy(): void {
    this.#copy = undefined;
  }

  leaveCopy(): void {
    this.calls.push('leaveCopy');
    this.#copy = undefined;
    this.#copies++;
  }

  compare(): Change | undefined {
    if (this.#copy !== undefined) return changeOf(Buffer.from(this.#copy), Buffer.from(this.bytes));
    return this.bytes === this.#remembered ? undefined : { kind: 'unknown' };
  }

  remember(): void {
    this.#remembered = this.bytes;
  }

  tellWrites(on: boolean): void {
    this.writesTold = on;
  }

  now(): number {
    return this.clock;
  }

  readyHeal(): void {
    this.calls.push('readyHeal');
  }

  dropReady(): void {
    this.calls.push('dropReady');
  }

  lookBeforeHeal(): void {
    this.calls.push('lookBeforeHeal');
  }

  heal(): Healing | NotHealed {
    if (this.healing === undefined) return 'noCopy';
    return quickHealing(this.healing);
  }

  /** Somebody opens it for writing, and is let in. */
  open(post: Post, now: number): void {
    this.broken = true;
    this.waits = [cp];
    post.leaseBroken(now, now + violationLimits.caughtIn);
  }

  write(post: Post, now: number, bytes: string): void {
    this.bytes = bytes;
    if (this.writesTold) post.modified(now);
  }
}

describe('a post', () => {
  let file: File;
  let post: Post;

  function begin(change: Partial<File> = {}, mayLease = true): void {
    file = Object.assign(new File(), change);
    post = new Post(file, (violation) => file.told.push(violation), mayLease, 0);
  }

  it('lets a writer in when the file is copied, tells of what it wrote when it has closed, and has the lease again', () => {
    begin();
    assert.deepEqual(file.calls, ['lease: taken']);
    file.open(post, 10);
    assert.deepEqual(file.calls.slice(1), ['copy', 'letGo']);
    assert.equal(post.leased, false);
    file.write(post, 11, 'other\n');
    post.closed(12);
    assert.deepEqual(file.told, [
      { writers: [cp], holders: [bash], caught: 'before', change: { kind: 'rewritten', lines: 1 }, running: 1 },
    ]);
    assert.equal(post.leased, true);
    assert.equal(post.due, undefined);
    assert.equal(post.told, true);
  });

  it('makes ready what a heal needs before anybody writes, and says from when on a writer was let in', () => {
    begin();
    file.clock = 5;
    post.heals = true;
    assert.deepEqual([post.due, post.leased], [5, true]);
    post.tick(5);
    assert.deepEqual(file.calls.slice(1), ['readyHeal']);
    file.clock = 25;
    file.open(post, 10);
    assert.deepEqual(file.calls.slice(2), ['copy', 'lookBeforeHeal', 'letGo']);
    file.healing = 30;
    file.write(post, 26, 'other\n');
    post.closed(27);
    while (post.due !== undefined) {
      file.clock = post.due;
      post.tick(post.due);
    }
    assert.deepEqual(file.told.at(-1)?.healed, { is: 'healed', window: 5 });
  });

  it('makes nothing ready while somebody is let in, and does so anew when the lease is there again', () => {
    begin();
    post.heals = true;
    file.open(post, 10);
    post.tick(10);
    assert.deepEqual(file.calls.slice(1), ['copy', 'lookBeforeHeal', 'letGo']);
    post.closed(11);
    while (post.due !== undefined) {
      file.clock = post.due;
      post.tick(post.due);
    }
    assert.equal(post.leased, true);
    assert.deepEqual(file.calls.slice(-1), ['readyHeal']);
  });

  it('gives up what was made ready when nothing is healed any more, and when there is to be no lease', () => {
    begin();
    post.heals = true;
    post.tick(0);
    post.heals = false;
    assert.deepEqual([file.calls.slice(1), post.due], [['readyHeal', 'dropReady'], undefined]);
    post.heals = true;
    post.tick(0);
    post.wantLease(false, 1);
    assert.deepEqual(file.calls.slice(3), ['readyHeal', 'copy', 'dropReady', 'letGo']);
  });

  it('gives it up also when a lease is not to be had any more: the file has become another user’s', () => {
    begin();
    post.heals = true;
    post.tick(0);
    file.open(post, 10);
    file.answer = 'never';
    post.closed(11);
    for (let looks = 0; post.due !== undefined && looks < 20; looks++) {
      file.clock = post.due;
      post.tick(post.due);
    }
    assert.equal(post.leased, false);
    assert.ok(file.calls.lastIndexOf('dropReady') > file.calls.lastIndexOf('readyHeal'), file.calls.join());
  });

  it('asks for the lease again as long as the writer is counted', () => {
    begin();
    file.open(post, 10);
    file.write(post, 10, 'other\n');
    file.answer = 'writer';
    post.closed(10);
    const asked: number[] = [];
    for (let times = 0; times < 20; times++) {
      const { due } = post;
      assert.ok(due !== undefined);
      asked.push(due);
      post.tick(due);
    }
    assert.equal(asked[0], 10 + violationLimits.shortestRetry);
    assert.equal((asked.at(-1) ?? 0) - (asked.at(-2) ?? 0), violationLimits.longestRetry);
    file.answer = 'taken';
    post.tick(post.due ?? 0);
    assert.equal(post.leased, true);
    assert.equal(file.told.length, 1, 'told once');
  });

  it('tells nothing of a writer that writes nothing, or what was there', () => {
    begin();
    file.open(post, 10);
    post.closed(12);
    assert.equal(post.leased, true);
    file.open(post, 20);
    file.write(post, 21, '');
    file.write(post, 21, 'running\n');
    post.closed(22);
    assert.deepEqual(file.told, []);
    assert.equal(file.copied, undefined, 'no copy is left');
  });

  it('that stood still until the lease was over copies nothing, and tells that it was written', () => {
    begin();
    file.bytes = 'other\n';
    file.broken = file.over = true;
    post.leaseBroken(50_000, 50_100);
    assert.deepEqual(file.calls.slice(1), ['letGo']);
    post.modified(50_000);
    post.closed(50_001);
    assert.deepEqual(file.told, [{ writers: [], holders: [bash], caught: 'after', change: { kind: 'unknown' } }]);
    assert.equal(post.leased, true);
    file.open(post, 60_000);
    file.write(post, 60_001, 'third\n');
    post.closed(60_002);
    assert.equal(file.told.at(-1)?.running, undefined, 'nobody has what they began with');
  });

  it('whose lease ends while it copies takes nothing for what the holders had', () => {
    begin();
    const copy = file.copy.bind(file);
    file.copy = () => {
      copy();
      file.over = true;
    };
    file.open(post, 40_000);
    assert.equal(file.copied, undefined);
    file.write(post, 40_001, 'other\n');
    post.closed(40_002);
    assert.deepEqual(file.told, [{ writers: [], holders: [bash], caught: 'after', change: { kind: 'unknown' } }]);
  });

  it('leaves who did not wait time to come again, and tells of it then', () => {
    begin();
    file.broken = true;
    post.leaseBroken(10, 60);
    assert.equal(post.due, 10 + violationLimits.afterNobody);
    file.has = [{ pid: 5, program: 'truncate' }];
    file.write(post, 500, 'run');
    post.closed(501);
    assert.deepEqual(
      file.told.map((told) => [told?.writers, told?.caught]),
      [[[{ pid: 5, program: 'truncate' }], 'before']],
    );
  });

  it('has the lease again after somebody only touched the file', () => {
    begin();
    file.broken = true;
    post.leaseBroken(10, 60);
    post.tick(10 + violationLimits.afterNobody);
    assert.equal(post.leased, true);
    assert.deepEqual(file.told, []);
  });

  it('looks at a writer that does not close, and again when it does', () => {
    begin();
    file.open(post, 10);
    file.write(post, 20, 'other\n');
    file.answer = 'writer';
    post.tick(10 + violationLimits.settles);
    assert.equal(file.told.length, 0);
    post.tick(20 + violationLimits.settles);
    assert.equal(file.told.length, 1);
    file.write(post, 400, 'other\nmore\n');
    file.answer = 'taken';
    post.closed(401);
    assert.deepEqual(
      file.told.map((told) => told?.change.lines),
      [1, 2],
    );
  });

  it('keeps what the programs began with, whatever is written after that, and says when it is there again', () => {
    begin();
    for (const [bytes, now] of [
      ['one\n', 10],
      ['two\n', 20],
      ['running\n', 30],
    ] as const) {
      file.open(post, now);
      file.write(post, now, bytes);
      post.closed(now + 1);
    }
    assert.deepEqual(
      file.told.map((told) => told?.change.kind),
      ['rewritten', undefined],
      'of the second, by the same process, is nothing new to be said',
    );
    assert.equal(post.told, false);
    assert.equal(file.copied, undefined);
  });

  it('begins anew when the user has dealt with it', () => {
    begin();
    file.open(post, 10);
    file.write(post, 10, 'one\n');
    post.closed(11);
    post.dealtWith(12);
    assert.equal(post.told, false);
    file.open(post, 20);
    post.closed(21);
    assert.equal(file.told.length, 1);
    file.open(post, 30);
    file.write(post, 30, 'two\n');
    post.closed(31);
    assert.equal(file.told.length, 2);
  });

  it('leaves the copy to those who were told, when it is dealt with', () => {
    begin();
    file.open(post, 10);
    file.write(post, 10, 'one\n');
    post.closed(11);
    post.dealtWith(12);
    assert.equal(file.calls.at(-1), 'leaveCopy');
  });

  it('tells of each writing whose writer is not known, and of one once', () => {
    begin({ answer: 'never' });
    for (const now of [10, 1_000]) {
      file.write(post, now, 'other\n');
      post.tick(now + violationLimits.settles);
      post.closed(now + 500);
    }
    assert.equal(file.told.length, 2);
  });

  it('does not say that it is over when the first copy is gone, and makes no second', () => {
    begin();
    file.open(post, 10);
    file.write(post, 10, 'one\n');
    post.closed(11);
    file.dropCopy();
    file.open(post, 20);
    post.closed(21);
    assert.equal(file.copied, undefined);
    assert.equal(file.told.length, 1);
    assert.equal(post.told, true);
  });

  it('tells nothing if nobody holds the file any more when the writer comes', () => {
    begin({ held: [] });
    file.open(post, 10);
    file.write(post, 11, 'other\n');
    post.closed(12);
    assert.deepEqual(file.told, []);
    assert.equal(file.copied, undefined);
  });

  it('copies a file ahead that can have no lease, and tells who has it open when it is written', () => {
    begin({ answer: 'never' });
    assert.deepEqual(file.calls, ['lease: never', 'copy']);
    file.has = [cp];
    file.write(post, 10, 'other\n');
    assert.equal(file.writesTold, false, 'one event is enough');
    file.has = [];
    post.closed(12);
    assert.deepEqual(file.told, [
      { writers: [cp], holders: [bash], caught: 'after', change: { kind: 'rewritten', lines: 1 }, running: 1 },
    ]);
    assert.equal(file.writesTold, true);
    assert.equal(post.due, undefined, 'no lease is asked for again');
    const tee: Writer = { pid: 901, program: 'tee' };
    file.has = [tee];
    file.write(post, 20, 'third\n');
    post.closed(21);
    assert.deepEqual(file.told[1]?.writers, [tee]);
  });

  it('asks for no lease where none is wanted', () => {
    begin({}, false);
    assert.deepEqual(file.calls, ['copy']);
  });

  it('gives up its lease when none is wanted any more, and asks for it when it is wanted again', () => {
    begin();
    post.wantLease(true, 5);
    assert.deepEqual(file.calls, ['lease: taken'], 'nothing new');
    post.wantLease(false, 10);
    assert.equal(post.leased, false);
    assert.equal(file.leased, false);
    assert.notEqual(file.copied, undefined, 'it is copied ahead');
    file.has = [cp];
    file.write(post, 20, 'other\n');
    post.closed(21);
    assert.equal(file.told[0]?.caught, 'after');
    assert.equal(post.due, undefined, 'no lease is asked for');
    post.wantLease(true, 30);
    assert.equal(post.leased, true);
  });

  it('has seen who waits when its lease is given up', () => {
    begin();
    Object.assign(file, { broken: true, waits: [cp] });
    post.wantLease(false, 10);
    file.write(post, 20, 'other\n');
    post.closed(21);
    assert.deepEqual(
      file.told.map((told) => [told?.writers, told?.caught]),
      [[[cp], 'before']],
    );
    assert.equal(post.due, undefined);
  });

  it('tells of a write without knowing what was there, if it could not be copied, but not of another time', () => {
    begin({ mayCopy: false });
    file.open(post, 10);
    file.bytes = 'touched\n';
    post.closed(11);
    assert.deepEqual(file.told, []);
    file.open(post, 20);
    file.write(post, 20, 'other\n');
    post.closed(21);
    assert.deepEqual(file.told, [{ writers: [cp], holders: [bash], caught: 'before', change: { kind: 'unknown' } }]);
  });

  it('looks at everything when events were lost', () => {
    begin({ answer: 'never' });
    file.bytes = 'other\n';
    post.lost(10);
    post.tick(10 + violationLimits.settles);
    assert.equal(file.told.length, 1);
  });

  it('looks ever more seldom at what is written without end, and soon again at what is written after that', () => {
    begin({ answer: 'writer' });
    const looks: number[] = [];
    let now = 0;
    for (let times = 0; times < 10; times++) {
      file.write(post, now, `version ${String(times)}\n`);
      while (!file.writesTold) {
        now = post.due ?? 0;
        post.tick(now);
      }
      looks.push(now);
    }
    const pauses = looks.slice(1).map((look, index) => look - (looks[index] ?? 0));
    assert.ok((pauses[0] ?? 0) < 3 * violationLimits.settles);
    assert.ok((pauses.at(-1) ?? 0) >= violationLimits.longestRetry);
    file.answer = 'taken';
    post.closed(now);
    file.open(post, now);
    file.write(post, now, 'later\n');
    assert.ok((post.due ?? 0) - now <= violationLimits.settles);
  });
});
