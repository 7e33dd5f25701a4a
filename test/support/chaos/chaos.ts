/** Two windows on one folder, other programs that write and use its files, and crashes: nobody's version may be lost. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Editor } from '../editor';
import { pick, randomFrom } from '../random';
import { untilNames } from '../untilNames';
import { Ledger, type Missing } from './ledger';
import { Person, type PersonCounts } from './person';
import { Holder, writeAsStranger } from './strangers';
import { loggedOf, unguardedIn } from './unguarded';
import { usageOf, type Usage } from './usage';

const fileSizes = [400, 4_000, 40_000, 200_000];
/** How long (milliseconds) somebody pauses at most: people and programs do not do one thing right after the other. */
const pauses = { person: 150, stranger: 400, holder: 600 };
/** Milliseconds from an extension host's start until what an earlier one left is gone. */
const recoveryDeadline = 30_000;
/** So long (milliseconds) after it was begun a version is overwritten at the latest that a save overwrites which is under way, */
const overwritten = 5_000;
/** and so long after it was told that a save is not gated VS Code looks at the file, and writes it. */
const writesAfter = 1_000;
/** Saves so near (milliseconds) that were not gated are named with a version that is missing. */
const nearby = 30_000;
/** How often the windows are asked whether they show what is on the disk. */
const settleRounds = 3;
const extensionId = 'holdfast.holdfast';
/**
 * VS Code copies what it has saved to its local history, and waits with the next save until that is done. If another program makes the file
 * shorter meanwhile, that is never: libuv's copy (uv__fs_copyfile, unix/fs.c) goes on until it has as many bytes as the file had.
 */
export const chaosSettings = { 'workbench.localHistory.enabled': false } as const;
/** One extension host of ten epochs lives through them. */
const longLife = 10;

export interface Chaos {
  readonly epochs: number;
  readonly crashes: number;
  readonly persons: readonly PersonCounts[];
  /** How many versions each has written. */
  readonly versions: Readonly<Record<string, number>>;
  readonly missing: readonly (Missing & { readonly logged: readonly string[] })[];
  /** Those that were overwritten by a save that was not gated, which is shown. */
  readonly lostUngated: number;
  /** How many saves were not gated, and why. */
  readonly ungated: Readonly<Record<string, number>>;
  /** Files that were no whole version when all was quiet, and no save that was not gated can have made them so. */
  readonly torn: readonly (Torn & { readonly logged: readonly string[] })[];
  /** Those that VS Code and another program had written together, in a save that was not gated, which is shown. */
  readonly tornUngated: number;
  /** How often a window had taken another program's version for what it had saved itself; its next save then overwrites that. */
  readonly unaware: number;
  /** Names that were left over when all was quiet. */
  readonly left: readonly string[];
  /** Of each extension host that lived through more than one epoch: at the end of the first one, and of the last. */
  readonly usage: readonly { readonly epochs: number; readonly first: Usage; readonly last: Usage }[];
}

interface Torn {
  readonly path: string;
  readonly epoch: number;
  /** In milliseconds since the epoch of Unix: it has been written in between. */
  readonly from: number;
  readonly until: number;
  /** Its beginning, and its end. */
  readonly text: string;
}

/**
 * @param folder an empty one that both windows have open
 * @param epochs after each all come to rest, and are looked at
 * @param epoch milliseconds
 */
export async function chaos(
  editor: Editor,
  folder: string,
  seed: number,
  epochs: number,
  epoch: number,
  onEpoch: (number: number, crashes: number) => void = () => undefined,
): Promise<Chaos> {
  const aside = mkdtempSync(join(tmpdir(), 'holdfast-aside-'));
  try {
    return await unrest(editor, folder, aside, seed, epochs, epoch, onEpoch);
  } finally {
    rmSync(aside, { recursive: true });
  }
}

async function unrest(
  editor: Editor,
  folder: string,
  aside: string,
  seed: number,
  epochs: number,
  epoch: number,
  onEpoch: (number: number, crashes: number) => void,
): Promise<Chaos> {
  const random = randomFrom(seed);
  const ledger = new Ledger();
  const files = fileSizes.map((bytes, index) => ({ path: join(folder, `file-${String(index)}.txt`), bytes }));
  const paths = files.map(({ path }) => path);
  for (const { path, bytes } of files) {
    const version = ledger.begin(path, 'start', bytes);
    writeFileSync(path, ledger.text(version));
    ledger.done(version);
  }
  const persons: Person[] = [];
  for (const name of ['window 0', 'window 1']) {
    const window = await editor.openWindow();
    await window.activate(extensionId);
    const person = new Person(window, name, ledger, join(aside, `${name}.log`));
    await person.begin(paths);
    persons.push(person);
  }
  const holder = new Holder(random);
  const torn: Torn[] = [];
  const left: string[] = [];
  const usage = new Map<number, Usage[]>();
  let crashes = 0;
  let unaware = 0;
  for (let number = 1; number <= epochs; number++) {
    const from = Date.now();
    const victim = persons[number % longLife === 0 ? 0 : 1];
    await activity(epoch, [
      ...persons.map((person, which) => async () => {
        // Nobody works on one document in two windows at the same time.
        const own = files.filter((_, index) => (index + number) % persons.length === which);
        const { path, bytes } = pick(random, own);
        await person.save(path, bytes);
        return random() * pauses.person;
      }),
      async () => {
        const { path, bytes } = pick(random, files);
        await writeAsStranger(ledger, random, path, bytes, join(aside, 'next'));
        return random() * pauses.stranger;
      },
      async () => {
        await holder.release();
        await holder.turn(pick(random, paths));
        return random() * pauses.holder;
      },
      once(random() * epoch, async () => {
        crashes++;
        await victim?.crash(paths);
      }),
    ]);
    await holder.release();
    unaware += await settle(persons, files);
    for (const path of paths) {
      const text = readFileSync(path, 'utf8');
      if (ledger.whole(text) !== undefined) continue;
      torn.push({ path, epoch: number, from, until: Date.now(), text: `${text.slice(0, 70)} … ${text.slice(-70)}` });
    }
    // The next extension host removes, or keeps, what one that crashed has left.
    const names = await untilNames(folder, recoveryDeadline, ({ length }) => length === files.length);
    if (names.length !== files.length) left.push(...names);
    // The victim's has not lived through the epoch.
    for (const { window } of persons.filter((person) => person !== victim)) {
      const { extensionHostPid } = window;
      usage.set(extensionHostPid, [...(usage.get(extensionHostPid) ?? []), usageOf(extensionHostPid)]);
    }
    // VS Code starts an extension host that crashes again and again no more, unless the window is loaded anew.
    await victim?.window.reload();
    await victim?.window.activate(extensionId);
    await victim?.begin(paths);
    onEpoch(number, crashes);
  }
  unaware += await settle(persons, files);
  await holder.end();
  for (const { window } of persons) await window.close();
  const ungated = [...unguardedIn(editor.logs), ...persons.flatMap(({ alone }) => alone)].filter(({ path }) =>
    paths.includes(path),
  );
  const missing = ledger.missing([join(editor.storageOf(extensionId), 'kept')]);
  const lost = missing.filter(({ path, begun }) =>
    ungated.some(
      ({ path: saved, at, until = at + writesAfter }) => saved === path && until > begun && at < begun + overwritten,
    ),
  );
  const tornUngated = torn.filter(({ path, from, until }) =>
    ungated.some(({ path: saved, at, until: end = at + writesAfter }) => saved === path && end > from && at < until),
  );
  return {
    epochs,
    crashes,
    persons: persons.map(({ counts }) => counts),
    versions: ledger.counts(),
    missing: missing
      .filter((one) => !lost.includes(one))
      .map((one) => ({
        ...one,
        logged: [
          ...loggedOf(editor.logs, one.path, one.begun - overwritten, one.begun + overwritten),
          ...ungated
            .filter(({ path, at }) => path === one.path && Math.abs(at - one.begun) < nearby)
            .map((save) => JSON.stringify(save)),
        ],
      })),
    lostUngated: lost.length,
    ungated: countOf(ungated.map(({ why }) => why)),
    torn: torn
      .filter((one) => !tornUngated.includes(one))
      .map((one) => ({ ...one, logged: loggedOf(editor.logs, one.path, one.from, one.until) })),
    tornUngated: tornUngated.length,
    unaware,
    left,
    usage: [...usage.values()].flatMap((samples) => {
      const [first] = samples;
      const last = samples.at(-1);
      return samples.length > 1 && first && last ? [{ epochs: samples.length, first, last }] : [];
    }),
  };
}

/**
 * Until each window shows what is on the disk. One that does not know of it saves: what it overwrites is a version as any other, and may not
 * be lost.
 *
 * @returns how often that was so
 */
async function settle(
  persons: readonly Person[],
  files: readonly { readonly path: string; readonly bytes: number }[],
): Promise<number> {
  let unaware = 0;
  for (let round = 0; round < settleRounds; round++) {
    let all = true;
    for (const person of persons) {
      for (const path of await person.settle(files.map((file) => file.path))) {
        all = false;
        unaware++;
        await person.save(path, files.find((file) => file.path === path)?.bytes ?? 0);
      }
    }
    if (all) return unaware;
  }
  throw new Error(`after ${String(settleRounds)} rounds a window shows otherwise than it is on the disk`);
}

function countOf(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** Something that somebody does again and again: how long to pause then, in milliseconds; `undefined`: no more. */
type Turn = () => Promise<number | undefined>;

/** All of them side by side, for so long. */
async function activity(milliseconds: number, turns: readonly Turn[]): Promise<void> {
  const end = performance.now() + milliseconds;
  await Promise.all(
    turns.map(async (turn) => {
      while (performance.now() < end) {
        const pause = await turn();
        if (pause === undefined) return;
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }),
  );
}

/** Only once, after so many milliseconds. */
function once(after: number, work: () => Promise<void>): Turn {
  let begun = false;
  return async () => {
    if (!begun) {
      begun = true;
      return after;
    }
    await work();
    return undefined;
  };
}
