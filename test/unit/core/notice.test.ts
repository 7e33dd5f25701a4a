import assert from 'node:assert/strict';

import { withoutLinks } from '../../../src/core/notice';

/** VS Code's, src/vs/base/common/linkedText.ts. */
const link = /\[([^\]]+)\]\(((?:https?:\/\/|command:|file:)[^)\s]+)(?: (["'])(.+?)(\3))?\)/i;

describe('a sentence of a notification', () => {
  it('has no links, whatever files and programs are called, and looks the same', () => {
    for (const name of [
      '[look](command:workbench.action.quit)',
      '[look](command:x "title") and [more](https://example.org)',
      '[[a](file:///x)](file:///y)',
      ']([a](command:x)',
    ]) {
      const sentence = `cp (pid 7) changed ${name} in place.`;
      assert.match(sentence, link, 'it would have one');
      assert.doesNotMatch(withoutLinks(sentence), link, name);
      assert.equal(withoutLinks(sentence).replaceAll('\u200b', ''), sentence);
    }
  });

  it('is left alone if it has none', () => {
    const sentence = 'a.sh [1] (pid 7) – https://example.org';
    assert.equal(withoutLinks(sentence), sentence);
  });
});
