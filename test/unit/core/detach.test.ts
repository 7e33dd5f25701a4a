import assert from 'node:assert/strict';

import { Claim } from '../../../src/core/claim';
import { assess, detach, type Permission } from '../../../src/core/detach';
import { SystemError } from '../../../src/core/errors';
import { report } from '../../../src/core/level';
import { defaultOptions, type SaveOptions } from '../../../src/core/options';
import { FakeTargets, type FakeOptions } from '../../support/fakes/targets';

const path = '/somewhere/run.sh';

function permission(overrides: Partial<Permission> = {}): Permission {
  return {
    signal: new AbortController().signal,
    claim: () => true,
    waited: () => true,
    release: () => true,
    mayTryAgain: () => true,
    separated: () => undefined,
    inTime: (work) => work().then(() => true),
    ...overrides,
  };
}

/** The permission's side of a claim. */
function of(claim: Claim): Pick<Permission, 'claim' | 'waited' | 'release'> {
  return { claim: () => claim.claim(), waited: () => claim.waited(), release: () => claim.release() };
}

async function run(options: FakeOptions, given = permission()): Promise<{ reached: string; calls: string[] }> {
  const system = new FakeTargets(options);
  const { level, reason } = await detach(system, path, given, report('bytesUnknown'));
  assert.equal(system.stillOpen, 0, 'everything that was opened is closed');
  return { reached: `${level} ${reason}`, calls: system.calls };
}

describe('detach', () => {
  it('publishes a faithful, synced clone, once', async () => {
    assert.deepEqual(await run({}), { reached: 'detached bytesUnknown', calls: ['open', 'stage', 'sync', 'publish'] });
  });

  it('makes nothing for a file that is not there', async () => {
    assert.deepEqual(await run({ missing: true }), { reached: 'none newFile', calls: ['open'] });
  });

  it('makes nothing where the plan refuses', async () => {
    assert.deepEqual(await run({ facts: { links: 2n } }), { reached: 'direct hardLinks', calls: ['open'] });
  });

  it('tells of a target whose other names it has left behind, before it is closed, and of no other', async () => {
    const told: string[] = [];
    for (const [facts, published] of [
      [{ links: 2n }, 'published'],
      [{ links: 2n }, 'changed'],
      [{ links: 1n }, 'published'],
    ] as const) {
      const system = new FakeTargets({ facts, probed: 'held', published: [published, published] });
      await detach(
        system,
        path,
        permission({
          separated: (target) => told.push(`${String(target.facts.links)} ${published} ${String(system.stillOpen)}`),
        }),
        report('bytesUnknown'),
      );
    }
    assert.deepEqual(told, ['2 published 2']);
  });

  it('drops a clone that would lose something, and says what', async () => {
    const system = new FakeTargets({
      losses: [{ what: 'attribute', name: 'security.x', error: new SystemError('fsetxattr', path, 'EPERM') }],
    });
    const reached = await detach(system, path, permission(), report('bytesUnknown'));
    assert.equal(reached.reason, 'wouldLose');
    assert.deepEqual(reached.lost, { what: 'attribute', name: 'security.x' });
    assert.equal(reached.error?.errno, 'EPERM');
    assert.deepEqual(system.calls, ['open', 'stage']);
    assert.equal(system.stillOpen, 0);
  });

  it('goes on without waiting for a late sync, and says so', async () => {
    const system = new FakeTargets();
    const reached = await detach(
      system,
      path,
      permission({ inTime: () => Promise.resolve(false) }),
      report('bytesUnknown'),
    );
    assert.deepEqual([reached.reason, reached.synced], ['bytesUnknown', false]);
  });

  it('waits for the disk as the durability says, and says what it has waited for', async () => {
    const durable = async (
      durability: 'none' | 'file' | 'full',
      options: FakeOptions = {},
    ): Promise<readonly [calls: string, synced: boolean | undefined, directorySynced: boolean | undefined]> => {
      const system = new FakeTargets(options);
      const reached = await detach(system, path, permission(), report('noLeases'), { ...defaultOptions, durability });
      assert.equal(reached.level, 'detached');
      assert.equal(system.stillOpen, 0);
      return [system.calls.slice(2).join(' '), reached.synced, reached.directorySynced];
    };
    assert.deepEqual(await durable('none'), ['publish', false, undefined]);
    assert.deepEqual(await durable('file'), ['sync publish', true, undefined]);
    assert.deepEqual(await durable('full'), ['sync publish syncDirectory', true, true]);
    assert.deepEqual(
      await durable('full', { failAt: 5, errno: 'EACCES' }),
      ['sync publish syncDirectory', true, false],
      'published all the same',
    );
  });

  it('lets the displaced inode keep a name for as long as the setting says, on a network file system only', async () => {
    const remote = { fileSystem: 0x6969n, lastingNumbers: true };
    for (const [facts, kept] of [
      [{}, []],
      [{ remote }, [{ milliseconds: 7_000, on: remote }]],
      [{ remote, links: 2n }, []],
    ] as const) {
      const system = new FakeTargets({ facts, probed: 'held' });
      const options: SaveOptions = { ...defaultOptions, hardLinks: 'newFile', oldNameSeconds: 7 };
      const { level } = await detach(system, path, permission(), report('noLeases'), options);
      assert.deepEqual([level, system.keptNames], ['detached', kept]);
    }
  });

  it('stages once more if there was no room and some could be made, before anything is claimed', async () => {
    const stagedFor = async (errno: string, made: boolean, given = permission()): Promise<unknown> => {
      const asked: string[] = [];
      const system = new FakeTargets({ failAt: 2, errno });
      const makeRoom = (_target: unknown, refused: SystemError): Promise<boolean> => {
        asked.push(refused.errno);
        return Promise.resolve(made);
      };
      const { level } = await detach(system, path, { ...given, makeRoom }, report('noLeases'));
      assert.equal(system.stillOpen, 0);
      return [level, asked, system.calls.filter((call) => call === 'stage').length];
    };
    assert.deepEqual(await stagedFor('ENOSPC', true), ['detached', ['ENOSPC'], 2]);
    assert.deepEqual(await stagedFor('EDQUOT', true), ['detached', ['EDQUOT'], 2]);
    assert.deepEqual(await stagedFor('ENOSPC', false), ['direct', ['ENOSPC'], 1]);
    assert.deepEqual(await stagedFor('EIO', true), ['direct', [], 1]);
    const over = permission({ signal: AbortSignal.abort() });
    assert.deepEqual(await stagedFor('ENOSPC', true, over), ['direct', [], 1]);
  });

  it('renames nothing once the waiting side has given up, at whatever step that was', async () => {
    for (const step of ['open', 'stage', 'sync']) {
      const claim = new Claim();
      const controller = new AbortController();
      const outcome = await run(
        {
          onCall: (name) => {
            if (name !== step) return;
            assert.ok(claim.abandon());
            controller.abort();
          },
        },
        permission({ ...of(claim), signal: controller.signal }),
      );
      assert.equal(outcome.reached, 'direct tooSlow', step);
      assert.ok(!outcome.calls.includes('publish'), step);
    }
  });

  it('tries once more when another program was quicker, then leaves the file to it', async () => {
    const once = await run({ published: ['changed'] });
    assert.equal(once.reached, 'detached bytesUnknown');
    assert.equal(once.calls.filter((name) => name === 'publish').length, 2);
    const twice = await run({ published: ['changed', 'changed', 'published'] });
    assert.equal(twice.reached, 'direct changedMeanwhile');
  });

  it('does not try again when the waiting side gave up in the middle of the first attempt', async () => {
    const claim = new Claim();
    const { reached, calls } = await run(
      {
        published: ['changed'],
        onCall: (name) => {
          if (name === 'publish') assert.ok(!claim.abandon(), 'an attempt is under way');
        },
      },
      permission({ ...of(claim) }),
    );
    assert.equal(reached, 'direct tooSlow');
    assert.deepEqual(calls, ['open', 'stage', 'sync', 'publish']);
  });

  it('does not try again when the editor may have begun to write: its half file is not the old version', async () => {
    const { reached, calls } = await run({ published: ['changed'] }, permission({ mayTryAgain: () => false }));
    assert.equal(reached, 'direct changedMeanwhile');
    assert.equal(calls.filter((name) => name === 'publish').length, 1);
  });

  it('does not say detached when the waiting side gave up during the rename', async () => {
    const claim = new Claim();
    const { reached } = await run(
      {
        onCall: (name) => {
          if (name === 'publish') claim.abandon();
        },
      },
      permission(of(claim)),
    );
    assert.equal(reached, 'direct tooSlow');
  });

  it('renames nothing once it was cancelled, even before the claim', async () => {
    const controller = new AbortController();
    const { reached, calls } = await run(
      {
        onCall: (name) => {
          if (name === 'sync') controller.abort();
        },
      },
      permission({ signal: controller.signal }),
    );
    assert.equal(reached, 'direct tooSlow');
    assert.ok(!calls.includes('publish'));
  });

  it('makes the clone elsewhere when it cannot get to the path from where it is', async () => {
    assert.equal((await run({ published: ['unreachable'] })).reached, 'detached bytesUnknown');
  });

  it('leaves the save as it is and leaks nothing, whichever call fails with whatever', async () => {
    const reasons: Record<string, string> = {
      EIO: 'failed',
      ENOSPC: 'noRoom',
      EDQUOT: 'noRoom',
      EMFILE: 'failed',
      EROFS: 'directoryNotWritable',
      ENOENT: 'failed',
    };
    for (const [errno, reason] of Object.entries(reasons)) {
      for (let failAt = 1; failAt <= 4; failAt++) {
        const { reached } = await run({ failAt, errno });
        assert.equal(reached, `direct ${reason}`, `${errno} at call ${String(failAt)}`);
      }
      assert.equal((await run({ failAt: 5, errno })).reached, 'detached bytesUnknown', 'a run without a failure');
    }
  });

  it('takes bytes that change under the copy for another program', async () => {
    assert.equal((await run({ failAt: 2, errno: 'ESTALE' })).reached, 'detached bytesUnknown');
  });

  it('survives an error that is not of the system', async () => {
    const { reached } = await run({
      onCall: (name) => {
        if (name === 'stage') throw new TypeError('a mistake of ours');
      },
    });
    assert.equal(reached, 'direct failed');
  });
});

describe('assess', () => {
  it('foresees without making anything', () => {
    const system = new FakeTargets();
    assert.equal(assess(system, path).reason, 'noLeases');
    assert.deepEqual(system.calls, ['open']);
    assert.equal(system.stillOpen, 0);
  });

  it('says who keeps the old version where the file itself is mounted, if it gets a new one', () => {
    const mounts = ['/etc/app.conf'];
    assert.deepEqual(assess(new FakeTargets({ mounts }), path).givesUp, [{ what: 'mounts', at: mounts }]);
    const held = { mounts, probed: 'held', facts: { groupKeepable: false } } as const;
    assert.deepEqual(assess(new FakeTargets(held), path).givesUp, [{ what: 'group' }, { what: 'mounts', at: mounts }]);
    const direct = { mounts, facts: { directoryWritable: false } };
    assert.equal(assess(new FakeTargets(direct), path).givesUp, undefined);
  });

  it('says why a file cannot be looked at', () => {
    assert.equal(assess(new FakeTargets({ failAt: 1, errno: 'EACCES' }), path).reason, 'notReadable');
    assert.equal(assess(new FakeTargets({ missing: true }), path).reason, 'newFile');
  });
});
