import assert from 'node:assert/strict';

import { levelOf, report, type Reason } from '../../../../src/core/level';
import { badgeOf } from '../../../../src/core/shown/badge';
import { explanation } from '../../../../src/core/shown/explanation';
import { heldFile } from '../../../../src/core/shown/heldFile';
import { english } from '../../../../src/core/text';
import { at, bash, file, generation, holder } from '../../../support/fakes/filesInUse';

describe('badgeOf', () => {
  it('marks files in use, says by whom, and tells stale ones apart by more than colour', () => {
    const held = badgeOf(file([bash(1, 2), holder(2, 'open')]));
    assert.deepEqual([held?.badge, held && english(held.tooltip)], ['H', 'In use: bash (1), program2 (2)']);
    const stale = badgeOf(file([bash(1, 2)], [generation([bash(7, 2)])]));
    assert.deepEqual([stale?.badge, stale && english(stale.tooltip)], ['H!', 'An older version is in use: bash (7)']);
    assert.notEqual(held?.color, stale?.color);
  });

  it('marks a file that somebody unnamed has, and no other', () => {
    const unnamed = badgeOf(file([], [], { unnamed: true }));
    assert.equal(unnamed && english(unnamed.tooltip), 'In use: a program that you may not inspect');
    assert.equal(badgeOf(file([])), undefined);
    assert.equal(badgeOf(undefined), undefined);
  });

  it('names a few', () => {
    const many = badgeOf(file([1, 2, 3, 4, 5].map((pid) => holder(pid, 'open'))));
    assert.match(many ? english(many.tooltip) : '', /program3 \(3\), … and 2 more\.$/);
  });
});

describe('explanation', () => {
  const text = (input: Partial<Parameters<typeof explanation>[0]>): string => {
    const { title, sections } = explanation({
      name: 'run.sh',
      status: undefined,
      file: file([]),
      closed: 0,
      at,
      ...input,
    });
    return [title, ...sections.flatMap(({ heading, paragraphs }) => [heading, ...paragraphs])].map(english).join('\n');
  };

  it('says level, reason, what would change it, and who uses the file, for every reason', () => {
    for (const reason of Object.keys(levelOf) as Reason[]) {
      const status = { name: 'run.sh', report: report(reason), when: 'foreseen' } as const;
      const said = text({ status, file: file([bash(1, 2)]) });
      assert.doesNotMatch(said, /\{\d\}|undefined|object/, reason);
      const level = reason === 'switchedOff' || reason === 'neverGuarded' ? 'off' : levelOf[reason];
      assert.match(said, new RegExp(`^How run\\.sh Is Guarded\nLevel: ${level}\nrun\\.sh: .*\\.\n`), reason);
      assert.match(said, /\nWhat would change it\n[A-Z].*\.\nWho uses it\nbash \(pid 1\)/, reason);
    }
  });

  it('says why at every level', () => {
    const said = (reason: Reason): string =>
      text({ status: { name: 'run.sh', report: report(reason), when: 'foreseen' } });
    assert.match(said('gated'), /because the new version can be put in its place whole/);
    assert.match(said('hardLinks'), /because the file has more than one name/);
    assert.match(said('noLeases'), /because this file system cannot hold back/);
  });

  it('does not say that nobody uses a file of which that is not known', () => {
    assert.match(text({}), /\nNo program is seen to use it\.$/);
    assert.match(text({ file: undefined }), /\nWho uses run\.sh is not known: .*does not look at it\.$/);
    const problem = { operation: 'open', path: '/x', errno: 'EACCES', detail: '' };
    assert.match(text({ file: file([], [], { problem }) }), /not known, because the system refused \(EACCES\)\.$/);
    assert.match(text({ file: file([], [], { unnamed: true }) }), /A program that you may not inspect uses it\./);
  });

  it('says how many could not be looked into, where that leaves something open', () => {
    const said = /could not be looked into/;
    for (const more of [{ unnamed: true }, { uncertain: true }]) {
      assert.match(text({ file: file([], [], more), closed: 12 }), /12 processes could not be looked into: .*\.$/);
      assert.match(text({ file: file([], [], more), closed: 1 }), /\n1 process could not be looked into: .*\.$/);
      assert.doesNotMatch(text({ file: file([], [], more) }), said);
    }
    assert.doesNotMatch(text({ file: file([bash(1, 2)]), closed: 12 }), said);
    assert.doesNotMatch(text({ file: file([], [], { uncertain: false }), closed: 12 }), said);
  });
});

describe('what other extensions are told', () => {
  it('is what the interface says, and nothing that a holder may have besides', () => {
    const secret = { ...bash(1, 2), commandLine: 'bash run.sh --password=x' };
    const told = heldFile(file([secret], [generation([holder(2, 'open')], 7)], { unnamed: true }));
    assert.deepEqual(told, {
      current: {
        since: 0,
        holders: [{ pid: 1, program: 'bash', since: 300_000, uid: 1000, harm: 'readsAsItRuns', line: 2 }],
      },
      older: [{ since: 7, holders: [{ pid: 2, program: 'program2', since: 300_000, uid: 1000, harm: 'open' }] }],
      unnamed: true,
    });
  });
});
