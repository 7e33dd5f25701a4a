import { IN_ATTRIB, IN_CLOSE_WRITE, IN_IGNORED, IN_MOVE_SELF, IN_OPEN, IN_Q_OVERFLOW, NOTICE } from '../layouts';

/**
 * What can be known of an inode without asking it: nobody needs to hear of every write, so writes are not watched. Another file that is
 * renamed over it changes its link count: IN_ATTRIB.
 */
export const WATCHED = IN_OPEN | IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVE_SELF;

/** What inotify has told, by its own numbers. `ended`: the kernel has ended the watch. */
export interface Notices<What extends string> {
  readonly events: readonly { readonly watch: number; readonly what: What | 'ended' }[];
  readonly overflow: boolean;
}

/** What the bits of an event are called. */
export type Meanings<What extends string> = readonly (readonly [bit: number, what: What])[];

export const GATE_MEANINGS = [
  [IN_OPEN, 'opened'],
  [IN_CLOSE_WRITE, 'closedAfterWriting'],
  [IN_ATTRIB, 'moved'],
  [IN_MOVE_SELF, 'moved'],
] as const satisfies Meanings<string>;

/**
 * Decodes what a read of an inotify descriptor has given; inotify(7). Equal events come out once, in the order of their
 * first. Total: a cut event ends the list.
 */
export function decodeNotices<What extends string>(buffer: Buffer, meanings: Meanings<What>): Notices<What> {
  const { events, overflow } = decodeEveryNotice(buffer, meanings);
  const once = new Map(events.map((event) => [`${event.watch} ${event.what}`, event]));
  return { events: [...once.values()], overflow };
}

/** As `decodeNotices`, but equal events come out as often as they were told. */
export function decodeEveryNotice<What extends string>(buffer: Buffer, meanings: Meanings<What>): Notices<What> {
  const events: Notices<What>['events'][number][] = [];
  let overflow = false;
  for (let at = 0; at + NOTICE.size <= buffer.length;) {
    const watch = buffer.readInt32LE(at + NOTICE.watch);
    const mask = buffer.readUInt32LE(at + NOTICE.mask);
    overflow ||= (mask & IN_Q_OVERFLOW) !== 0;
    for (const [bit, what] of meanings) {
      if ((mask & bit) !== 0) {
        events.push({ watch, what });
      }
    }
    if ((mask & IN_IGNORED) !== 0) {
      events.push({ watch, what: 'ended' });
    }
    at += NOTICE.size + buffer.readUInt32LE(at + NOTICE.nameLength);
  }
  return { events, overflow };
}
