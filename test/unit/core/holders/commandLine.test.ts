import assert from 'node:assert/strict';

import { invocationOf } from '../../../../src/core/holders/commandLine';
import { interpreterOf, mayRunScripts } from '../../../../src/core/holders/interpreters';
import { pick, randomFrom } from '../../../support/random';

/** The executable, the command line, and what it names: one name each, a list of names, nothing, or its standard input. */
const ROWS: readonly (readonly [string, string, readonly (string | readonly string[])[] | 'input'])[] = [
  ['bash', 'bash a.sh', ['a.sh']],
  ['bash', '-bash', 'input'],
  ['bash', 'bash -', 'input'],
  ['bash', '/bin/bash -e a.sh -c b', ['a.sh']],
  ['bash', 'bash -eu -o pipefail a.sh', ['a.sh']],
  ['bash', 'bash -euo pipefail a.sh', ['a.sh']],
  ['bash', 'bash -oO posix extglob a.sh', ['a.sh']],
  ['bash', 'bash +o posix +x a.sh', ['a.sh']],
  ['bash', 'bash --rcfile r --posix a.sh', ['a.sh']],
  ['bash', 'bash --rcfile=r a.sh', ['a.sh']],
  ['bash', 'bash -- -a.sh', ['-a.sh']],
  ['bash', 'bash - a.sh', ['a.sh']],
  ['bash', 'bash -c a.sh b.sh', []],
  ['bash', 'bash -xec a.sh', []],
  ['bash', 'bash -s a.sh', 'input'],
  ['bash', 'bash -o', 'input'],
  ['bash5.2', 'bash a.sh', ['a.sh']],
  ['dash', 'sh -eo nounset a.sh', ['a.sh']],
  ['zsh', 'zsh -oerrexit a.sh', ['a.sh']],
  ['zsh', 'zsh --emulate sh a.sh', ['a.sh']],
  ['ksh93', 'ksh -o errexit a.sh', ['a.sh']],
  ['mksh', 'mksh -T tty a.sh', ['a.sh']],
  ['tcsh', 'csh -f a.csh', ['a.csh']],
  ['tcsh', 'csh -b -a.csh', ['-a.csh']],
  ['tcsh', 'csh -fc a.csh', []],
  ['busybox', 'busybox sh -e a.sh', ['a.sh']],
  ['busybox', 'busybox awk -f a.awk', ['a.awk']],
  ['busybox.static', '/bin/ash a.sh', ['a.sh']],
  ['busybox', '-sh', 'input'],
  ['fish', 'fish -C init a.fish', ['a.fish']],
  ['fish', 'fish --command a.fish', []],
  ['php8.2', 'php -d x=1 -f a.php -- b', ['a.php']],
  ['php', 'php a.php', ['a.php']],
  ['php', 'php -r a.php', []],
  ['python3.12', 'python -u a.py b', ['a.py']],
  ['python3', 'python3 -Wignore -X dev -bE a.py', ['a.py']],
  ['python3', 'python3 -m a.py', []],
  ['python3', 'python3 -Ic a.py', []],
  ['python3', 'python3 -', 'input'],
  ['python3', 'python3', 'input'],
  ['pypy3', 'pypy3 a.py', ['a.py']],
  ['perl5.36.0', 'perl -w -I lib -Mstrict a.pl', ['a.pl']],
  ['perl', 'perl -i.bak -ne 1 a.pl', []],
  ['perl', 'perl -lne 1 a.pl', ['1']],
  ['ruby3.1', 'ruby -r json -Ilib a.rb', ['a.rb']],
  [
    'node',
    'node --require r.js --max-old-space-size=4 a.js',
    [['a.js', 'a.js.js', 'a.js.json', 'a.js.cjs', 'a.js.mjs']],
  ],
  ['node', 'node -e a.js', []],
  ['node', 'node -pe a.js', []],
  ['node', 'node --eval=1 a.js', []],
  ['lua5.4', 'lua -l m a.lua', ['a.lua']],
  ['tclsh8.6', 'tclsh -encoding utf-8 a.tcl', ['a.tcl']],
  ['make', 'make -j4 -kf a.mk -C d all', ['a.mk']],
  ['make', 'make --file a.mk --makefile=b.mk', ['a.mk', 'b.mk']],
  ['make', 'make all', [['GNUmakefile', 'makefile', 'Makefile']]],
  ['mawk', 'awk -F : -f a.awk -fb.awk c', ['a.awk', 'b.awk']],
  ['gawk', 'gawk --file=a.awk', ['a.awk']],
  ['gawk', 'gawk a.awk', []],
];

describe('the script of a command line', () => {
  for (const [program, line, named] of ROWS) {
    it(`${program}: ${line}`, () => {
      const found = invocationOf(program, line.split(' '));
      assert.ok(found !== undefined);
      const expected = named === 'input' ? [] : named.map((one) => (typeof one === 'string' ? [one] : one));
      assert.deepEqual(found.scripts, expected);
      assert.equal(found.fromInput, named === 'input');
    });
  }

  it('is looked for in interpreters only, by the exact name of the executable', () => {
    for (const name of [
      'bashful',
      'mybash',
      'python3-config',
      'pythonista',
      'node_exporter',
      'shfmt',
      'makeinfo',
      'luac',
      'cat',
      '',
    ]) {
      assert.equal(interpreterOf(name), undefined, name);
      assert.equal(mayRunScripts(name), false, name);
      assert.equal(invocationOf(name, ['bash', 'a.sh']), undefined, name);
    }
    assert.equal(invocationOf('busybox', ['busybox', 'cat', 'a.sh']), undefined);
    assert.equal(invocationOf('busybox', []), undefined);
    for (const name of [
      'python3.13t',
      'python3.11d',
      'zsh-5.9',
      'perl5.36.0',
      'tclsh8.6',
      'php-cgi8.2',
      'lua5.4',
      'luajit-2.1.0',
    ]) {
      assert.ok(interpreterOf(name) !== undefined, name);
    }
  });

  it('is made of words that are there, whatever they are', () => {
    const seed = Date.now() % 1_000_000;
    const random = randomFrom(seed);
    const programs = [...new Set(ROWS.map(([program]) => program))];
    const words = ROWS.flatMap(([, line]) => line.split(' '));
    const bytes = (): string =>
      Array.from({ length: Math.floor(random() * 6) }, () => String.fromCharCode(Math.floor(random() * 256))).join('');
    for (let round = 0; round < 10_000; round++) {
      const line = Array.from({ length: Math.floor(random() * 8) }, () =>
        random() < 0.3 ? bytes() : pick(random, words) + (random() < 0.2 ? bytes() : ''),
      );
      const found = invocationOf(pick(random, programs), line);
      for (const name of found?.scripts.flat() ?? []) {
        const isThere = line.some((word) => name !== '' && (word.endsWith(name) || name.startsWith(word)));
        assert.ok(isThere || /^(GNUm|m|M)akefile$/.test(name), `seed ${seed}: ${JSON.stringify([line, name])}`);
      }
    }
  });
});
