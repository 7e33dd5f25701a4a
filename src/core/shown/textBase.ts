import { rememberedEdits } from '../limits';
import type { LineEdit } from '../lineEdits';

/** What a document was when it was clean, and what was changed since. */
export interface TextBase {
  /** Bytes of the file then; `undefined`: not known. */
  readonly size: number | undefined;
  readonly edits: readonly LineEdit[];
  /**
   * After a change that was told as if the document were clean: what it is if it is not. VS Code tells the first edit so, and only
   * then, without a change, that the document is dirty; a text that was read anew from the disk is told in the same way.
   */
  readonly ifDirty?: TextBase;
}

export interface TextChange {
  /** Whether the text has changed, not only whether it is dirty. */
  readonly changed: boolean;
  readonly edits: readonly LineEdit[];
  readonly dirty: boolean;
}

/**
 * @param base `undefined`: not known, as of a document that was dirty when it was first seen
 * @param size bytes of the text as it is now
 */
export function afterChange(
  base: TextBase | undefined,
  { changed, edits, dirty }: TextChange,
  size: () => number | undefined,
): TextBase | undefined {
  if (dirty) return changed ? edited(base, edits) : (base?.ifDirty ?? base);
  const ifDirty = changed ? edited(base, edits) : undefined;
  return { size: size(), edits: [], ...(ifDirty ? { ifDirty } : {}) };
}

function edited(base: TextBase | undefined, edits: readonly LineEdit[]): TextBase | undefined {
  if (!base || base.edits.length + edits.length > rememberedEdits) return undefined;
  return { size: base.size, edits: edits.length > 0 ? [...base.edits, ...edits] : base.edits };
}
