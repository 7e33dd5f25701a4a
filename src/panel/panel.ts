/** The picture's page: shows what the extension host tells, and tells what the user wants. */
import { fieldsIn } from '../core/json';
import { mayBeOutOfDate } from '../core/shown/pageClock';
import { readToPanel, type FromPanel } from '../core/shown/panelMessages';
import { View } from './view';

/** What VS Code gives a page. */
interface Host {
  postMessage(told: FromPanel): void;
  getState(): unknown;
  setState(state: PageState): void;
}

/** What is kept when the page goes and comes again. */
interface PageState {
  /** The item that had the focus last. */
  readonly focused?: string;
  /** How far it was scrolled, in CSS pixels. */
  readonly top: number;
}

declare function acquireVsCodeApi(): Host;

const host = acquireVsCodeApi();

const before = fieldsIn(host.getState());
const view = new View(
  (told) => {
    host.postMessage(told);
  },
  typeof before['focused'] === 'string' ? before['focused'] : undefined,
);
document.body.append(view.element);

/** Until the page has come that far, or the user goes elsewhere. */
let scrollTo = typeof before['top'] === 'number' ? before['top'] : 0;

window.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
  const told = readToPanel(data);
  if (!told) {
    host.postMessage({ kind: 'unread' });
    return;
  }
  view.show(told);
  if (scrollTo === 0) return;
  window.scrollTo({ top: scrollTo });
  // A place may lie between two pixels.
  if (window.scrollY > scrollTo - 1) scrollTo = 0;
});
for (const act of ['keydown', 'pointerdown', 'wheel'] as const)
  window.addEventListener(
    act,
    () => {
      scrollTo = 0;
    },
    { passive: true },
  );

const keep = (): void => {
  const { focused } = view;
  host.setState({ ...(focused === undefined ? {} : { focused }), top: window.scrollY });
};
window.addEventListener('scroll', keep, { passive: true });
document.addEventListener('focusin', keep);

// Bars that reach to now grow; somebody who wants little motion sees that in larger steps.
const calm = window.matchMedia('(prefers-reduced-motion: reduce)');
let last = performance.now();
let checked = Date.now();
setInterval(() => {
  if (document.hidden) return;
  const date = Date.now();
  if (mayBeOutOfDate(checked, date)) host.postMessage({ kind: 'again' });
  checked = date;
  const now = performance.now();
  if (now - last < (calm.matches ? 10_000 : 900)) return;
  last = now;
  view.layOut();
}, 1_000);
window.addEventListener('resize', () => {
  view.layOut();
});

host.postMessage({ kind: 'ready' });
