import assert from 'node:assert/strict';

import { detach } from '../../../src/core/detach';
import { SystemError } from '../../../src/core/errors';
import { gated } from '../../../src/core/gated';
import { report, type GivenUp, type Report } from '../../../src/core/level';
import { defaultOptions, type SaveOptions } from '../../../src/core/options';
import type { Held, Loss, TargetFacts } from '../../../src/core/ports';
import { FakeTargets } from '../../support/fakes/targets';

const path = '/somewhere/run.sh';
const refusedBy = new SystemError('fsetxattr', path, 'EPERM');
const label: Loss = { what: 'attribute', name: 'security.selinux', error: refusedBy };
const owner: Loss = { what: 'owner', name: 'uid', error: refusedBy };
const group: Loss = { what: 'group', name: 'gid', error: refusedBy };

const permission = {
  signal: new AbortController().signal,
  claim: () => true,
  waited: () => true,
  release: () => true,
  mayTryAgain: () => true,
  separated: () => undefined,
  inTime: (work: () => Promise<void>) => work().then(() => true),
};

interface Case {
  readonly losses: readonly Loss[];
  readonly options?: Partial<SaveOptions>;
  readonly held?: Held;
  readonly facts?: Partial<TargetFacts>;
  readonly expected: string;
}

/** Both ways of a save: detached, and up to the gate. */
async function run({ losses, options, held, facts }: Case): Promise<readonly [detached: string, gated: string]> {
  const settled: SaveOptions = { ...defaultOptions, ...options };
  const fake = { losses, facts: { gate: { gate: true, probe: true }, ...facts }, probed: held ?? 'unknown' } as const;
  const first = new FakeTargets(fake);
  const detached = await detach(first, path, permission, report('bytesUnknown'), settled);
  assert.equal(first.stillOpen, 0);
  assert.equal(first.calls.includes('publish'), detached.level === 'detached', 'published, or dropped');
  const second = new FakeTargets(fake);
  let armed: readonly GivenUp[] | undefined;
  let checked: unknown;
  const outcome = await gated(
    second,
    path,
    new Uint8Array(),
    permission,
    {
      lock: () => Promise.resolve('atOnce'),
      unlock: () => undefined,
      check: (target) => {
        checked = target;
        return Promise.resolve(false);
      },
      arm: (target, staged, givesUp) => {
        assert.equal(checked, target, 'what is overwritten was compared with what the editor knows');
        armed = givesUp;
        staged.close();
        target.close();
        return Promise.resolve('armed');
      },
    },
    settled,
  );
  assert.equal(second.stillOpen, 0);
  return [
    inWords(detached),
    outcome.is === 'armed' ? inWords(report('gated', { givesUp: armed ?? [] })) : inWords(reportIn(outcome)),
  ];
}

function reportIn(outcome: { readonly is: string; readonly report?: Report }): Report {
  assert.ok(outcome.report, outcome.is);
  return outcome.report;
}

function inWords({ level, held, givesUp, question, lost, error, reason }: Report): string {
  return [
    level === 'direct' ? reason : 'new file',
    ...(held ? ['held'] : []),
    ...(givesUp ?? []).map((given) => `-${given.what === 'attribute' ? given.lost.name : given.what}`),
    ...(question ? [`?${question}`] : []),
    ...(lost ? [lost.name] : []),
    ...(error ? [error.errno] : []),
  ].join(' ');
}

describe('a new file that lacks something', () => {
  const newFile = { attributes: 'newFile', owner: 'newFile', hardLinks: 'newFile' } as const;
  const cases: readonly Case[] = [
    { losses: [], expected: 'new file' },
    { losses: [label], expected: 'wouldLose security.selinux EPERM' },
    { losses: [label], held: 'free', options: newFile, expected: 'wouldLose security.selinux EPERM' },
    { losses: [label], held: 'held', expected: 'wouldLose held ?attributes security.selinux EPERM' },
    {
      losses: [label],
      held: 'held',
      options: { attributes: 'keepAttributes' },
      expected: 'wouldLose held security.selinux EPERM',
    },
    { losses: [label], held: 'held', options: { attributes: 'newFile' }, expected: 'new file -security.selinux' },
    {
      losses: [label, { what: 'flags', name: 'C' }, { what: 'project', name: '42' }],
      held: 'held',
      options: { attributes: 'newFile' },
      expected: 'new file -security.selinux -C -42',
    },
    // What nobody can allow.
    ...(['mode', 'access', 'times', 'bytes'] as const).map((what) => ({
      losses: [label, { what, name: what }],
      held: 'held' as const,
      options: newFile,
      expected: `wouldLose ${what}`,
    })),
    // Foreseen.
    { losses: [owner], held: 'held', facts: { ownerKeepable: false }, expected: 'new file -owner' },
    {
      losses: [owner, group],
      held: 'held',
      facts: { ownerKeepable: false, groupKeepable: false, links: 2n },
      expected: 'new file -otherNames -owner -group',
    },
    // Foreseen, and it came better.
    { losses: [], held: 'held', facts: { groupKeepable: false }, expected: 'new file' },
    // Not foreseen: one kind that may go does not take another with it.
    {
      losses: [owner, label],
      held: 'held',
      facts: { ownerKeepable: false },
      expected: 'wouldLose held ?attributes security.selinux EPERM',
    },
    {
      losses: [owner, label],
      held: 'held',
      facts: { ownerKeepable: false },
      options: { attributes: 'newFile' },
      expected: 'new file -owner -security.selinux',
    },
    {
      losses: [group],
      held: 'held',
      options: { attributes: 'newFile', owner: 'keepOwner' },
      expected: 'foreignGroup held EPERM',
    },
    { losses: [owner], held: 'held', facts: { ownable: false }, options: newFile, expected: 'foreignOwner held EPERM' },
  ];
  for (const one of cases) {
    const lost = one.losses.map(({ what, name }) => `${what} ${name}`).join(', ');
    const because = JSON.stringify({ held: one.held, ...one.options, ...one.facts }, (_key, value: unknown) =>
      typeof value === 'bigint' ? Number(value) : value,
    );
    it(`${lost === '' ? 'nothing' : lost}, ${because} → ${one.expected}`, async () => {
      assert.deepEqual(await run(one), [one.expected, one.expected]);
    });
  }

  it('that can only be detached is looked at by one plan: nobody is searched for twice', async () => {
    const system = new FakeTargets({ facts: { ownerKeepable: false }, searched: 'held', losses: [owner] });
    const door = {
      lock: () => assert.fail('lock'),
      unlock: () => assert.fail('unlock'),
      check: () => assert.fail('check'),
      arm: () => assert.fail('arm'),
    };
    const outcome = await gated(system, path, new Uint8Array(), permission, door);
    assert.deepEqual(outcome, { is: 'refused', because: report('noLeases') });
    assert.deepEqual(system.asked, []);
    const reached = await detach(system, path, permission, report('noLeases'));
    assert.equal(inWords(reached), 'new file -owner');
    assert.deepEqual(system.asked, ['probe', 'search']);
    assert.equal(system.stillOpen, 0);
  });
});
