import assert from 'node:assert/strict';

import { healText, judgeHeld, parseHealRecord, type HealRecord } from '../../../../src/core/violations/healRecord';

const record: HealRecord = {
  owner: { pid: 7, startTime: 123n, boot: 'b', namespace: 'pid:[1]', machine: 'm' },
  path: '/w/j\xf6b.sh',
  temporary: '.holdfast-7-123-0-4294967296~',
  device: 64512n,
  inode: 2n ** 60n,
};

describe('what is written down of a heal', () => {
  it('is read again', () => {
    assert.deepEqual(parseHealRecord(healText(record)), record);
  });

  it('is nothing that leads elsewhere, or is of another format', () => {
    const text = healText(record);
    for (const [part, other] of [
      ['"holdfast":1', '"holdfast":2'],
      ['.holdfast-7-123-0-4294967296~', '../other'],
      ['.holdfast-7-123-0-4294967296~', 'file'],
      ['/w/j', 'w/j'],
      ['"64512"', '64512'],
      ['"123"', '"-1"'],
    ] as const) {
      assert.equal(parseHealRecord(text.replace(part, other)), undefined, other);
    }
    assert.equal(parseHealRecord(text.slice(0, 40)), undefined);
  });
});

describe('what a held inode has after a death', () => {
  const bytes = (text: string): Uint8Array => Buffer.from(text);
  const judged = (held: string, running: string, written?: string): string =>
    judgeHeld(bytes(held), bytes(running), written === undefined ? undefined : bytes(written));

  for (const [running, written] of [
    ['old text', 'NEW'],
    ['old', 'NEW TEXT'],
    ['same', 'SAME'],
    ['', 'NEW'],
    ['old', ''],
  ] as const) {
    it(`is ours at every moment of putting back ${JSON.stringify(running)} for ${JSON.stringify(written)}`, () => {
      const states: string[] = [written];
      for (let at = written.length; at <= running.length; at++)
        states.push(written + running.slice(written.length, at));
      const extended = states.at(-1) ?? '';
      for (let at = 0; at <= Math.min(running.length, extended.length); at++)
        states.push(running.slice(0, at) + extended.slice(at));
      for (const state of states)
        assert.equal(judged(state, running, written), state === running ? 'running' : 'written', state);
      assert.equal(judged(running, running, written), 'running');
    });
  }

  it('is somebody else’s otherwise, and is kept', () => {
    assert.equal(judged('other', 'old', 'NEW'), 'other');
    assert.equal(judged('oldX', 'old', 'NEW'), 'other');
    assert.equal(judged('NEWold', 'old', 'NEW'), 'other');
    assert.equal(judged('NEW', 'old'), 'other', 'nothing to compare with');
  });
});
