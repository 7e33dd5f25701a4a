/** What must hold: `02-the-save.md`, "States and what holds in each". */
import { chunksOf } from './actors';
import { inodeOf, isOpenForWriting, OLD, Violation } from './kernel';
import { type Save, type Setup, type World } from './world';

/**
 * Whether the editor may write this inode as it does without us: nothing was promised for this save any more, or another
 * program has put the inode there.
 */
export function isHarmless(world: World, setup: Setup, index: number, inode: number): boolean {
  const keeper = world.keepers[index];
  if (!keeper?.alive) return true;
  // An `open` that a signal makes begin again can come when all is over: after a stop, or if another program wrote the bait.
  const stopped = (setup.left.stops ?? 0) > world.left.stops;
  const other = setup.writers.length > 0 || stopped;
  if (keeper.ended && other && (setup.left.signals ?? 0) > world.left.signals) return true;
  if (keeper.ended && (stopped || setup.hasty) && keeper.gate.interrupts > 0) return true;
  if (world.editors[index]?.stock === true) return true;
  if (inodeOf(world.kernel, inode).by === 'other') return !hasHeard(world, index);
  // It is just giving up, or letting others in.
  const event = keeper.reacting?.event;
  const givesUp =
    event?.is === 'over' || (event?.is === 'tick' && (event.name === 'expire' || event.name === 'expect'));
  if (givesUp && keeper.gate.phase === 'armed' && inode === world.kernel.path) return true;
  // Another program was let in, and we do not stand between the two.
  const slot = keeper.site.taken.find((taken) => taken.inode === inode)?.slot;
  if (keeper.gate.admitted.some((admitted) => admitted === slot) && inode === world.kernel.path) return true;
  return keeper.gate.phase === 'yielded' || (keeper.ended !== undefined && keeper.ended.kind !== 'published');
}

/** It waits for the editor, and there is no news for it. */
function hasHeard({ kernel, keepers }: World, index: number): boolean {
  const keeper = keepers[index];
  if (keeper?.gate.phase !== 'armed' || keeper.reacting || keeper.inbox.length > 0) return false;
  return !keeper.ended && !kernel.notices.some((notice) => notice.keeper === index);
}

/** The editor's own look at the file, before it opens it, finds what another program has written. */
export function checkSeen(world: World, setup: Setup): void {
  // Between an exchange and its being taken back there are microseconds.
  if (setup.writers.length !== 1) return;
  if (!world.keepers.every(({ alive, ended, reacting }) => alive && !ended && !reacting)) return;
  const [writer] = world.writers;
  if (writer?.stage !== 'done' || writer.raced || writer.at === undefined || world.kernel.path === undefined) return;
  const [chunk = ''] = chunksOf(setup, 0);
  if (!inodeOf(world.kernel, world.kernel.path).bytes.includes(chunk)) throw new Violation('a conflict is hidden');
}

const known = new WeakMap<Setup, Map<string, ReadonlySet<string>>>();

function wholes(world: World, setup: Setup): ReadonlySet<string> {
  const key = world.editors.map(({ stage }) => (stage === 'tell' || stage === 'saved' ? 1 : 0)).join();
  const ofSetup = known.get(setup) ?? new Map<string, ReadonlySet<string>>();
  known.set(setup, ofSetup);
  const found = ofSetup.get(key) ?? findWholes(world, setup);
  ofSetup.set(key, found);
  return found;
}

/** Complete versions, without what was appended to them. */
function findWholes(world: World, setup: Setup): ReadonlySet<string> {
  const finished = setup.saves.filter((_save, index) => {
    const stage = world.editors[index]?.stage;
    return stage === 'tell' || stage === 'saved';
  });
  return new Set(
    [
      OLD,
      ...setup.saves.map((save) => save.staged),
      ...finished.map((save) => save.writes),
      // Without us, too, its beginning would be there for others to append to.
      ...setup.saves.filter((save) => save.failsAfter !== undefined && setup.writers.length > 0).map(beginning),
      ...setup.writers.map((_kind, index) => chunksOf(setup, index)),
    ].map((bytes) => bytes.join()),
  );
}

function beginning(save: Save): readonly string[] {
  return save.writes.slice(0, save.failsAfter);
}

function isWhole(bytes: readonly string[], whole: ReadonlySet<string>): boolean {
  const end = bytes.findIndex((chunk) => chunk.startsWith('+'));
  const base = end < 0 ? bytes : bytes.slice(0, end);
  return whole.has(base.join()) && (end < 0 || bytes.slice(end).every((chunk) => chunk.startsWith('+')));
}

/** In every state. */
export function check(world: World, setup: Setup): void {
  const { kernel } = world;
  const whole = wholes(world, setup);
  if (kernel.path === undefined) {
    if (!world.writers.some((writer, index) => setup.writers[index] === 'recreate' && writer.written === -1)) {
      throw new Violation('nothing at the path');
    }
  } else {
    const inode = inodeOf(kernel, kernel.path);
    const theirs = inode.stock || ((inode.wild || inode.by === 'other') && isOpenForWriting(kernel, kernel.path));
    if (!theirs && !isWhole(inode.bytes, whole)) throw new Violation('torn at the path', inode.bytes.join());
  }
  world.readers.forEach((reader, index) => {
    if (reader.stage !== 'close' || reader.at === undefined || reader.excuse !== undefined) return;
    const inode = inodeOf(kernel, reader.at);
    const theirs = inode.stock || inode.wild || inode.by === 'other';
    if (!theirs && !isWhole(reader.got, whole)) {
      throw new Violation('torn read', `reader${index} got ${reader.got.join()}`);
    }
  });
  world.keepers.forEach((keeper, index) => {
    const editor = world.editors[index];
    if (keeper.ended?.kind === 'published' && editor?.stage === 'saved') checkLanded(world, setup, index);
  });
}

/** What the editor wrote is what the path leads to, unless somebody else has written since. */
function checkLanded(world: World, setup: Setup, index: number): void {
  const save = setup.saves[index];
  const { path } = world.kernel;
  if (!save || path === undefined) return;
  const { bytes, wild, by, stock } = inodeOf(world.kernel, path);
  const stopped = (setup.left.stops ?? 0) > world.left.stops;
  if (wild || by === 'other' || stock || stopped || world.keepers.length > 1) return;
  if (bytes.join() !== save.writes.join()) throw new Violation('not what the editor wrote', bytes.join());
}

/** When nobody can go on any more. */
export function checkRest(world: World, setup: Setup): void {
  const { kernel } = world;
  const dead = world.keepers.some((keeper) => !keeper.alive);
  world.keepers.forEach((keeper, index) => {
    if (keeper.alive && !keeper.ended) throw new Violation('never ends', `keeper${index} in ${keeper.gate.phase}`);
  });
  if (kernel.leases.length > 0 || kernel.watches.length > 0) throw new Violation('leases are left');
  if (kernel.temporary.length > 0 && !dead) throw new Violation('temporary names are left');
  if (kernel.files.length > 0) throw new Violation('somebody waits for ever', kernel.files[0]?.owner);
  world.writers.forEach((writer, index) => {
    if (!survives(world, setup, index)) throw new Violation('what another program wrote is lost', `writer${index}`);
    if (writer.stage !== 'done') throw new Violation('a writer is stuck', `writer${index}`);
  });
  world.editors.forEach((editor, index) => {
    checkEditor(world, setup, index, editor.stage);
    checkShown(world, setup, index);
  });
}

function survives(world: World, setup: Setup, index: number): boolean {
  const writer = world.writers[index];
  // Others write, too: whose bytes are whose to overwrite is their affair.
  // There was no time to keep it.
  if ((setup.left.stops ?? 0) > world.left.stops) return true;
  if (writer?.at === undefined || writer.raced || setup.writers.length > 1) return true;
  if (inodeOf(world.kernel, writer.at).stock && !writer.early) return true;
  const places = world.keepers.some((keeper) => !keeper.alive) ? world.kernel.temporary : [];
  const there = [world.kernel.path, ...places].map((inode) =>
    inode === undefined ? [] : inodeOf(world.kernel, inode).bytes,
  );
  const [chunk = ''] = chunksOf(setup, index);
  if (there.some((bytes) => bytes.includes(chunk))) return true;
  // Aside only if it had to make room.
  const published = world.keepers.some(({ gate, alive }) => !alive || gate.counts.publishes > 0);
  return published && world.kept.some((bytes) => bytes.includes(chunk));
}

/** What another program has put at the path is not what the editor goes on to call saved. */
function checkShown(world: World, setup: Setup, index: number): void {
  const { path } = world.kernel;
  const saw = world.editors[index]?.saw;
  if (!saw || path !== saw.inode || setup.hasty || Object.keys(setup.left).length > 0) return;
  const ended = world.keepers[index]?.ended;
  if (ended?.kind !== 'published' || world.keepers.length > 1) return;
  // Both wrote one bait at the same time, as both write one file without us.
  if (ended.counts.publishes > 1) return;
  const { mtime, changes } = inodeOf(world.kernel, path);
  if (mtime === saw.mtime && changes === saw.changes) throw new Violation('taken for what was saved');
}

function checkEditor(world: World, setup: Setup, index: number, stage: string): void {
  const keeper = world.keepers[index];
  const save = setup.saves[index];
  if (!keeper || !save || !keeper.alive) return;
  if (stage !== 'saved' && stage !== 'failed') throw new Violation('the editor is stuck', stage);
  const excuses = Object.keys(setup.left).filter((what) => what !== 'signals' && what !== 'losses');
  const alone = setup.writers.length === 0 && setup.saves.length === 1 && excuses.length === 0;
  if (!alone || setup.hasty) return;
  // Nothing went wrong: there is no excuse.
  if (keeper.ended?.kind !== 'published') throw new Violation('not published', JSON.stringify(keeper.ended));
  const patient = setup.readers.includes('stays');
  const givenUp = world.readers.some((reader) => reader.excuse === 'known');
  if (givenUp && keeper.ended.counts.residual === 0) throw new Violation('not counted');
  if (givenUp && !patient) throw new Violation('let go while somebody was there');
}
