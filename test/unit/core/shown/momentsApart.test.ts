import assert from 'node:assert/strict';

import { momentsApart } from '../../../../src/core/shown/momentsApart';
import { bash, file, generation, minute } from '../../../support/fakes/filesInUse';

const written = (milliseconds: number): string => `minute ${String(Math.floor(milliseconds / minute))}`;
const writtenToTheSecond = (milliseconds: number): string =>
  `${written(milliseconds)}, ${String((milliseconds % minute) / 1_000)} s`;

describe('the moments by which versions are told apart', () => {
  it('are written to the minute where that says which version is meant', () => {
    const files = [
      file([bash(1, 2)], [generation([bash(2, 2)], 10 * minute)]),
      file([bash(3, 2)], [generation([bash(4, 2)], 10 * minute + 7_000)]),
    ];
    const at = momentsApart(files, written, writtenToTheSecond);
    assert.equal(at(10 * minute + 7_000), 'minute 10', 'that of another file');
  });

  it('are written to the second in a minute in which two versions of one file came, and in no other', () => {
    const older = [generation([bash(2, 2)], 10 * minute + 9_000), generation([bash(3, 2)], 10 * minute + 1_000)];
    const at = momentsApart([file([bash(1, 2)], older)], written, writtenToTheSecond);
    assert.equal(at(10 * minute + 9_000), 'minute 10, 9 s');
    assert.equal(at(10 * minute + 1_000), 'minute 10, 1 s');
    assert.equal(at(10 * minute + 30_000), 'minute 10, 30 s', 'when a program began');
    assert.equal(at(11 * minute), 'minute 11');
  });
});
