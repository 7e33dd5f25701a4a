import assert from 'node:assert/strict';

import type { Holder } from '../../../../src/core/holders/holder';
import {
  countSentences,
  holderSentences,
  hoverParagraphs,
  programName,
  saveSentence,
  shortUse,
  staleHolders,
} from '../../../../src/core/shown/words';
import { english } from '../../../../src/core/text';
import { at, bash, dash, file, generation, holder, minute } from '../../../support/fakes/filesInUse';

const harms: readonly Holder['harm'][] = ['readsAsItRuns', 'mapped', 'open', 'loaded'];
const current = { is: 'current' } as const;

describe('what is said of a holder', () => {
  it('names the program, its pid, since when it runs and how far it has read, and what an in-place edit would do', () => {
    assert.equal(
      english(holderSentences(bash(4711, 12), current, at)),
      'bash (pid 4711) is running this file, since minute 5, and has read up to line 12. It reads the file as it runs: an in-place edit below line 12 would be executed.',
    );
    assert.match(english(holderSentences(dash(2, 40), current, at)), /has read ahead, by blocks, up to line 40\. /);
    assert.match(
      english(holderSentences(holder(3, 'mapped'), current, at)),
      /executes this file or has it mapped\. .*crash/,
    );
    assert.match(english(holderSentences(holder(3, 'open'), current, at)), /has this file open\. It would see/);
    assert.match(english(holderSentences(holder(3, 'loaded'), current, at)), /read it to its end\. No edit reaches it/);
  });

  it('leaves nothing open, whatever is known', () => {
    for (const harm of harms) {
      for (const version of [current, { is: 'older', since: minute }] as const) {
        for (const more of [{}, { line: 3 }, { line: 3, read: { offset: 1, by: 'block' } as const }]) {
          const one = holder(7, harm, more);
          const text = english(holderSentences(one, version, at));
          assert.match(text, /^program7 \(pid 7.*since minute 5.*\.$/);
          assert.doesNotMatch(text, /\{\d\}|undefined|object|line 0/);
          assert.doesNotMatch(english(shortUse(one)), /\{\d\}|undefined|object/);
        }
      }
    }
  });

  it('says which version a stale one has, and that saves do not reach it', () => {
    const text = english(holderSentences(bash(1, 3), { is: 'older', since: 10 * minute }, at));
    assert.match(text, /running this file’s version of minute 10, .* line 3\. What you save does not reach it/);
  });

  it('shows no control characters of a name that a program gave itself, and no endless one', () => {
    assert.equal(programName({ program: 'a\nb\u202e\u0007c' }), 'a\uFFFDb\uFFFD\uFFFDc');
    assert.equal(Array.from(programName({ program: '😀'.repeat(200) })).length, 40);
  });
});

describe('what is said of a file', () => {
  it('tells what the next save does to those with the current version, at every level', () => {
    const said = (
      level: Parameters<typeof saveSentence>[1],
      ...holders: Parameters<typeof file>[0][number][]
    ): string => saveSentence(file(holders), level).map(english).join();
    assert.match(said('gated', bash(1, 1)), /is safe/);
    assert.match(said('detached', bash(1, 1)), /is safe/);
    assert.match(said('direct', bash(1, 1)), /under the program\.$/);
    assert.match(said('direct', bash(1, 1), holder(2, 'open')), /under these programs\.$/);
    assert.equal(said('none', bash(1, 1)), '');
    assert.equal(said(undefined, bash(1, 1)), '');
    // Nothing happens to a program that has read all of it.
    assert.equal(said('direct', holder(1, 'loaded')), '');
    assert.equal(saveSentence(file([], [generation([bash(1, 1)])]), 'direct').length, 0);
    assert.match(
      saveSentence(file([], [], { unnamed: true }), 'direct')
        .map(english)
        .join(),
      /under the program/,
    );
  });

  it('counts holders, stale ones and those who cannot be named', () => {
    const said = (one: Parameters<typeof countSentences>[0]): string => countSentences(one).map(english).join(' ');
    assert.equal(said(file([])), '');
    assert.equal(said(file([bash(1, 1)])), '1 program uses it.');
    assert.equal(
      said(file([bash(1, 1)], [generation([bash(2, 1), holder(3, 'loaded')])], { unnamed: true })),
      '3 programs use it. 1 program still has an older version. A program that you may not inspect uses it.',
    );
    assert.equal(staleHolders(file([], [generation([holder(3, 'loaded')])])).length, 0);
  });

  it('tells a few one by one, and how many more there are', () => {
    const holders = Array.from({ length: 8 }, (_, index) => holder(index + 10, 'open'));
    const said = hoverParagraphs(file(holders), 'gated', at).map(english);
    assert.equal(said.length, 7);
    assert.equal(said[5], '… and 3 more.');
    assert.match(said[6] ?? '', /is safe/);
  });
});
