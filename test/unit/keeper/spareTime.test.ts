import assert from 'node:assert/strict';

import { SpareTime } from '../../../src/keeper/spareTime';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('spare time', () => {
  let spare: SpareTime;
  let done: string[];

  beforeEach(() => {
    spare = new SpareTime(60_000);
    done = [];
  });

  function add(name: string): void {
    spare.add(() => done.push(name));
  }

  it('is used for one piece of work after the other, none of them at once', async () => {
    add('first');
    add('second');
    assert.deepEqual(done, []);
    await turn();
    assert.deepEqual(done, ['first']);
    await turn();
    assert.deepEqual(done, ['first', 'second']);
  });

  it('is none while there is something that does not wait, also if that came later', async () => {
    let end: () => void = () => undefined;
    add('first');
    spare.giveWayTo(new Promise<void>((resolve) => (end = () => resolve())));
    await turn();
    await turn();
    assert.deepEqual(done, []);
    end();
    await turn();
    await turn();
    assert.deepEqual(done, ['first']);
  });

  it('comes also when what does not wait fails', async () => {
    spare.giveWayTo(Promise.reject(new Error('failed')));
    await new Promise<void>((resolve) => {
      spare.add(resolve);
    });
  });

  it('comes when patience is over, also if one follows the other without a pause', async () => {
    const impatient = new SpareTime(20);
    let ends: (() => void)[] = [];
    const giveWay = (): void => {
      impatient.giveWayTo(new Promise<void>((resolve) => ends.push(resolve)));
    };
    giveWay();
    const did = new Promise<void>((resolve) => {
      impatient.add(resolve);
    });
    const follow = async (): Promise<'done'> => {
      for (;;) {
        const before = ends;
        ends = [];
        giveWay();
        for (const end of before) end();
        const now = await Promise.race([did.then(() => 'done' as const), turn()]);
        if (now === 'done') return now;
      }
    };
    assert.equal(await follow(), 'done');
  });

  it('may be filled by work that is being done', async () => {
    spare.add(() => {
      done.push('first');
      add('second');
    });
    await turn();
    await turn();
    assert.deepEqual(done, ['first', 'second']);
  });

  it('is over when it is given up', async () => {
    add('first');
    spare.giveUp();
    await turn();
    assert.deepEqual(done, []);
  });
});
