import { positionOf, type TimeAxis } from '../core/shown/timeAxis';

/** As in `panel.css`. */
const leastWidth = '4px';

/** Puts a bar from one moment to another, in milliseconds since the epoch; not at all, if there is nothing between them. */
export function placeBar(bar: HTMLElement, from: number, until: number, axis: TimeAxis): void {
  bar.hidden = until <= from;
  if (bar.hidden) return;
  const left = positionOf(from, axis);
  // One that begins before the axis does is drawn so.
  bar.classList.toggle('cut', from < axis.from);
  // The shortest one is wide enough to be seen, and ends with the axis.
  bar.style.left = `min(${percent(left)}, calc(100% - ${leastWidth}))`;
  bar.style.width = percent(positionOf(until, axis) - left);
}

export function percent(part: number): string {
  return `${(part * 100).toFixed(3)}%`;
}
