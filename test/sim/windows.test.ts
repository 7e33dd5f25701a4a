/** Two windows of one server that save one file at the same time: two keepers, one process that writes for both. */
import assert from 'node:assert/strict';

import { react } from '../../src/core/gate/gate';
import { explore } from '../support/sim/explore';
import { tell } from '../support/sim/told';
import type { Setup } from '../support/sim/world';
import { twoWindows } from '../support/sim/worlds';

const size = process.env['HOLDFAST_SIM'] ?? 'check';

describe('two windows', function () {
  this.timeout(size === 'prove' ? 3_600_000 : 300_000);

  function rule(readers: number, lock: Setup['lock'], preemptions?: number): string | undefined {
    const began = performance.now();
    const explored = explore(twoWindows(readers, lock), react, preemptions === undefined ? {} : { preemptions });
    const { states, transitions, outcomes } = explored;
    const bound = preemptions === undefined ? '' : `, at most ${String(preemptions)} preemptions`;
    const name = `two windows, ${lock}, ${String(readers)} readers${bound}`;
    tell(began, { name, states, transitions });
    console.log(`      ends: ${[...outcomes.keys()].join('; ')}`);
    return explored.violation?.rule;
  }

  it('without coordination the second one exchanges what the first one has armed', () => {
    assert.equal(rule(0, 'none', 0), 'truncated at the path');
  });

  it('if the second one is refused and writes, the first one takes it for its own editor', () => {
    assert.equal(rule(0, 'refuse'), 'truncated at the path');
  });

  it('if the second one waits for the lock, both are published', () => {
    assert.equal(rule(0, 'wait'), undefined);
    assert.equal(rule(1, 'wait', size === 'check' ? 1 : undefined), undefined);
  });

  if (size !== 'check') {
    it('with two readers', () => {
      assert.equal(rule(2, 'wait', size === 'prove' ? 3 : 1), undefined);
    });
  }
});
