import assert from 'node:assert/strict';

import { parseRunTime, parseState } from '../../../../src/core/linux/load';

describe('the load of the machine', () => {
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
