import assert from 'node:assert/strict';

import { settings } from '../../../src/core/contributions';
import { report } from '../../../src/core/level';
import { defaultOptions, type Question } from '../../../src/core/options';
import { choicesOf, questionMessage } from '../../../src/core/questions';
import { decode } from '../../../src/core/settings';
import { english, texts } from '../../../src/core/text';

const questions: readonly Question[] = ['hardLinks', 'owner', 'attributes'];

describe('questions', () => {
  for (const question of questions) {
    const setting = `holdfast.${question}` as const;

    it(`${question}: every button answers with a word of the setting, which asks by default`, () => {
      assert.equal(defaultOptions[question], 'ask');
      const choices = choicesOf(question, true);
      for (const { answer } of choices) assert.deepEqual(decode(setting, answer), { value: answer });
      const words = Object.keys(settings[setting].choices).sort();
      assert.deepEqual([...new Set(choices.map(({ answer }) => answer)), 'ask'].sort(), words);
      assert.equal(new Set(choices.map(({ label }) => english(label))).size, choices.length);
    });

    it(`${question}: where no setting may be written, no button writes one`, () => {
      assert.deepEqual(
        choicesOf(question, false),
        choicesOf(question, true).filter(({ always }) => !always),
      );
    });

    it(`${question}: names the file, and leaves nothing open`, () => {
      const sentence = english(questionMessage(question, report('gated'), 'run.sh'));
      assert.match(sentence, /^run\.sh .*\?.*\.$/);
      assert.doesNotMatch(sentence, /\{\d\}|undefined|object/);
    });
  }

  it('say whose the file is, and what it would lose', () => {
    const asked = (report_: Parameters<typeof questionMessage>[1], question: Question): readonly unknown[] =>
      questionMessage(question, report_, 'a')
        .args.slice(1)
        .flatMap((arg) => (typeof arg === 'object' ? arg.text : arg));
    const owner = report('leasesForOwner', { givesUp: [{ what: 'owner' }, { what: 'group' }] });
    assert.deepEqual(asked(owner, 'owner'), [texts.anotherOwner]);
    assert.deepEqual(asked(report('gated', { givesUp: [{ what: 'group' }] }), 'owner'), [texts.anotherGroup]);
    const lost = { what: 'attribute', name: 'security.ima' } as const;
    const attributes = questionMessage('attributes', report('wouldLose', { lost, held: true }), 'a');
    assert.match(english(attributes), /security\.ima/);
  });
});
