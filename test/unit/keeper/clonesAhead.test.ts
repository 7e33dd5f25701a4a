import assert from 'node:assert/strict';

import { SystemError } from '../../../src/core/errors';
import { defaultOptions } from '../../../src/core/options';
import { ClonesAhead } from '../../../src/keeper/clonesAhead';
import { type FakeOptions, FakeTargets } from '../../support/fakes/targets';

const path = '/somewhere/run.sh';
const gateable: FakeOptions = { facts: { gate: { gate: true, probe: true } }, probed: 'held' };
const atOnce = Promise.resolve();

function made(options: FakeOptions = {}): { readonly targets: FakeTargets; readonly ahead: ClonesAhead } {
  const targets = new FakeTargets({ ...gateable, ...options });
  return { targets, ahead: new ClonesAhead(targets, (work) => work()) };
}

function opened(targets: FakeTargets): NonNullable<ReturnType<FakeTargets['open']>> {
  const target = targets.open(path);
  assert.ok(target);
  return target;
}

describe('clones made ahead of a save', () => {
  it('are synced, and taken once', async () => {
    const { targets, ahead } = made();
    assert.equal(await ahead.prepare(path, defaultOptions, atOnce), true);
    assert.deepEqual(targets.calls, ['open', 'prepareAhead', 'sync']);
    const claimed = ahead.claim(path);
    const target = opened(targets);
    const clone = await claimed.take(target);
    assert.ok(clone);
    assert.equal(await claimed.take(target), undefined);
    clone.close();
    target.close();
    claimed.drop();
    assert.equal(targets.stillOpen, 0);
  });

  it('need not be on the disk where nothing needs to', async () => {
    const { targets, ahead } = made();
    await ahead.prepare(path, { ...defaultOptions, durability: 'none' }, atOnce);
    assert.deepEqual(targets.calls, ['open', 'prepareAhead']);
  });

  const without: Readonly<Record<string, FakeOptions>> = {
    'nobody uses': { probed: 'free' },
    'cannot be gated': { facts: { gate: { gate: false, why: 'fileSystem', detail: '' } } },
    'is too large to be announced': { facts: { gate: { gate: true, probe: true }, size: 51n << 20n } },
    'is not there': { missing: true },
  };
  for (const [what, options] of Object.entries(without)) {
    it(`are not made of a file that ${what}`, async () => {
      const { targets, ahead } = made(options);
      assert.equal(await ahead.prepare(path, defaultOptions, atOnce), false);
      assert.deepEqual(targets.calls, ['open']);
      assert.equal(targets.stillOpen, 0);
      assert.equal(await ahead.claim(path).take(opened(new FakeTargets(gateable))), undefined);
    });
  }

  it('are of no use when the file was touched since', async () => {
    let current = true;
    const { targets, ahead } = made({ current: () => current });
    await ahead.prepare(path, defaultOptions, atOnce);
    current = false;
    const target = opened(targets);
    assert.equal(await ahead.claim(path).take(target), undefined);
    target.close();
    assert.equal(targets.stillOpen, 0);
  });

  it('are given up with their documents', async () => {
    const { targets, ahead } = made();
    await ahead.prepare(path, defaultOptions, atOnce);
    ahead.drop(path);
    await new Promise(setImmediate);
    assert.equal(targets.stillOpen, 0);
  });

  it('are not begun when the save has begun', async () => {
    const { targets, ahead } = made();
    let first: () => void = () => undefined;
    const turn = new Promise<void>((resolve) => (first = resolve));
    const preparing = ahead.prepare(path, defaultOptions, turn);
    const claimed = ahead.claim(path);
    assert.equal(await claimed.take(opened(new FakeTargets(gateable))), undefined);
    first();
    assert.equal(await preparing, false);
    assert.deepEqual(targets.calls, []);
  });

  it('are waited for by the save when they are on their way', async () => {
    let sync: () => void = () => undefined;
    const targets = new FakeTargets(gateable);
    const ahead = new ClonesAhead(targets, async (work) => {
      await new Promise<void>((resolve) => (sync = resolve));
      await work();
    });
    const preparing = ahead.prepare(path, defaultOptions, atOnce);
    await new Promise(setImmediate);
    const target = opened(targets);
    const taken = ahead.claim(path).take(target);
    sync();
    assert.equal(await preparing, true);
    const clone = await taken;
    assert.ok(clone);
    clone.close();
    target.close();
    assert.equal(targets.stillOpen, 0);
  });

  for (const failAt of [1, 2, 3]) {
    it(`leave nothing open when call ${String(failAt)} fails`, async () => {
      const { targets, ahead } = made({ failAt, errno: 'ENOSPC' });
      await assert.rejects(ahead.prepare(path, defaultOptions, atOnce), (thrown) => SystemError.is(thrown, 'ENOSPC'));
      assert.equal(targets.stillOpen, 0);
      const others = new FakeTargets(gateable);
      assert.equal(await ahead.claim(path).take(opened(others)), undefined);
    });
  }

  it('are few', async () => {
    const { targets, ahead } = made();
    for (let number = 0; number < 20; number++) {
      await ahead.prepare(`${path}.${String(number)}`, defaultOptions, atOnce);
    }
    await new Promise(setImmediate);
    assert.equal(targets.stillOpen, 2 * 16);
  });
});
