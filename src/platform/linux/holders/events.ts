import type { Meanings } from '../gate/events';
import {
  IN_ACCESS,
  IN_ATTRIB,
  IN_CLOSE_NOWRITE,
  IN_CLOSE_WRITE,
  IN_CREATE,
  IN_MOVED_TO,
  IN_MOVE_SELF,
  IN_OPEN,
} from '../layouts';

/** Another file that is renamed over it changes its link count: IN_ATTRIB. */
export const MOVES = IN_ATTRIB | IN_MOVE_SELF;
/** A mapping keeps its file open: its end is a close, too. */
export const USES = IN_OPEN | IN_CLOSE_WRITE | IN_CLOSE_NOWRITE | MOVES;
/** Besides, where somebody reads a script as it runs. */
export const READS = USES | IN_ACCESS;
/** What comes to a folder. */
export const ARRIVALS = IN_CREATE | IN_MOVED_TO;

export const USE_MEANINGS = [
  [IN_OPEN, 'opened'],
  [IN_CLOSE_WRITE, 'closed'],
  [IN_CLOSE_NOWRITE, 'closed'],
  [IN_ACCESS, 'read'],
  [IN_ATTRIB, 'moved'],
  [IN_MOVE_SELF, 'moved'],
  [IN_CREATE, 'moved'],
  [IN_MOVED_TO, 'moved'],
] as const satisfies Meanings<string>;
