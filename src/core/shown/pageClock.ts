/** When the picture's page asks for its picture again, though nothing has changed. */
const minute = 60_000;

/** Wherever the extension host is, a day begins with one of these. */
const quarter = 15 * minute;

/**
 * Whether what was written of times may be wrong by now: a day may have begun, the machine has slept, or its clock was set.
 *
 * @param last when it was asked last, as the clock said then; like `now` in milliseconds since the epoch
 */
export function mayBeOutOfDate(last: number, now: number): boolean {
  return Math.abs(now - last) > minute || Math.floor(last / quarter) !== Math.floor(now / quarter);
}
