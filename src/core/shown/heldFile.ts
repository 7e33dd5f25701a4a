import type { FileHolder, FileVersion, HeldFile } from '../../../api/holdfast';
import type { FileInUse, Generation, HolderInUse } from '../holders/inUse';

/** What other extensions are told, and nothing that the values beneath may have besides. */
export function heldFile({ current, older, unnamed }: FileInUse): HeldFile {
  return { current: current && fileVersion(current), older: older.map(fileVersion), unnamed };
}

function fileVersion({ since, holders }: Generation): FileVersion {
  return { since, holders: holders.map(fileHolder) };
}

function fileHolder({ process, program, since, uid, harm, line }: HolderInUse): FileHolder {
  return { pid: process.pid, program, since, uid, harm, ...(line === undefined ? {} : { line }) };
}
