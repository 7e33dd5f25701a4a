import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as immediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

import { LeaseTable } from '../../../src/core/leaseTable';
import { rescue } from '../../../src/keeper/rescue';
import { skip } from '../../support/skip';

/** Opens a file, notes its descriptor, and sticks; or says what that descriptor leads to now. */
const script = `
  const { openSync, readlinkSync, writeFileSync } = require('node:fs');
  const { parentPort, workerData: data } = require('node:worker_threads');
  const { join } = require('node:path');
  const told = join(__dirname, 'told');
  if ('rescue' in data) {
    const descriptor = new Int32Array(data.rescue)[1] - 1;
    writeFileSync(told, readlinkSync('/proc/self/fd/' + descriptor));
  } else {
    Atomics.store(new Int32Array(data.leases), 1, openSync(join(__dirname, 'leased'), 'r') + 1);
    parentPort.postMessage('stuck');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }
`;

describe('the rescue of what a stuck thread holds', () => {
  before(function () {
    if (process.platform !== 'linux') skip(this, 'rescue', 'only Linux');
  });

  it('is over before the numbers of its descriptors can be somebody else’s', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-rescue-'));
    const opened: number[] = [];
    try {
      const file = join(folder, 'script.cjs');
      writeFileSync(file, script);
      writeFileSync(join(folder, 'leased'), '');
      const leases = new LeaseTable();
      const stuck = new Worker(file, { workerData: { leases: leases.buffer } });
      const ended = once(stuck, 'exit');
      await once(stuck, 'message');

      const rescued = rescue(stuck, file, leases).then(() => 'over');
      while ((await Promise.race([rescued, immediate('goes on')])) !== 'over') {
        if (opened.length < 500) opened.push(openSync('/dev/null', 'r'));
      }
      assert.equal(readFileSync(join(folder, 'told'), 'utf8'), join(folder, 'leased'));
      await ended;
    } finally {
      for (const descriptor of opened) closeSync(descriptor);
      rmSync(folder, { recursive: true });
    }
  });
});
