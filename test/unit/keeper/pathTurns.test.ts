import assert from 'node:assert/strict';

import type { GateSystem, HandedPlace } from '../../../src/core/gate/ports';
import { limits } from '../../../src/core/limits';
import { PathTurns } from '../../../src/keeper/pathTurns';

const quietWake = { orders: false, leases: false, events: [], overflow: false };

function place(path: string): HandedPlace {
  return { directory: -1, directoryIdentity: { device: 1n, inode: 1n }, name: Buffer.from(path), path, record: 0 };
}

/** Claims as the kernel gives them: one open file takes its lock as often as it likes. */
class Bench {
  readonly answers: string[] = [];
  readonly saved = new Set<string>();
  now = 0;
  elsewhere = false;
  claims = 0;
  readonly turns: PathTurns;

  constructor() {
    const system: Pick<GateSystem, 'claim' | 'watchClaims' | 'unwatchClaims'> = {
      claim: () => {
        if (this.elsewhere) return undefined;
        this.claims++;
        return () => this.claims--;
      },
      watchClaims: () => 7,
      unwatchClaims: () => undefined,
    };
    this.turns = new PathTurns(
      system as GateSystem,
      () => this.now,
      (path) => this.saved.has(path),
      (id, how) => this.answers.push(`${String(id)} ${how}`),
    );
  }
}

describe('the turns of a path', () => {
  let bench: Bench;
  beforeEach(() => {
    bench = new Bench();
  });

  const save = (id: number): void => {
    bench.turns.ask(id, place('/a'), false, false);
  };
  const yielding = (id: number, path = '/a'): void => {
    bench.turns.ask(id, place(path), false, true);
  };

  it('go to one that yields at once if no save has the path', () => {
    save(1);
    yielding(2, '/b');
    assert.deepEqual(bench.answers, ['1 atOnce', '2 atOnce']);
  });

  it('go to it when the save of this window that has the path gives it up', () => {
    save(1);
    yielding(2);
    assert.deepEqual(bench.answers, ['1 atOnce']);
    bench.turns.giveUp(1);
    assert.deepEqual(bench.answers, ['1 atOnce', '2 waited']);
    assert.equal(bench.claims, 1);
  });

  it('go to it when the save to which the path was handed over has ended', () => {
    save(1);
    const release = bench.turns.handOver(1);
    bench.saved.add('/a');
    yielding(2);
    bench.turns.tick(bench.now);
    assert.deepEqual(bench.answers, ['1 atOnce']);
    bench.saved.clear();
    release?.();
    bench.turns.tick(bench.now);
    assert.deepEqual(bench.answers, ['1 atOnce', '2 waited']);
  });

  it('do not go to it when the time is over', () => {
    save(1);
    yielding(2);
    bench.now = limits.otherWindow;
    bench.turns.tick(bench.now);
    assert.deepEqual(bench.answers, ['1 atOnce', '2 otherWindow']);
    assert.equal(bench.turns.due, undefined);
  });

  it('make it wait for another window as a save does', () => {
    bench.elsewhere = true;
    yielding(1);
    bench.elsewhere = false;
    bench.turns.heed({ ...quietWake, events: [{ watch: 7, what: 'opened' }] });
    assert.deepEqual(bench.answers, ['1 waited']);
  });

  it('make a save that comes while it has the path look at the file again', () => {
    yielding(1);
    save(2);
    assert.deepEqual(bench.answers, ['1 atOnce', '2 waited']);
    bench.turns.giveUpAll();
    assert.equal(bench.claims, 0);
  });
});
