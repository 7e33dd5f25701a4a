import assert from 'node:assert/strict';

import { assess, detach } from '../../../src/core/detach';
import { report, type Report } from '../../../src/core/level';
import { defaultOptions, type SaveOptions } from '../../../src/core/options';
import { plan, planTarget } from '../../../src/core/plan';
import type { Held, TargetFacts } from '../../../src/core/ports';
import { FakeTargets, plainFacts, type FakeOptions } from '../../support/fakes/targets';

describe('plan', () => {
  const rows: readonly [facts: Partial<TargetFacts>, expected: string][] = [
    [{}, 'detached noLeases'],
    [{ gate: { gate: false, why: 'leasesOff', detail: '' } }, 'detached leasesOff'],
    [{ gate: { gate: true, probe: true } }, 'gated gated'],
    [{ gate: { gate: true, probe: false }, mode: 0o444 }, 'gated gated'],
    [{ gate: { gate: true, probe: true }, links: 2n }, 'direct hardLinks'],
    [{ size: 0n }, 'detached noLeases'],
    [{ links: 2n }, 'direct hardLinks'],
    [{ mountPoint: true }, 'direct mountPoint'],
    [{ mountPoint: true, links: 2n }, 'direct mountPoint'],
    [{ directoryWritable: false, links: 2n }, 'direct directoryNotWritable'],
    [{ directoryWritable: false }, 'direct directoryNotWritable'],
    [{ stickyForbids: true }, 'direct stickyDirectory'],
    [{ ownerKeepable: false }, 'direct foreignOwner'],
    [{ gate: { gate: false, why: 'notOwner', detail: '' } }, 'detached leasesForOwner'],
    [{ groupKeepable: false }, 'direct foreignGroup'],
    [{ unkeepable: { what: 'attribute', name: 'security.capability' } }, 'direct wouldLose'],
    [{ sealed: true }, 'none sealed'],
    [{ sealed: true, links: 2n }, 'none sealed'],
    [{ synthetic: true }, 'none synthetic'],
    [{ kind: 'directory', links: 5n }, 'none notRegular'],
    [{ kind: 'other' }, 'none notRegular'],
  ];
  for (const [facts, expected] of rows) {
    it(`${describeFacts(facts)} → ${expected}`, () => {
      const { level, reason } = plan({ ...plainFacts, ...facts });
      assert.equal(`${level} ${reason}`, expected);
    });
  }
});

const gateHere: Partial<TargetFacts> = { gate: { gate: true, probe: true } };
const foreign: Partial<TargetFacts> = { ownerKeepable: false, gate: { gate: false, why: 'notOwner', detail: '0' } };
const unkeepable: Partial<TargetFacts> = { unkeepable: { what: 'attribute', name: 'security.ima' } };

describe('plan, by who uses the target', () => {
  const rows: [facts: Partial<TargetFacts>, options: Partial<SaveOptions>, held: Held, expected: string][] = [
    [gateHere, {}, 'free', 'gated gated'],
    [gateHere, {}, 'held', 'gated gated'],
    [gateHere, { when: 'whenHeld' }, 'free', 'direct notHeld'],
    [gateHere, { when: 'whenHeld' }, 'held', 'gated gated'],
    [gateHere, { when: 'whenHeld' }, 'unknown', 'gated gated'],
    [{}, { when: 'whenHeld' }, 'free', 'direct notHeld'],
    [{}, { when: 'whenHeld' }, 'unknown', 'detached noLeases'],
    [{ sealed: true }, { when: 'whenHeld' }, 'free', 'none sealed'],
    [{ sealed: true }, {}, 'held', 'none sealed'],
    [{ ...gateHere, links: 2n }, {}, 'free', 'direct hardLinks'],
    [{ ...gateHere, links: 2n }, {}, 'unknown', 'direct hardLinks'],
    [{ ...gateHere, links: 2n }, {}, 'held', 'gated gated -otherNames ?hardLinks'],
    [{ ...gateHere, links: 2n }, { hardLinks: 'newFile' }, 'held', 'gated gated -otherNames'],
    [{ ...gateHere, links: 2n }, { hardLinks: 'newFile' }, 'free', 'direct hardLinks'],
    [{ ...gateHere, links: 2n }, { hardLinks: 'keepNames' }, 'held', 'direct hardLinks held'],
    [{ links: 2n }, {}, 'held', 'detached noLeases -otherNames ?hardLinks'],
    [{ links: 2n, mountPoint: true }, {}, 'held', 'direct mountPoint held'],
    [{ links: 2n, directoryWritable: false }, { hardLinks: 'newFile' }, 'held', 'direct directoryNotWritable held'],
    [{ links: 2n, sealed: true }, {}, 'held', 'none sealed'],
    ...(
      [
        ['mountPoint', { mountPoint: true }],
        ['directoryNotWritable', { directoryWritable: false }],
        ['stickyDirectory', { stickyForbids: true }],
        ['foreignOwner', { ...foreign, ownable: false }],
      ] as const
    ).flatMap(([reason, facts]): (typeof rows)[number][] => [
      [{ ...gateHere, ...facts }, {}, 'held', `direct ${reason} held`],
      [{ ...gateHere, ...facts }, { owner: 'newFile', hardLinks: 'newFile' }, 'held', `direct ${reason} held`],
      [{ ...gateHere, ...facts, links: 2n }, { hardLinks: 'newFile' }, 'held', `direct ${reason} held`],
    ]),
    ...(
      [
        ['mountPoint', { mountPoint: true }],
        ['directoryNotWritable', { directoryWritable: false }],
        ['stickyDirectory', { stickyForbids: true }],
        ['hardLinks', { links: 2n }],
        ['foreignOwner', foreign],
        ['foreignOwner', { ...foreign, groupKeepable: false }],
        ['foreignGroup', { groupKeepable: false }],
        ['wouldLose', unkeepable],
      ] as const
    ).flatMap(([reason, facts]): (typeof rows)[number][] => [
      [{ ...gateHere, ...facts }, {}, 'free', `direct ${reason}`],
      [{ ...gateHere, ...facts }, {}, 'unknown', `direct ${reason}`],
      [{ ...gateHere, ...facts }, { when: 'whenHeld' }, 'free', `direct ${reason}`],
    ]),
  ];
  rows.push(
    [foreign, {}, 'held', 'detached leasesForOwner -owner ?owner'],
    [foreign, { owner: 'newFile' }, 'held', 'detached leasesForOwner -owner'],
    [foreign, { owner: 'keepOwner' }, 'held', 'direct foreignOwner held'],
    [{ ...foreign, groupKeepable: false }, {}, 'held', 'detached leasesForOwner -owner -group ?owner'],
    [{ ...gateHere, groupKeepable: false }, {}, 'held', 'gated gated -group ?owner'],
    [{ ...gateHere, groupKeepable: false }, { owner: 'newFile' }, 'held', 'gated gated -group'],
    [{ ...gateHere, groupKeepable: false }, { owner: 'keepOwner' }, 'held', 'direct foreignGroup held'],
    [{ ...gateHere, ...unkeepable }, {}, 'held', 'direct wouldLose held ?attributes'],
    [{ ...gateHere, ...unkeepable }, { attributes: 'newFile' }, 'held', 'gated gated -attribute'],
    [{ ...gateHere, ...unkeepable }, { attributes: 'newFile', when: 'whenHeld' }, 'held', 'gated gated -attribute'],
    [{ ...gateHere, ...unkeepable }, { attributes: 'keepAttributes' }, 'held', 'direct wouldLose held'],
    // Several at once: one that is to be kept settles it, and then nothing is asked about the others.
    [{ ...foreign, links: 2n }, {}, 'held', 'detached leasesForOwner -otherNames -owner ?hardLinks'],
    [{ ...foreign, links: 2n }, { hardLinks: 'newFile' }, 'held', 'detached leasesForOwner -otherNames -owner ?owner'],
    [{ ...foreign, links: 2n }, { hardLinks: 'keepNames' }, 'held', 'direct hardLinks held'],
    [{ ...foreign, links: 2n }, { owner: 'keepOwner' }, 'held', 'direct foreignOwner held'],
    [{ ...foreign, ...unkeepable }, {}, 'held', 'direct wouldLose held ?attributes'],
    [{ ...foreign, ...unkeepable }, { owner: 'keepOwner' }, 'held', 'direct foreignOwner held'],
    [
      { ...foreign, ...unkeepable },
      { attributes: 'newFile' },
      'held',
      'detached leasesForOwner -owner -attribute ?owner',
    ],
    [{ ...foreign, mountPoint: true }, { owner: 'newFile' }, 'held', 'direct mountPoint held'],
  );
  for (const [facts, options, held, expected] of rows) {
    it(`${describeFacts(facts)}, ${JSON.stringify(options)}, ${held} → ${expected}`, () => {
      assert.equal(inWords(plan({ ...plainFacts, ...facts }, { ...defaultOptions, ...options }, held)), expected);
    });
  }
});

describe('planTarget', () => {
  function asked(fake: FakeOptions, options: Partial<SaveOptions>, look: 'quick' | 'thorough'): string {
    const system = new FakeTargets(fake);
    const target = system.open('/somewhere/run.sh');
    assert.ok(target);
    const planned = planTarget(target, { ...defaultOptions, ...options }, look);
    return `${inWords(planned)}: ${system.asked.join(' ')}`;
  }
  const mount = { ...gateHere, mountPoint: true };

  it('asks nobody where the answer does not matter', () => {
    assert.equal(asked({ facts: gateHere }, {}, 'thorough'), 'gated gated: ');
    assert.equal(asked({ facts: { sealed: true } }, { when: 'whenHeld' }, 'thorough'), 'none sealed: ');
  });

  it('believes the kernel, and searches only where it does not tell', () => {
    assert.equal(asked({ facts: mount, probed: 'held' }, {}, 'thorough'), 'direct mountPoint held: probe');
    assert.equal(asked({ facts: mount, probed: 'free' }, {}, 'thorough'), 'direct mountPoint: probe');
    assert.equal(asked({ facts: mount, searched: 'held' }, {}, 'thorough'), 'direct mountPoint held: probe search');
    assert.equal(asked({ facts: mount }, {}, 'thorough'), 'direct mountPoint: probe search');
  });

  it('does not search in a save for what only the warning depends on', () => {
    assert.equal(asked({ facts: mount, searched: 'held' }, {}, 'quick'), 'direct mountPoint: probe');
    assert.equal(asked({ facts: mount, probed: 'held' }, {}, 'quick'), 'direct mountPoint held: probe');
  });

  it('searches in a save where the level depends on it', () => {
    const facts = { links: 2n };
    assert.equal(
      asked({ facts, searched: 'held' }, {}, 'quick'),
      'detached noLeases -otherNames ?hardLinks: probe search',
    );
    assert.equal(asked({ facts }, {}, 'quick'), 'direct hardLinks: probe search');
  });

  it('leaves a file alone only if the kernel says that nobody uses it', () => {
    const when = 'whenHeld';
    assert.equal(asked({ facts: gateHere, probed: 'free' }, { when }, 'quick'), 'direct notHeld: probe');
    assert.equal(asked({ facts: gateHere, probed: 'held' }, { when }, 'quick'), 'gated gated: probe');
    assert.equal(asked({ facts: gateHere }, { when }, 'thorough'), 'gated gated: probe');
  });

  it('is what a save and a look go by', async () => {
    const options: SaveOptions = { ...defaultOptions, when: 'whenHeld' };
    const free = new FakeTargets({ probed: 'free' });
    assert.equal(assess(free, '/x', options).reason, 'notHeld');
    const permission = {
      signal: new AbortController().signal,
      claim: () => true,
      waited: () => true,
      release: () => true,
      mayTryAgain: () => true,
      separated: () => undefined,
      inTime: (work: () => Promise<void>) => work().then(() => true),
    };
    assert.equal((await detach(free, '/x', permission, report('bytesUnknown'), options)).reason, 'notHeld');
    assert.deepEqual([...new Set(free.calls)], ['open'], 'nothing is made');
    assert.equal(
      (await detach(new FakeTargets(), '/x', permission, report('bytesUnknown'), options)).level,
      'detached',
    );
  });
});

function inWords({ level, reason, held, givesUp, question }: Report): string {
  return [
    level,
    reason,
    ...(held ? ['held'] : []),
    ...(givesUp ?? []).map(({ what }) => `-${what}`),
    ...(question ? [`?${question}`] : []),
  ].join(' ');
}

function describeFacts(facts: Partial<TargetFacts>): string {
  const entries = Object.entries(facts).map(
    ([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
  );
  return entries.length === 0 ? 'a plain file' : entries.join(', ');
}
