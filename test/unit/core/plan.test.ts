import assert from 'node:assert/strict';

import { plan } from '../../../src/core/plan';
import type { TargetFacts } from '../../../src/core/ports';
import { plainFacts } from '../../support/fakes/targets';

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
    [{ directoryWritable: false }, 'direct directoryNotWritable'],
    [{ stickyForbids: true }, 'direct stickyDirectory'],
    [{ ownerKeepable: false }, 'direct foreignOwner'],
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

function describeFacts(facts: Partial<TargetFacts>): string {
  const entries = Object.entries(facts).map(
    ([name, value]) => `${name}=${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
  );
  return entries.length === 0 ? 'a plain file' : entries.join(', ');
}
