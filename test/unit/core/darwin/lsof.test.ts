import assert from 'node:assert/strict';

import { executableOf, verdictOf } from '../../../../src/core/darwin/evidence';
import { parseListing, type ListedFile, type ListedProcess } from '../../../../src/core/darwin/lsof';
import { pick, randomFrom } from '../../../support/random';

/** As lsof -F0 prints it: a line for a process, then one for each file of it; `|` for the zero byte. */
function output(...lines: readonly string[]): string {
  return lines.map((line) => `${line.replaceAll('|', '\0')}\n`).join('');
}

/**
 * Recorded: lsof 4.95.0 of Debian 12, LC_ALL=C lsof -w -n -P -o -F0pcfatDoin, shortened. The second name has a line feed, a control character, and an
 * é in UTF-8, the third a backslash, which is not escaped.
 */
const LINUX = output(
  'p17925|cbash|',
  'fcwd|a |tDIR|D0xfe00|i260072|n/tmp|',
  'ftxt|a |tREG|D0xfe00|i260104|n/usr/bin/bash|',
  'fmem|a |tREG|D0xfe00|i329635|n/usr/lib/locale/C.utf8/LC_CTYPE|',
  'f0|ar|tFIFO|D0xd|o0t0|i90210|npipe|',
  'f255|ar|tREG|D0xfe00|o0t18|i2146520|n/tmp/ls1.sh|',
  'p17956|ctail|',
  'f3|ar|tREG|D0xfe00|o0t18|i2146550|n/tmp/ls1\\n^A\\xc3\\xa9 [x] (deleted).sh|',
  'p17957|ctail|',
  'fDEL|a |tREG|D0xfe00|i2146551|n/tmp/a\\b|',
);

/**
 * Written after the source of lsof's dialect for Darwin (lib/dialects/darwin/dfile.c and dproc.c of lsof 4.99), in which all mapped files are `txt`, the
 * executable first, sockets have an address for a device, and what was revoked says so; and after its manual page. Not recorded on a Mac.
 */
const DARWIN = output(
  'p611|cbash|',
  'fcwd|a |tDIR|D0x1000010|i51237|n/Users/anna/jobs|',
  'ftxt|a |tREG|D0x1000010|i1152921500312524573|n/bin/bash|',
  'ftxt|a |tREG|D0x1000010|i1152921500312809112|n/usr/lib/dyld|',
  'f0|au|tCHR|D0x1000010|o0t4711|i721|n/dev/ttys001|',
  'f3|au|tunix|d0x9f1c2b3a4d5e6f70|o0t0|n->0x9f1c2b3a4d5e6f71|',
  'f4|a |tREG|n(revoked)|',
  'f255|ar|tREG|D0x1000010|o0t1893|i8735114|n/Users/anna/jobs/nightly run [1].sh|',
  'p702|cCode Helper (Plugin)|',
  'ftxt|a |tREG|D0x1000010|i9911|n/Applications/Visual Studio Code.app/Contents/MacOS/Code Helper (Plugin)|',
  'ftxt|a |tREG|D0x1000010|i8735200|n/Users/anna/data.bin|',
  'f21|ar|tREG|D0x1000010|o0x3b9aca01|i8735114|n/Users/anna/jobs/nightly run [1].sh|',
);

function processOf(text: string, pid: number): ListedProcess {
  const found = parseListing(text).find((one) => one.pid === pid);
  assert.ok(found, `no process ${String(pid)}`);
  return found;
}

function having(text: string, inode: bigint): readonly (readonly [number, ListedFile])[] {
  return parseListing(text).flatMap(({ pid, files }) =>
    files.filter((file) => file.inode === inode).map((file) => [pid, file] as const),
  );
}

describe('what lsof lists', function () {
  // Ten thousand outputs, on a machine that may be busy.
  this.timeout(30_000);

  it('tells processes and what they have of a file', () => {
    assert.deepEqual(
      having(LINUX, 2146520n).map(([pid, file]) => [pid, file]),
      [
        [
          17925,
          {
            descriptor: '255',
            access: 'r',
            type: 'REG',
            device: 0xfe00n,
            inode: 2146520n,
            offset: 18,
            name: '/tmp/ls1.sh',
          },
        ],
      ],
    );
    assert.deepEqual(
      having(DARWIN, 8735114n).map(([pid, { descriptor, offset, device }]) => [pid, descriptor, offset, device]),
      [
        [611, '255', 1893, 0x1000010n],
        [702, '21', 0x3b9aca01, 0x1000010n],
      ],
    );
  });

  it('keeps numbers that a double cannot', () => {
    assert.equal(processOf(DARWIN, 611).files[1]?.inode, 1152921500312524573n);
  });

  it('leaves out what is not told, without taking it from another file', () => {
    const [socket, revoked] = processOf(DARWIN, 611).files.slice(4, 6);
    assert.deepEqual(
      [socket?.device, socket?.inode, revoked?.device, revoked?.inode],
      [undefined, undefined, undefined, undefined],
    );
  });

  it('names with line feeds, control characters, blanks and brackets are names and nothing else', () => {
    assert.equal(processOf(LINUX, 17956).files[0]?.name, '/tmp/ls1\\n^A\\xc3\\xa9 [x] (deleted).sh');
    assert.equal(processOf(LINUX, 17957).files[0]?.name, '/tmp/a\\b');
    assert.equal(processOf(DARWIN, 702).command, 'Code Helper (Plugin)');
    // As it would be if lsof did not escape: what follows the line feed is no process.
    const forged = parseListing('p5\0cbad\0\nf3\0ar\0tREG\0D0x1\0i7\0n/tmp/x\np6\nf9\nD0x1\ni8\0\n');
    assert.deepEqual(
      forged.map(({ pid, files }) => [pid, files.map(({ inode }) => inode)]),
      [[5, [7n]]],
    );
  });

  it('a process without a number takes its files with it', () => {
    const [process, ...others] = parseListing(output('pnone|cx|', 'f3|tREG|D0x1|i7|', 'p8|cy|', 'f4|tREG|D0x1|i7|'));
    assert.deepEqual([process?.pid, process?.files.length, others.length], [8, 1, 0]);
    assert.deepEqual(parseListing(output('f3|tREG|D0x1|i7|')), []);
    assert.deepEqual(parseListing(''), []);
  });

  it('whatever is in names and commands, nobody else is told', () => {
    const random = randomFrom(20_261_122);
    const bytes = [
      'p1',
      'f2',
      'D0x1',
      'i7',
      '\n',
      '\n\n',
      'p17925',
      ' ',
      '\\n',
      '^A',
      '\xc3\x28',
      '\xff',
      '[',
      '(deleted)',
      'tREG',
    ];
    const facts = (text: string): unknown =>
      parseListing(text).map(({ pid, files }) => [
        pid,
        files.map(({ descriptor, device, inode, offset, type, access }) =>
          [descriptor, String(device), String(inode), offset, type, access].join(' '),
        ),
      ]);
    for (const text of [LINUX, DARWIN]) {
      const expected = facts(text);
      for (let times = 0; times < 5_000; times++) {
        const changed = text.replace(
          /([cn])([^\0]*)\0/g,
          (whole: string, letter: string, value: string, at: number) => {
            const begins = at === 0 || text[at - 1] === '\0';
            if (!begins || random() < 0.5) return whole;
            const cut = Math.floor(random() * (value.length + 1));
            return `${letter}${value.slice(0, cut)}${pick(random, bytes)}${pick(random, bytes)}${value.slice(cut)}\0`;
          },
        );
        assert.deepEqual(facts(changed), expected, JSON.stringify(changed));
      }
    }
  });

  it('ten thousand times changed anywhere, it tells nothing that is not there, and throws nothing', () => {
    const seed = 4_098;
    const random = randomFrom(seed);
    let told = 0;
    for (let times = 0; times < 10_000; times++) {
      const bytes = Buffer.from(pick(random, [LINUX, DARWIN]), 'latin1');
      for (let changes = 1 + Math.floor(random() * 8); changes > 0; changes--) {
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      }
      const text = bytes.subarray(0, Math.floor(random() * (bytes.length + 1))).toString('latin1');
      const fields = new Set(text.split('\0').map((field) => field.replace(/^\n/, '')));
      for (const { pid, files } of parseListing(text)) {
        assert.ok(
          fields.has(`p${String(pid)}`),
          `seed ${String(seed)}: process ${String(pid)} of ${JSON.stringify(text)}`,
        );
        for (const { device, inode, descriptor } of files) {
          told++;
          assert.ok(fields.has(`f${descriptor}`));
          if (inode !== undefined)
            assert.ok([...fields].some((field) => /^i\d+$/.test(field) && BigInt(field.slice(1)) === inode));
          if (device !== undefined)
            assert.ok(fields.has(`D0x${device.toString(16)}`) || [...fields].some((field) => field.startsWith('D0x0')));
        }
      }
    }
    assert.ok(told > 10_000, String(told));
  });
});

describe('what a program has of a file, after lsof', () => {
  const file = (given: Partial<ListedFile>): ListedFile => ({
    descriptor: '3',
    access: 'r',
    type: 'REG',
    device: 1n,
    inode: 7n,
    offset: 40,
    name: '/x',
    ...given,
  });

  it('bash has its script at 255, and may go back in it', () => {
    const verdict = verdictOf('bash', ['bash', '/x'], [file({ descriptor: '255' })], 100);
    assert.deepEqual(verdict, { harm: 'readsAsItRuns' });
  });

  it('dash and zsh read by blocks from 10 on, and from the standard input if no script is named', () => {
    const read = { harm: 'readsAsItRuns', read: { offset: 40, by: 'block' } };
    assert.deepEqual(verdictOf('dash', ['dash', '/x'], [file({ descriptor: '10' })], 100), read);
    assert.deepEqual(verdictOf('zsh', ['-zsh', '/x'], [file({ descriptor: '10' })], 100), read);
    assert.deepEqual(verdictOf('dash', ['dash'], [file({ descriptor: '0' })], 100), read);
    assert.deepEqual(verdictOf('dash', ['dash', 'a', 'b'], [file({ descriptor: '0' })], 100), { harm: 'open' });
  });

  it('what a script has opened is open, and so is what any other program has', () => {
    assert.deepEqual(verdictOf('bash', ['bash', '/y'], [file({})], 100), { harm: 'open' });
    assert.deepEqual(verdictOf('tail', ['tail', '-f', '/x'], [file({ descriptor: '255' })], 100), { harm: 'open' });
    assert.deepEqual(verdictOf('bash', ['bash', '/y'], [file({ descriptor: '255', access: 'u' })], 100), {
      harm: 'open',
    });
  });

  it('text, mapped and deleted mapped files are mapped', () => {
    for (const descriptor of ['txt', 'mem', 'mmap', 'DEL']) {
      assert.deepEqual(verdictOf('x', ['x'], [file({ descriptor, access: ' ' })], 100), { harm: 'mapped' }, descriptor);
    }
  });

  it('a folder, a socket, and an error are nothing', () => {
    assert.equal(verdictOf('x', ['x'], [file({ descriptor: 'cwd', type: 'DIR' })], 100), undefined);
    assert.equal(verdictOf('x', ['x'], [file({ type: 'unix' })], 100), undefined);
    assert.equal(verdictOf('x', ['x'], [file({ descriptor: 'err' })], 100), undefined);
    assert.equal(verdictOf('x', ['x'], [], 100), undefined);
  });

  it('the program is named by the executable, not by what it calls itself', () => {
    assert.equal(executableOf(processOf(DARWIN, 611).files), '/bin/bash');
    assert.equal(executableOf(processOf(LINUX, 17925).files), '/usr/bin/bash');
    assert.equal(executableOf(processOf(LINUX, 17956).files), undefined);
    assert.equal(executableOf([file({ descriptor: 'txt', name: '(revoked)' })]), undefined);
  });
});
