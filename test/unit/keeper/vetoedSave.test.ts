import assert from 'node:assert/strict';

import { describeError, SystemError } from '../../../src/core/errors';
import type { Outcome } from '../../../src/core/gate/operations';
import type { GateOrder } from '../../../src/core/messages';
import { VetoedSave } from '../../../src/keeper/vetoedSave';
import { FakeTargets } from '../../support/fakes/targets';

const because = describeError(new SystemError('write', '/somewhere/run.sh', 'ENOSPC'));
const order = { editor: 1, by: 'writeBit', because, room: { needed: 2, free: 1 } } as const;
const counts = { publishes: 0, retired: 0, residual: 0, raced: 0, kept: 0 };

describe('the stager’s part of a veto', () => {
  function start(): { save: VetoedSave; targets: FakeTargets; ended: string[]; orders: GateOrder[] } {
    const ended: string[] = [];
    const orders: GateOrder[] = [];
    const targets = new FakeTargets({ onProtectionEnd: (end) => ended.push(end) });
    const target = targets.open('/somewhere/run.sh');
    assert.ok(target);
    return { save: new VetoedSave(3, target, 'writeBit', () => ended.push('over')), targets, ended, orders };
  }

  it('orders it of the keeper, and believes what that tells', async () => {
    const { save, targets, ended, orders } = start();
    const armed = save.arm((one) => orders.push(one), order);
    assert.deepEqual(
      orders.map((one) => (one.kind === 'veto' ? [one.id, one.by, one.because] : [])),
      [[3, 'writeBit', because]],
    );
    save.serve({ kind: 'armed', id: 3 });
    assert.equal(await armed, 'armed');
    const outcome: Outcome = { kind: 'withdrawn', why: 'vetoed', counts };
    save.serve({ kind: 'ended', id: 3, outcome });
    save.serve({ kind: 'ended', id: 3, outcome });
    assert.deepEqual([ended, targets.stillOpen], [['lifted', 'over'], 0]);
  });

  it('takes off what the keeper may have left when it fails, or is no more', async () => {
    const outcomes: readonly Outcome[] = [
      { kind: 'refused', why: 'stopped' },
      { kind: 'withdrawn', why: 'failed', counts },
    ];
    for (const outcome of outcomes) {
      const { save, targets, ended } = start();
      const answered = save.arm(() => undefined, order);
      save.end(outcome);
      assert.deepEqual(await answered, outcome);
      assert.deepEqual([ended, targets.stillOpen], [['unknown', 'over'], 0]);
    }
  });
});
