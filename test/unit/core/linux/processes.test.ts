import assert from 'node:assert/strict';

import {
  parseCaughtSignals,
  parseJob,
  parseOpenFilesLimit,
  parseCommandLine,
  parseDescriptorFacts,
  parseMappedFiles,
  isExiting,
  parseProcess,
  parseUser,
} from '../../../../src/core/linux/proc';
import { pick, randomFrom } from '../../../support/random';

/** Recorded on Linux 6.18, shortened. */
const STAT =
  '4295 (bash) S 4200 4295 4200 34816 4301 4194304 1530 20480 0 3 2 1 30 11 20 0 1 0 812345 7692288 960 18446744073709551615 94 95 140 0 0 0 65536 3670020 1266777851 1 0 0 17 1 0 0 0 0 0 96 97 98 140 141 142 143 0\n';
const ODD = STAT.replace('(bash)', '(a) Z 1 (b\n) S 7 )');
const KERNEL = '12 (kworker/0:1-events) I 2 0 0 0 -1 69238880 0 0 0 0 0 9 0 0 20 0 1 0 33 0 0 18446744073709551615 0\n';
const STATUS = 'Name:\tsu\nUmask:\t0022\nState:\tS (sleeping)\nUid:\t1000\t0\t0\t0\nGid:\t1000\t1000\t1000\t1000\n';
const FDINFO = 'pos:\t8192\nflags:\t02100000\nmnt_id:\t27\nino:\t2146315\n';
const MAPS = `00400000-00402000 r-xp 00000000 fe:00 31                                /opt/old program
55d0c8a00000-55d0c8a02000 r--p 00000000 00:1a 257                         /mnt/file with spaces
55d0c8a02000-55d0c8a03000 r-xp 00002000 00:1a 257                         /mnt/file with spaces
55d0c8a04000-55d0c8a05000 rw-p 00000000 00:00 0                           [heap]
7f3c00000000-7f3c00001000 rw-s 00000000 00:1a 257                         /mnt/other (deleted)
7f3c00002000-7f3c00003000 rw-s 00000000 fe:00 257                         /x 00:1a 258 y
7f3c00004000-7f3c00005000 r--p 00000000 00:1a 2570                        /mnt/third
7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0                           [stack]
`;

describe('processes', () => {
  it('have a job, and a terminal that listens to one', () => {
    assert.deepEqual(parseJob(STAT), { value: { parent: 4200, group: 4295, foreground: 4301 }, problems: [] });
    assert.deepEqual(parseJob(ODD).value, { parent: 4200, group: 4295, foreground: 4301 });
    assert.deepEqual(parseJob(KERNEL).value, { parent: 2, group: 0, foreground: -1 });
    for (const text of ['', '4295 (bash)', '4295 (bash) S 4200 4295', '1 (x) S 1 x 1 1 1', '1 (x) S 1 1 1 1 -2 ']) {
      assert.equal(parseJob(text).value, undefined, text);
    }
  });

  it('end, which their flags say before anything of theirs is closed', () => {
    assert.deepEqual(isExiting(STAT), { value: false, problems: [] });
    assert.equal(isExiting(ODD).value, false);
    for (const flags of [4, 4194308, 4228100])
      assert.equal(isExiting(STAT.replace('4194304', String(flags))).value, true, String(flags));
    for (const text of ['', '4295 (bash)', '4295 (bash) S 4200 4295 4200 34816 4301', '1 (x) S 1 1 1 1 1 x 1']) {
      assert.deepEqual(isExiting(text), { value: true, problems: ['not a complete line'] }, text);
    }
  });

  it('catch signals', () => {
    assert.deepEqual(parseCaughtSignals('SigIgn:\t0000000000000006\nSigCgt:\t0000000000010001\n'), {
      value: 0x10001n,
      problems: [],
    });
    for (const text of ['', 'SigCgt:\t\n', 'XSigCgt:\t01\n', `SigCgt:\t${'f'.repeat(40)}\n`]) {
      assert.deepEqual(parseCaughtSignals(text), { value: 0n, problems: ['no SigCgt line'] }, text);
    }
  });

  it('are read', () => {
    const bash = { pid: 4295, name: 'bash', state: 'S', parent: 4200, kernel: false, threads: 1, started: 812345 };
    assert.deepEqual(parseProcess(STAT), { value: bash, problems: [] });
    const worker = parseProcess(KERNEL).value;
    assert.deepEqual([worker?.kernel, worker?.parent, worker?.state, worker?.started], [true, 2, 'I', 33]);
    assert.equal(parseUser(STATUS).value, 0);
    assert.deepEqual(parseDescriptorFacts(FDINFO).value, {
      position: 8192,
      flags: 0o2100000,
      mount: 27,
      inode: '2146315',
      lease: undefined,
    });
  });

  it('may be called anything', () => {
    assert.deepEqual(parseProcess(ODD).value, { ...parseProcess(STAT).value, name: 'a) Z 1 (b\n) S 7 ' });
    assert.equal(parseProcess(STAT.replace('(bash)', '()')).value?.name, '');
  });

  it('are not guessed from a part', () => {
    const complete = STAT.indexOf(' 7692288');
    for (let length = 0; length < STAT.indexOf(' 812345') + 2; length++) {
      assert.equal(parseProcess(STAT.slice(0, length)).value, undefined, STAT.slice(0, length));
    }
    assert.equal(parseProcess(STAT.slice(0, complete)).value?.started, 812345);
    assert.deepEqual(parseProcess('').problems, ['not a complete line']);
    assert.equal(parseUser('').value, undefined);
  });

  it('may have so many files open', () => {
    const text = 'Limit                     Soft Limit           Hard Limit           Units     \n';
    const line = (soft: string): string =>
      `${text}Max open files            ${soft.padEnd(20)} 524288               files     \n`;
    assert.equal(parseOpenFilesLimit(line('1024')).value, 1024);
    assert.equal(parseOpenFilesLimit(line('unlimited')).value, Infinity);
    assert.deepEqual(parseOpenFilesLimit(text).problems, ['no limit of open files']);
  });

  it('have command lines of any words', () => {
    assert.deepEqual(parseCommandLine('bash\0-c\0\0x y\0'), ['bash', '-c', '', 'x y']);
    assert.deepEqual(parseCommandLine('written over'), ['written over']);
    assert.deepEqual(parseCommandLine(''), []);
  });

  it('map files, each told once', () => {
    const asked: number[] = [];
    const found = parseMappedFiles(MAPS, (inode) => {
      asked.push(inode);
      return inode === 257;
    });
    assert.deepEqual(asked, [31, 257, 257, 257, 257, 2570]);
    assert.deepEqual(found, [
      { range: '55d0c8a00000-55d0c8a02000', file: '00:1a 257', path: '/mnt/file with spaces', stores: false },
      { range: '7f3c00000000-7f3c00001000', file: '00:1a 257', path: '/mnt/other (deleted)', stores: true },
      { range: '7f3c00002000-7f3c00003000', file: 'fe:00 257', path: '/x 00:1a 258 y', stores: true },
    ]);
    assert.equal(parseMappedFiles(MAPS, (inode) => inode === 31)[0]?.range, '400000-402000', 'as map_files has it');
  });

  it('give nothing, or what is in the text, whatever becomes of it', () => {
    const seed = Date.now() % 1_000_000;
    const random = randomFrom(seed);
    const at = (text: string): number => Math.floor(random() * (text.length + 1));
    const mutate = (text: string): string => {
      const [one, other] = [at(text), at(text)];
      return pick(random, [
        () => text.slice(0, one),
        () => text.slice(one),
        () => text.slice(0, one) + text.slice(other),
        () =>
          text.slice(0, one) +
          pick(random, [' ', '\n', '(', ')', '\t', '\0', '-', '9', '\u00ff', ') ']) +
          text.slice(one),
        () => text.slice(0, one) + String.fromCharCode(Math.floor(random() * 256)) + text.slice(one + 1),
      ])();
    };
    for (let round = 0; round < 10_000; round++) {
      let text = pick(random, [STAT, ODD, KERNEL, STATUS, FDINFO, MAPS]);
      for (let times = 1 + Math.floor(random() * 4); times > 0; times--) text = mutate(text);
      const says = `seed ${seed}, round ${round}: ${JSON.stringify(text)}`;
      const isIn = (value: number | string | undefined): void => {
        // Digits may have been cut or joined, and begin with zeros; a number that is told is there.
        assert.ok(value === undefined || text.includes(String(value)), `${String(value)}, ${says}`);
      };
      const facts = parseProcess(text).value;
      for (const value of [facts?.pid, facts?.name, facts?.state, facts?.parent, facts?.threads, facts?.started]) {
        isIn(value);
      }
      assert.equal(typeof isExiting(text).value, 'boolean', says);
      isIn(parseUser(text).value);
      const descriptor = parseDescriptorFacts(text).value;
      isIn(descriptor.position);
      isIn(descriptor.flags?.toString(8));
      for (const { range, file, path } of parseMappedFiles(text, () => true)) {
        for (const value of [...range.split('-'), file, path]) isIn(value);
      }
      parseCommandLine(text);
    }
  });
});
