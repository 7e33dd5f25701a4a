import assert from 'node:assert/strict';

import type { FileInUse } from '../../../../src/core/holders/inUse';
import { changedItems, shellOf, treeOf, type TreeNode } from '../../../../src/core/shown/tree';
import { english } from '../../../../src/core/text';
import { at, bash, file, generation, holder, minute } from '../../../support/fakes/filesInUse';

function tree(files: readonly FileInUse[], shells: readonly number[] = []): readonly TreeNode[] {
  return treeOf({
    files,
    level: () => 'gated',
    shells: new Set(shells),
    uid: 1000,
    actions: () => [],
    at,
    name: (path) => path.slice(path.lastIndexOf('/') + 1),
    folder: (path) => path.slice(0, path.lastIndexOf('/')),
  });
}

/** Labels with descriptions, indented. */
function drawn(nodes: readonly TreeNode[], indent = ''): readonly string[] {
  return nodes.flatMap((node) => {
    const more = node.description ? ` [${english(node.description)}]` : '';
    return [`${indent}${english(node.label)}${more}`, ...drawn(node.children, `${indent}  `)];
  });
}

function all(nodes: readonly TreeNode[]): readonly TreeNode[] {
  return nodes.flatMap((node) => [node, ...all(node.children)]);
}

describe('the tree of files in use', () => {
  it('has files, their versions, and who has each', () => {
    const one = file(
      [bash(4711, 12)],
      [generation([holder(8, 'open')], 10 * minute), generation([holder(9, 'loaded')])],
      { unnamed: true },
    );
    assert.deepEqual(drawn(tree([one])), [
      'run.sh [/home/me]',
      '  Current version',
      '    bash [read to line 12 · pid 4711 · since minute 5]',
      '    Unknown program [you may not inspect it]',
      '  Version of minute 10',
      '    program8 [has it open · pid 8 · since minute 5]',
      '  Version of minute 0',
      '    program9 [has read all of it · pid 9 · since minute 5]',
    ]);
  });

  it('does not list a current version that nobody has, and warns of those behind only', () => {
    const nodes = all(tree([file([], [generation([bash(1, 2), holder(3, 'loaded')], minute)])]));
    assert.deepEqual(
      nodes.map(({ icon }) => icon),
      ['file', 'older', 'stale', 'loaded'],
    );
  });

  it('says everything aloud that icons show', () => {
    const nodes = all(tree([file([bash(1, 2)], [generation([bash(2, 3)], minute)], { unnamed: true })]));
    for (const node of nodes) {
      assert.doesNotMatch(english(node.spoken), /\{\d\}|undefined|object/);
      assert.ok(english(node.spoken).length > 0);
      assert.ok(node.tooltip.every((line) => english(line).length > 0));
    }
    const spoken = nodes.map((node) => english(node.spoken));
    assert.ok(spoken.includes('bash, process 1, read to line 2, since minute 5'));
    assert.ok(spoken.includes('bash, process 2, has an older version, read to line 3, since minute 5'));
    assert.equal(
      spoken[0],
      'run.sh. 2 programs use it. 1 program still has an older version. A program that you may not inspect uses it.',
    );
  });

  it('offers to end our own processes only, and the terminal only where there is one', () => {
    const mine = bash(20, 1);
    const others = holder(30, 'open', { uid: 0 });
    const words = (shells: readonly number[]): readonly string[] =>
      all(tree([file([mine, others])], shells)).map((node) => node.words.join(' '));
    assert.deepEqual(words([]), ['file', '', 'holder own', 'holder']);
    assert.deepEqual(words([19, 30]), ['file', '', 'holder terminal own', 'holder terminal']);
  });

  it('gives every item an id of its own, that stays while what it shows changes', () => {
    const older = [generation([bash(1, 2)], minute), generation([bash(1, 9)], minute), generation([bash(1, 2)])];
    const before = all(tree([file([bash(1, 2)], older)])).map(({ id }) => id);
    assert.equal(new Set(before).size, before.length);
    // A newer one that comes does not make others of those that were there.
    const after = all(tree([file([bash(1, 3)], [generation([bash(5, 2)], 2 * minute), ...older])])).map(({ id }) => id);
    assert.ok(before.every((id) => after.includes(id)));
  });
});

describe('the terminal of a holder', () => {
  it('is the nearest shell that it was started from, or is', () => {
    const one = holder(50, 'open', { ancestors: [40, 30, 1] });
    assert.equal(shellOf(one, new Set([30, 40])), 40);
    assert.equal(shellOf(one, new Set([50, 40])), 50);
    assert.equal(shellOf(one, new Set([60])), undefined);
  });
});

describe('what is drawn again', () => {
  const other = file([holder(3, 'open')], [], { path: '/home/me/other.sh' });
  const changed = (before: readonly FileInUse[], after: readonly FileInUse[]): 'all' | readonly string[] =>
    changedItems(tree(before), tree(after));

  it('nothing, if it looks the same', () => {
    assert.deepEqual(changed([file([bash(1, 2)]), other], [file([bash(1, 2)]), other]), []);
    // The offset is not shown, the line is.
    const further = { ...bash(1, 2), read: { offset: 101, by: 'command' } as const };
    assert.deepEqual(changed([file([bash(1, 2)])], [file([further])]), []);
  });

  it('one holder that has read on', () => {
    const ids = changed([file([bash(1, 2), bash(7, 1)]), other], [file([bash(1, 3), bash(7, 1)]), other]);
    assert.equal(ids.length, 1);
    assert.match(String(ids[0]), /^holder:.*:1:100$/);
  });

  it('a file whose count has changed, and nothing of the others', () => {
    assert.deepEqual(changed([file([bash(1, 2)]), other], [file([bash(1, 2), bash(4, 2)]), other]), [
      'file:/home/me/run.sh',
    ]);
  });

  it('everything, when files come and go', () => {
    assert.equal(changed([other], [file([bash(1, 2)]), other]), 'all');
    assert.equal(changed([file([bash(1, 2)]), other], [other]), 'all');
    assert.deepEqual(changed([], []), []);
  });
});
