import assert from 'node:assert/strict';

import { LeaseTable } from '../../../src/core/leaseTable';

describe('LeaseTable', () => {
  it('shows everybody who has its buffer what is leased, each descriptor once', () => {
    const mine = new LeaseTable();
    const theirs = new LeaseTable(mine.buffer);
    for (const descriptor of [0, 7, 9, 7]) mine.add(descriptor);
    assert.deepEqual(theirs.descriptors(), [0, 7, 9]);
    mine.remove(7);
    mine.remove(8);
    assert.deepEqual(theirs.descriptors(), [0, 9]);
    mine.add(11);
    assert.deepEqual([...theirs.descriptors()].sort(), [0, 11, 9]);
  });

  it('forgets what is too much, and nothing else', () => {
    const table = new LeaseTable();
    for (let descriptor = 0; descriptor < 2000; descriptor++) table.add(descriptor);
    assert.equal(table.descriptors().length, 1024);
    for (let descriptor = 0; descriptor < 2000; descriptor++) table.remove(descriptor);
    assert.deepEqual(table.descriptors(), []);
  });

  it('has a pulse', () => {
    const table = new LeaseTable();
    const before = new LeaseTable(table.buffer).pulse;
    table.beat();
    assert.notEqual(new LeaseTable(table.buffer).pulse, before);
  });
});
