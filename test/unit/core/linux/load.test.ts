import assert from 'node:assert/strict';

import { parseRunnable } from '../../../../src/core/linux/load';

describe('the load', () => {
  it('is told by the tasks that run or want to, and is at least the one who asks', () => {
    assert.equal(parseRunnable('7.25 6.84 5.41 9/733 31415\n'), 9);
    assert.equal(parseRunnable('7.25 6.84 5.41 2/733 31415\n'), 7.25);
    assert.equal(parseRunnable('0.00 0.00 0.00 0/80 1\n'), 1);
    for (const text of ['', 'nonsense', '1 2 3', '1 2 3 /4 5']) assert.equal(parseRunnable(text), 1, text);
  });
});
