import assert from 'node:assert/strict';

import { judgeLeftover, type LeftoverFacts, type LeftoverVerdict } from '../../../src/core/leftover';

describe('what an interrupted save left', () => {
  const version: LeftoverFacts = {
    kind: 'regular',
    ours: true,
    empty: false,
    otherNames: false,
    unfinished: false,
    compared: 'other',
  };
  const cases: readonly (readonly [string, Partial<LeftoverFacts>, LeftoverVerdict])[] = [
    ['a version that is nowhere else', {}, 'keep'],
    ['a version of a file that is gone', { compared: 'unknown' }, 'keep'],
    ['what is at the path', { compared: 'equal' }, 'remove'],
    ['the beginning of what is at the path', { compared: 'beginning' }, 'remove'],
    ['nothing', { empty: true }, 'remove'],
    ['nothing, and no file at the path', { empty: true, compared: 'unknown' }, 'remove'],
    ['a version that was being made', { unfinished: true }, 'remove'],
    ['a file with other names', { otherNames: true }, 'remove'],
    ['no file', { kind: 'other', empty: true }, 'leave'],
    ["somebody else's", { ours: false, compared: 'equal' }, 'leave'],
  ];
  for (const [what, facts, verdict] of cases) {
    it(`${what}: ${verdict}`, () => {
      assert.equal(judgeLeftover({ ...version, ...facts }), verdict);
    });
  }
});
