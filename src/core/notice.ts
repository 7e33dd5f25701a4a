const zeroWidthSpace = '\u200b';

/**
 * A sentence as a notification shows it literally. VS Code makes links of `[label](href "title")` in its notifications, also ones that run
 * commands (src/vs/base/common/linkedText.ts); nothing of ours is one, but a file or a program may have such a name.
 */
export function withoutLinks(sentence: string): string {
  return sentence.replaceAll('](', `]${zeroWidthSpace}(`);
}
