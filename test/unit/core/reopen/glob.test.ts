import assert from 'node:assert/strict';

import { literally, matchesGlob, parseGlob } from '../../../../src/core/reopen/glob';

function matches(pattern: string, path: string): boolean {
  const glob = parseGlob(pattern);
  assert.ok(glob, `${pattern} is a pattern`);
  return matchesGlob(glob, path);
}

describe('a glob pattern', () => {
  it('means what it means in VS Code', () => {
    const rows: readonly (readonly [string, readonly string[], readonly string[]])[] = [
      ['*.conf', ['a.conf', '.conf'], ['a.conf2', 'b/a.conf', '/a.conf']],
      ['**/*.conf', ['a.conf', 'b/a.conf', '/x/y/a.conf'], ['a.con', 'a.conf/x']],
      ['conf/**', ['conf/a', 'conf/b/a'], ['config/a', 'x/conf/a']],
      ['conf/**/x/*.c', ['conf/x/a.c', 'conf/b/c/x/a.c', 'conf/x/x/a.c'], ['conf/a.c', 'conf/x/b/a.c']],
      ['a?c', ['abc', 'a\u{1f600}c', 'a*c'], ['ac', 'abbc', 'a/c']],
      ['*.{js,{ts,tsx}}', ['a.js', 'a.ts', 'a.tsx'], ['a.jsx', 'a.', 'a.{js']],
      ['{a,b}/{c,d}', ['a/c', 'b/d'], ['a/b', 'a,b/c']],
      ['{,x}a', ['a', 'xa'], ['ya']],
      ['a[0-9].txt', ['a0.txt', 'a9.txt'], ['a.txt', 'aa.txt', 'a10.txt']],
      ['a[!0-9].txt', ['ab.txt'], ['a1.txt', 'a.txt']],
      ['[[]x[]]', ['[x]'], ['x', '[[]x[]]']],
      ['[a-]', ['a', '-'], ['b']],
      ['**', ['a', 'a/b'], []],
      ['a.b', ['a.b'], ['axb']],
      ['a+(b|c)$^', ['a+(b|c)$^'], ['ab']],
      ['$(touch x);`y`', ['$(touch x);`y`'], ['']],
    ];
    for (const [pattern, yes, no] of rows) {
      for (const path of yes) assert.equal(matches(pattern, path), true, `${pattern} ${path}`);
      for (const path of no) assert.equal(matches(pattern, path), false, `${pattern} ${path}`);
    }
  });

  it('is none with what does not pair, or would make too many of it', () => {
    const wrong = ['', 'a{b', 'a}b', '{a,{b}', 'a[b', '[]', '[!]', '[z-a]', 'a[b/c]d', 'a\0b', '{a,b}'.repeat(7)];
    for (const pattern of [...wrong, 'x'.repeat(1001), '{'.repeat(500)]) {
      assert.equal(parseGlob(pattern), undefined, JSON.stringify(pattern.slice(0, 20)));
    }
    assert.ok(parseGlob('{a,b}'.repeat(6)));
  });

  it('is kept as it was written, and takes the room that it needs written out', () => {
    const room = { left: 100 };
    assert.deepEqual(parseGlob('{a,bc}/{d,e}', room), { text: '{a,bc}/{d,e}' });
    assert.equal(room.left, 100 - 'a/da/ebc/dbc/e'.length);
    assert.equal(parseGlob('{a,b}'.repeat(7), room), undefined);
    assert.ok(room.left < 0, 'what is none has taken time, too');
    const little = { left: 5 };
    assert.equal(parseGlob('{a,b}cd', little), undefined);
    assert.ok(little.left < 0);
  });

  it('keeps nobody waiting, whatever it is', () => {
    // As a regular expression, each of these is worked on for longer than anybody lives.
    const path = `${`${'a'.repeat(250)}/`.repeat(15)}${'a'.repeat(250)}`;
    const began = performance.now();
    for (const pattern of [
      '*a'.repeat(400) + 'b',
      '**/*a*a*a*a*a*a*a*a*a*a*a*b/'.repeat(30) + 'b',
      '**/'.repeat(300) + 'b',
    ]) {
      assert.equal(matches(pattern, path), false);
    }
    const took = performance.now() - began;
    assert.ok(took < 1_000, `${String(took)} ms`);
  });

  it('can be made of any path, and means that one', () => {
    for (const path of ['a.sh', '[x]{y,z}', '***', 'a?b/]c[', '{', '}{', "a'b $(c)\n"]) {
      assert.equal(matches(literally(path), path), true, path);
      assert.equal(matches(literally(path), `${path}x`), false, path);
      assert.equal(matches(literally(path), `x${path}`), false, path);
    }
    assert.equal(matches(literally('a*'), 'ab'), false);
  });
});
