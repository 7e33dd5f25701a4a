import assert from 'node:assert/strict';

import { parseRunnable, parseRunTime, parseState } from '../../../../src/core/linux/load';

describe('the load of the machine', () => {
  it('is the number of tasks that run or could', () => {
    assert.equal(parseRunnable('7.25 6.84 5.41 9/733 31415\n'), 9);
    assert.equal(parseRunnable('0.00 0.00 0.00 0/80 1\n'), 1);
    for (const text of ['', 'nonsense', '1 2 3', '1 2 3 /4 5']) assert.equal(parseRunnable(text), 1, text);
  });

  it('knows the state of a task whatever its name', () => {
    assert.equal(parseState('77 (node) R 1 77'), 'R');
    assert.equal(parseState('77 (a) S 1 (b) D 1 2'), 'D');
    assert.equal(parseState('77 (x)\n) Z 1'), 'Z');
    for (const text of ['', '77', '77 (node)', '77 (node) ', '77 (node) 4 1'])
      assert.equal(parseState(text), undefined, text);
  });

  it('knows how long a task has run', () => {
    assert.equal(parseRunTime('1105014 3454711 3\n'), '1105014');
    for (const text of ['', 'nonsense', '1 2', '-1 2 3']) assert.equal(parseRunTime(text), undefined, text);
  });
});
