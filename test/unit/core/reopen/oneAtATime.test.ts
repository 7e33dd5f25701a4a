import assert from 'node:assert/strict';

import { OneAtATime, type Turn } from '../../../../src/core/reopen/oneAtATime';

interface Value {
  readonly save: number;
}

/** Work that ends when it is told to. */
class Work {
  readonly begun: number[] = [];
  readonly acted: number[] = [];
  readonly #gates: (() => void)[] = [];

  readonly act = async (value: Value, turn: Turn<Value>): Promise<void> => {
    this.begun.push(value.save);
    // It looks at something first.
    await Promise.resolve();
    await turn.act(async (latest) => {
      this.acted.push(latest.save);
      await new Promise<void>((resolve) => this.#gates.push(resolve));
    });
  };

  get underWay(): number {
    return this.#gates.length;
  }

  /** The oldest ends. */
  async end(): Promise<void> {
    this.#gates.shift()?.();
    await settled();
  }
}

/** Everything that can happen has. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('one at a time', () => {
  it('acts once more for all that came while it acted, for the last of it', async () => {
    const work = new Work();
    const jobs = new OneAtATime(work.act, 4);
    const done = [1, 2, 3, 4, 5].map((save) => jobs.add('rule', { save }));
    await settled();
    assert.deepEqual([work.acted, work.underWay], [[5], 1], 'what came before it had begun is one');
    for (const save of [6, 7, 8]) void jobs.add('rule', { save });
    await settled();
    assert.deepEqual([work.acted, work.underWay], [[5], 1]);
    await work.end();
    assert.deepEqual([work.acted, work.underWay], [[5, 8], 1]);
    await work.end();
    assert.deepEqual([work.acted, work.underWay], [[5, 8], 0]);
    await Promise.all(done);
    void jobs.add('rule', { save: 9 });
    await settled();
    assert.deepEqual(work.acted, [5, 8, 9]);
    await work.end();
  });

  it('acts for a thousand keys a few at a time, and for each with its last', async () => {
    const work = new Work();
    const jobs = new OneAtATime(work.act, 4);
    for (const save of [1, 2]) for (let key = 0; key < 1_000; key++) void jobs.add(String(key), { save });
    await settled();
    assert.equal(work.underWay, 4);
    for (let left = 1_000; left > 0; left--) {
      assert.equal(work.underWay, Math.min(4, left));
      await work.end();
    }
    assert.deepEqual(work.acted, Array(1_000).fill(2));
  });

  it('drops what nobody wants, and works on what came meanwhile and comes later', async () => {
    const begun: number[] = [];
    let answer: () => void = () => undefined;
    const jobs = new OneAtATime<Value>(async ({ save }, turn) => {
      begun.push(save);
      await new Promise<void>((resolve) => (answer = resolve));
      turn.drop();
    }, 1);
    const first = jobs.add('rule', { save: 1 });
    for (const save of [2, 3]) void jobs.add('rule', { save });
    await settled();
    answer();
    await settled();
    assert.deepEqual(begun, [1, 3], 'it came after the first look');
    answer();
    await first;
    const later = jobs.add('rule', { save: 4 });
    await settled();
    answer();
    await later;
    assert.deepEqual(begun, [1, 3, 4]);
  });
});
