import assert from 'node:assert/strict';

import { classify, type Descriptor, type Evidence } from '../../../../src/core/holders/classify';
import { invocationOf } from '../../../../src/core/holders/commandLine';

const CLOSE_ON_EXEC = 0o2100000;
const PLAIN = 0o100000;
const WRITE = 0o100002;

function descriptor(number: number, position: number, flags = CLOSE_ON_EXEC, waits = false): Descriptor {
  return { number, flags, position, waits };
}

function told(command: string, evidence: Partial<Evidence>): string | undefined {
  const words = command.split(' ');
  const verdict = classify({
    invocation: invocationOf(words[0] ?? '', words),
    descriptors: [],
    mapped: false,
    stores: false,
    named: false,
    size: 20_000,
    ...evidence,
  });
  const read = verdict?.read === undefined ? '' : ` ${verdict.read.by} ${verdict.read.offset}`;
  return verdict === undefined ? undefined : `${verdict.harm}${read}${verdict.writes ? ' writes' : ''}`;
}

/** As they were measured; see `interpreters.ts`. */
const ROWS: readonly (readonly [string, string, Partial<Evidence>, string | undefined])[] = [
  [
    'bash, waiting for a child',
    'bash s',
    { descriptors: [descriptor(255, 23, CLOSE_ON_EXEC, true)] },
    'readsAsItRuns command 23',
  ],
  ['bash, in a command of its own', 'bash s', { descriptors: [descriptor(255, 8192)] }, 'readsAsItRuns'],
  ['bash at the end', 'bash s', { descriptors: [descriptor(255, 9, CLOSE_ON_EXEC, true)], size: 9 }, 'readsAsItRuns'],
  ['bash with few descriptors', 'bash s', { descriptors: [descriptor(63, 23)], named: true }, 'readsAsItRuns'],
  ['bash, {name}<file', 'bash s', { descriptors: [descriptor(11, 23, PLAIN)] }, 'open'],
  ['bash, {name}<script', 'bash s', { descriptors: [descriptor(11, 23, PLAIN)], named: true }, 'open'],
  ['bash, what a loop stands in for', 'bash s', { descriptors: [descriptor(10, 23)] }, 'open'],
  ['bash, exec 3<file', 'bash s', { descriptors: [descriptor(3, 23, PLAIN)] }, 'open'],
  ['bash, its input', 'bash s', { descriptors: [descriptor(0, 23, PLAIN)] }, 'open'],
  ['bash -c, its input', 'bash -c s', { descriptors: [descriptor(0, 23, PLAIN)] }, 'open'],
  ['bash <file', 'bash', { descriptors: [descriptor(0, 23, PLAIN, true)] }, 'readsAsItRuns command 23'],
  ['bash <file, elsewhere', 'bash', { descriptors: [descriptor(10, 23)] }, 'readsAsItRuns'],
  ['bash that writes', 'bash s', { descriptors: [descriptor(255, 23, WRITE)] }, 'open'],
  ['bash, replaced', 'bash s', { named: true }, undefined],
  ['ksh93', 'ksh93 s', { descriptors: [descriptor(10, 40, CLOSE_ON_EXEC, true)] }, 'readsAsItRuns command 40'],
  ['dash', 'dash s', { descriptors: [descriptor(10, 8192, CLOSE_ON_EXEC, true)] }, 'readsAsItRuns block 8192'],
  ['dash, just opened', 'dash s', { descriptors: [descriptor(10, 0)] }, 'open'],
  ['dash, just begun', 'dash s', { descriptors: [descriptor(10, 0)], named: true }, 'readsAsItRuns block 0'],
  ['zsh', 'zsh s', { descriptors: [descriptor(11, 8192, PLAIN)] }, 'readsAsItRuns block 8192'],
  ['zsh <file', 'zsh', { descriptors: [descriptor(0, 23, PLAIN)] }, 'readsAsItRuns command 23'],
  ['yash', 'yash s', { descriptors: [descriptor(100, 8192)] }, 'readsAsItRuns block 8192'],
  ['mksh', 'mksh s', { descriptors: [descriptor(10, 512)] }, 'readsAsItRuns block 512'],
  ['tcsh', 'tcsh s', { descriptors: [descriptor(16, 4096)] }, 'readsAsItRuns block 4096'],
  ['tcsh <file', 'tcsh', { descriptors: [descriptor(19, 4096), descriptor(16, 4096)] }, 'readsAsItRuns block 4096'],
  ['ash', 'busybox ash s', { descriptors: [descriptor(10, 1023)] }, 'readsAsItRuns block 1023'],
  [
    'the least position',
    'dash s',
    { descriptors: [descriptor(11, 8192), descriptor(10, 99)] },
    'readsAsItRuns block 99',
  ],
  ['worse than mapped', 'bash s', { descriptors: [descriptor(255, 1)], mapped: true }, 'readsAsItRuns'],
  ['fish at the end', 'fish s', { descriptors: [descriptor(4, 20_000)] }, 'loaded'],
  ['fish before the end', 'fish s', { descriptors: [descriptor(4, 19_999)], named: true }, 'open'],
  ['php at the end', 'php s', { descriptors: [descriptor(3, 20_000, PLAIN)] }, 'loaded'],
  ['php that has read data', 'php s', { descriptors: [descriptor(4, 20_000, PLAIN)] }, 'open'],
  ['php twice', 'php s', { descriptors: [descriptor(3, 20_000, PLAIN), descriptor(4, 0, WRITE)], named: true }, 'open'],
  ['php, replaced', 'php s', { named: true }, undefined],
  ['python', 'python3 s', { named: true }, 'loaded'],
  ['python that has it open', 'python3 s', { named: true, descriptors: [descriptor(3, 20_000)] }, 'open'],
  ['python that maps it', 'python3 s', { named: true, mapped: true }, 'mapped'],
  ['python <file', 'python3', { descriptors: [descriptor(0, 20_000, PLAIN)] }, 'loaded'],
  ['mapped and open', 'cat', { mapped: true, descriptors: [descriptor(3, 0)] }, 'mapped'],
  ['mapped and stored into', 'cat', { mapped: true, stores: true }, 'mapped writes'],
  ['mapped and open for writing', 'cat', { mapped: true, descriptors: [descriptor(3, 0, WRITE)] }, 'mapped writes'],
  ['open', 'cat', { descriptors: [descriptor(255, 5)] }, 'open'],
  ['any program of that argument', 'cat s', { named: true }, undefined],
  ['nothing', 'bash s', {}, undefined],
];

describe('what an edit in place does to a holder', () => {
  for (const [name, command, evidence, expected] of ROWS) {
    it(`${name}: ${expected ?? 'it is none'}`, () => {
      assert.equal(told(command, evidence), expected);
    });
  }
});
