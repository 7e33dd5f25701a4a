import assert from 'node:assert/strict';

import { lineReadUpTo } from '../../../../src/core/holders/line';

describe('the line that was read up to', () => {
  const bytes = Buffer.from('one\ntwo\n\nfour');

  it('is the last one of which a byte was read', () => {
    const lines = Array.from({ length: bytes.length + 1 }, (_, offset) => lineReadUpTo(bytes, offset));
    assert.deepEqual(lines, [0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 4, 4, 4, 4]);
  });

  it('is the last line beyond the end, and none before the beginning', () => {
    assert.equal(lineReadUpTo(bytes, 1000), 4);
    assert.equal(lineReadUpTo(Buffer.from('a\n'), Infinity), 1);
    for (const offset of [-1, NaN, -Infinity]) assert.equal(lineReadUpTo(bytes, offset), 0);
    assert.equal(lineReadUpTo(Buffer.alloc(0), 5), 0);
  });
});
