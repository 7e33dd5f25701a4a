/** The table of `npm run prove -- holders`, on the file systems where finders differ most. */
import assert from 'node:assert/strict';

import type { LookoutSystem } from '../../src/core/holders/ports';
import { openLookout } from '../../src/platform/select';
import { mountFileSystem } from '../support/filesystems';
import { formatTable, holderTable, isRight } from '../support/scenarios/holderTable';
import { skip } from '../support/skip';

describe('the table of holders', function () {
  this.timeout(120_000);
  let system: LookoutSystem;

  before(function () {
    if (process.platform !== 'linux') skip(this, 'holderTable', 'only Linux');
    system = openLookout();
  });
  after(() => {
    system.waiter.close();
  });

  for (const name of ['ext4', 'btrfs', 'overlay'] as const) {
    it(`misses nobody on ${name}, before and after another file has taken the path`, async function () {
      const mounted = mountFileSystem(name);
      if (typeof mounted === 'string') skip(this, `holderTable.${name}`, mounted);
      try {
        const input = { fileSystem: name, folder: mounted.directory, finder: system.finder, peers: false };
        const { rows, missing } = await holderTable(input);
        const wrong = rows.filter((row) => !isRight(row));
        assert.deepEqual(wrong, [], formatTable(wrong));
        const named = rows.filter(({ holdfast }) => holdfast === 'found' || holdfast === 'foundStale');
        assert.equal(named.length, rows.length, formatTable(rows));
        if (missing.length > 0) console.log(`      not here: ${missing.join(', ')}`);
      } finally {
        mounted.release();
      }
    });
  }
});
