import assert from 'node:assert/strict';

import { settings } from '../../../src/core/contributions';
import { decode, neverWarned } from '../../../src/core/settings';

describe('decode', () => {
  it('takes what is right, and the default for what is not set', () => {
    assert.deepEqual(decode('holdfast.enabled', true), { value: true });
    assert.deepEqual(decode('holdfast.enabled', false), { value: false });
    assert.deepEqual(decode('holdfast.enabled', undefined), { value: true });
  });

  it('uses the default for anything else, and says what it found without repeating it', () => {
    const wrong: [unknown, string][] = [
      ['yes', 'string'],
      [0, 'number'],
      [null, 'null'],
      [[], 'array'],
      [{ secret: 1 }, 'object'],
      [Symbol('x'), 'symbol'],
    ];
    for (const [raw, found] of wrong) {
      assert.deepEqual(decode('holdfast.enabled', raw), {
        value: true,
        problem: { setting: 'holdfast.enabled', expected: 'true or false', found },
      });
    }
  });

  it('takes a list of globs whole or not at all', () => {
    const fallback = settings['holdfast.never'].default;
    assert.deepEqual(decode('holdfast.never', undefined), { value: fallback });
    assert.deepEqual(decode('holdfast.never', []), { value: [] });
    assert.deepEqual(decode('holdfast.never', ['*.log', 'out/**']), { value: ['*.log', 'out/**'] });
    for (const raw of ['*.log', ['*.log', 1], { 0: '*.log' }, null]) {
      const { value, problem } = decode('holdfast.never', raw);
      assert.deepEqual(value, fallback);
      assert.equal(problem?.expected, 'a list of glob patterns, each a text');
    }
  });

  it('takes a choice among its words, and names them all if it is none of them', () => {
    assert.deepEqual(decode('holdfast.durability', undefined), { value: 'file' });
    for (const word of ['none', 'file', 'full']) assert.deepEqual(decode('holdfast.durability', word), { value: word });
    for (const raw of ['File', 'toString', '', 1, ['file'], null]) {
      const { value, problem } = decode('holdfast.durability', raw);
      assert.equal(value, 'file');
      assert.equal(problem?.expected, '"none", "file" or "full"');
    }
  });

  it('takes a whole number within its bounds', () => {
    assert.deepEqual(decode('holdfast.oldNameSeconds', undefined), { value: 600 });
    for (const raw of [0, 1, 86_400]) assert.deepEqual(decode('holdfast.oldNameSeconds', raw), { value: raw });
    for (const raw of [-1, 86_401, 1.5, NaN, Infinity, '600', [600], null, true]) {
      const { value, problem } = decode('holdfast.oldNameSeconds', raw);
      assert.deepEqual([value, problem?.expected], [600, 'a whole number from 0 to 86400']);
    }
  });

  it('never guards what version control keeps', () => {
    for (const folder of ['.git', '.hg', '.svn']) {
      assert.ok(decode('holdfast.never', undefined).value.includes(`**/${folder}/**`));
    }
  });

  it('lets no workspace that is not trusted weaken the guard', () => {
    // Its rules are shown there, and not carried out.
    const { 'holdfast.reopen.rules': rules, ...others } = settings;
    assert.equal(rules.untrusted, 'shown');
    for (const [name, { untrusted }] of Object.entries(others)) assert.equal(untrusted, 'ignored', name);
  });
});

describe('a file of which nobody is to be warned', () => {
  const lists = { path: '/w/a[1].sh', below: 'a[1].sh', user: ['/mine'], folder: ['below/*'], applies: ['below/*'] };

  it('is named by its whole path in the user’s list, which gets nothing of a folder’s', () => {
    assert.deepEqual(neverWarned('user', lists), ['/mine', '/w/a[[]1[]].sh']);
    assert.deepEqual(neverWarned('user', { ...lists, user: undefined }), ['/w/a[[]1[]].sh']);
  });

  it('is named by its path below the folder in that one’s list, which begins with what applies', () => {
    assert.deepEqual(neverWarned('folder', lists), ['below/*', 'a[[]1[]].sh']);
    const applies = ['/mine'];
    assert.deepEqual(neverWarned('folder', { ...lists, folder: undefined, applies }), ['/mine', 'a[[]1[]].sh']);
  });

  it('is named once', () => {
    assert.deepEqual(neverWarned('folder', { ...lists, below: 'x', folder: ['x'] }), ['x']);
  });
});
