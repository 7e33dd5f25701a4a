import type { TargetFacts } from './ports';

/** What was on the disk when the editor read or wrote a document: what it believes to overwrite. */
export interface Baseline {
  /**
   * `disk`: that was there when it was looked at. `document`: there was something else, or it was not looked at yet; the modification
   * time is when the editor had the document, which is not earlier than that of what it had read.
   */
  readonly from: 'disk' | 'document';
  readonly size: bigint;
  /** Nanoseconds since the epoch. */
  readonly mtime: bigint;
  /** Of the bytes. */
  readonly digest: string;
}

/** A document as the editor has read or written it. */
export interface EditorsText {
  /** UTF-8. */
  readonly content: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** Of longer documents (UTF-16 code units) the text is not compared with the disk. */
export const comparedText = 1 << 20;

export function baselineOfText({ content, at }: EditorsText, digest: string): Baseline {
  return { from: 'document', size: BigInt(content.length), mtime: BigInt(at) * nanosecondsPerMillisecond, digest };
}

/**
 * Whether VS Code writes these bytes as it has read them, as UTF-8: it replaces what is none, and makes all line ends of a text the same
 * (pieceTreeTextBufferBuilder.ts). Of others its document does not tell whether the disk has something else.
 */
export function isWrittenAsRead(bytes: Uint8Array): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return !text.includes('\r') || !/\r(?!\n)|(?<!\r)\n/.test(text);
  } catch {
    return false;
  }
}

const nanosecondsPerMillisecond = 1_000_000n;

/**
 * Whether the file may have bytes that the editor does not know of, and what it would do to them. Whether they really are others, only the
 * digest tells.
 *
 * - `overwrites`: without a word. It refuses only if the modification time is newer, in milliseconds, and the size differs from that of what it
 *   has read, or has seen there after it had written (VS Code's fileService.ts, validateWriteFile).
 * - `refuses`: it does, or has seen that size without what was there: a version that was replaced between the editor's look at the file and its
 *   reading. Our look has found what the editor has, so these are other bytes.
 * - `mayRefuse`: the same where something else was there when we looked, or nobody has looked: it may be what the editor has.
 */
export function changeSince(
  baseline: Baseline,
  { size, mtime }: TargetFacts,
): 'none' | 'overwrites' | 'refuses' | 'mayRefuse' {
  if (size === baseline.size && mtime === baseline.mtime) return 'none';
  const newer = mtime / nanosecondsPerMillisecond > baseline.mtime / nanosecondsPerMillisecond;
  if (!newer || size === baseline.size) return 'overwrites';
  return baseline.from === 'disk' ? 'refuses' : 'mayRefuse';
}
