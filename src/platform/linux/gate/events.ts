import { IN_ATTRIB, IN_CLOSE_WRITE, IN_IGNORED, IN_MOVE_SELF, IN_OPEN, IN_Q_OVERFLOW, NOTICE } from '../layouts';

/**
 * What can be known of an inode without asking it: nobody needs to hear of every write, so writes are not watched. Another file that is
 * renamed over it changes its link count: IN_ATTRIB.
 */
export const WATCHED = IN_OPEN | IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVE_SELF;

/** What inotify has told, by its own numbers. */
export interface Notices {
  readonly events: readonly {
    readonly watch: number;
    readonly what: 'opened' | 'closedAfterWriting' | 'moved' | 'ended';
  }[];
  readonly overflow: boolean;
}

const MEANINGS = [
  [IN_OPEN, 'opened'],
  [IN_CLOSE_WRITE, 'closedAfterWriting'],
  [IN_ATTRIB, 'moved'],
  [IN_MOVE_SELF, 'moved'],
  [IN_IGNORED, 'ended'],
] as const;

/**
 * Decodes what a read of an inotify descriptor has given; inotify(7). Equal events come out once, in the order of their
 * first. Total: a cut event ends the list.
 */
export function decodeNotices(buffer: Buffer): Notices {
  const events = new Map<string, Notices['events'][number]>();
  let overflow = false;
  for (let at = 0; at + NOTICE.size <= buffer.length;) {
    const watch = buffer.readInt32LE(at + NOTICE.watch);
    const mask = buffer.readUInt32LE(at + NOTICE.mask);
    overflow ||= (mask & IN_Q_OVERFLOW) !== 0;
    for (const [bit, what] of MEANINGS) {
      if ((mask & bit) !== 0) {
        events.set(`${watch} ${what}`, { watch, what });
      }
    }
    at += NOTICE.size + buffer.readUInt32LE(at + NOTICE.nameLength);
  }
  return { events: [...events.values()], overflow };
}
