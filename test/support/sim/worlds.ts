/** The worlds that are explored, by name. */
import { plainSetup, type Save, type Setup } from './world';

/** The save participant of another extension has changed the text. */
export const changed: Save = { staged: ['n1', 'n2'], writes: ['m1', 'm2'] };
/** … or cut its end off. */
export const shortened: Save = { staged: ['n1', 'n2'], writes: ['n1'] };
/** The disk is full in the middle of the editor's write. */
export const failing: Save = { staged: ['n1', 'n2'], writes: ['n1', 'n2'], failsAfter: 1 };

/** … of another text; or it is killed there. */
export const cutOff: Save = { ...changed, failsAfter: 1 };

function world(change: Partial<Setup>): Setup {
  return { ...plainSetup, ...change };
}

/** The same worlds, with an editor that comes when it is not expected any more. */
function late(worlds: Readonly<Record<string, Setup>>): Readonly<Record<string, Setup>> {
  return Object.fromEntries(
    Object.entries(worlds).map(([name, setup]) => [`${name}, late`, { ...setup, expects: 'late' }]),
  );
}

/** Another program writes the file in place. */
const inPlace: Readonly<Record<string, Setup>> = {
  append: world({ writers: ['append'] }),
  nonblocking: world({ writers: ['nonblocking'] }),
  rewrite: world({ writers: ['rewrite'] }),
  'append, not synced': world({ writers: ['append'], synced: false }),
  'append, another text': world({ writers: ['append'], saves: [changed] }),
  'append, a shorter text': world({ writers: ['append'], saves: [shortened] }),
  'append, a full disk': world({ writers: ['append'], saves: [failing] }),
  'rewrite, another text': world({ writers: ['rewrite'], saves: [changed] }),
};
const inPlaceAndMore: Readonly<Record<string, Setup>> = {
  'a stop and an append': world({ left: { stops: 1 }, writers: ['append'] }),
  'rewrite, events lost': world({ left: { losses: 1 }, writers: ['rewrite'] }),
  'a dying keeper and an append': world({ left: { deaths: 1 }, writers: ['append'] }),
  'append, no probe': world({ writers: ['append'], probe: false }),
  'a signal and an append': world({ left: { signals: 1 }, writers: ['append'], coarse: true }),
  'a holder and an append': world({ readers: ['holder'], writers: ['append'], coarse: true }),
};
const inPlaceAndReaders: Readonly<Record<string, Setup>> = {
  'a reader and an append': world({ readers: ['free'], writers: ['append'], coarse: true }),
  'a reader and a rewrite': world({ readers: ['free'], writers: ['rewrite'], coarse: true }),
};

/** One window and what else there is: each is explored to its end in seconds. */
export const small: Readonly<Record<string, Setup>> = {
  'nobody else': world({}),
  'a reader': world({ readers: ['free'] }),
  'a reader, not synced': world({ readers: ['free'], synced: false, coarse: true }),
  'a holder': world({ readers: ['holder'] }),
  'a reader who stays': world({ readers: ['stays'] }),
  'a reader, another text': world({ readers: ['free'], saves: [changed] }),
  'a reader, a shorter text': world({ readers: ['free'], saves: [shortened], coarse: true }),
  'a full disk': world({ saves: [failing] }),
  'a full disk, and it is told': world({ saves: [{ ...failing, failsAfter: 0, afterFailure: 'givenUp' }] }),
  'a full disk, another text': world({ saves: [cutOff] }),
  'a full disk, and it is told, another text': world({ saves: [{ ...cutOff, afterFailure: 'givenUp' }] }),
  'a full disk and a reader, another text': world({ saves: [cutOff], readers: ['free'], coarse: true }),
  'no probe': world({ probe: false }),
  recreate: world({ writers: ['recreate'] }),
  rename: world({ writers: ['rename'] }),
  'a holder and a rename': world({ readers: ['holder'], writers: ['rename'] }),
  'recreate, another text': world({ writers: ['recreate'], saves: [changed] }),
  'rename, another text': world({ writers: ['rename'], saves: [changed] }),
  ...inPlace,
  'a signal': world({ left: { signals: 1 } }),
  'two signals': world({ left: { signals: 2 } }),
  'a signal, another text': world({ left: { signals: 1 }, saves: [changed] }),
  'a signal and a full disk for us': world({ left: { signals: 1, faults: 1 } }),
  'a signal, hasty': world({ left: { signals: 1 }, hasty: true }),
  'a stop': world({ left: { stops: 1 } }),
  'a stop and a signal': world({ left: { stops: 1, signals: 1 } }),
  'no clone to be had': world({ left: { faults: 1 }, readers: ['holder'] }),
  'a reader, events lost': world({ left: { losses: 1 }, readers: ['free'], coarse: true }),
  'a dying keeper': world({ left: { deaths: 1 } }),
  'a dying keeper and a reader': world({ left: { deaths: 1 }, readers: ['free'], coarse: true }),
};

/** Tens and hundreds of thousands of states: explored to their end by `npm test`. */
export const medium: Readonly<Record<string, Setup>> = {
  ...late(inPlace),
  ...inPlaceAndMore,
  'append, at any time': world({ writers: ['append'], expects: 'any', coarse: true }),
  'a holder and a reader': world({ readers: ['holder', 'free'], coarse: true }),
  'a reader and a rename': world({ readers: ['free'], writers: ['rename'], coarse: true }),
};

/**
 * Up to millions: explored to their end by `npm run prove`, and with bounded preemptions before. Among them is what the promise
 * is about: one whole save of one window, one reader, one other writer.
 */
export const large: Readonly<Record<string, Setup>> = {
  ...inPlaceAndReaders,
  ...late(inPlaceAndReaders),
  ...late(inPlaceAndMore),
  'rewrite, at any time': world({ writers: ['rewrite'], expects: 'any', coarse: true }),
  'a reader and a recreate': world({ readers: ['free'], writers: ['recreate'], coarse: true }),
  'a reader, hasty': world({ readers: ['free'], hasty: true, coarse: true }),
  'append, hasty': world({ writers: ['append'], hasty: true }),
  'a reader, every step, and a rename': world({ readers: ['free'], writers: ['rename'] }),
};

/** Two windows of one server that save one file at the same time. */
export function twoWindows(readers: number, lock: Setup['lock']): Setup {
  const saves: readonly Save[] = [
    { staged: ['n1', 'n2'], writes: ['n1', 'n2'] },
    { staged: ['p1', 'p2'], writes: ['p1', 'p2'] },
  ];
  return world({ saves, readers: Array.from({ length: readers }, () => 'free'), lock, coarse: true });
}
