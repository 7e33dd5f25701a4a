/** Everybody but the keeper: the editor, readers, other programs that write, and what happens to them. */
import { isWaitingForEditor } from '../../../src/core/gate/gate';
import { checkSeen, isHarmless } from './checks';
import {
  abandonOpen,
  breakLeases,
  changeInode,
  closeFile,
  inodeOf,
  isThrough,
  makeInode,
  moveTo,
  OLD,
  reportOpen,
  show,
  startOpen,
  truncate,
  Violation,
  writeAt,
} from './kernel';
import { changeKeeper, keeperOf, type Move } from './keeperMoves';
import * as site from './simSite';
import { EDITOR, type Editor, type EditorStage, type Reader, type Setup, type World, type Writer } from './world';

function at(actor: { readonly at: number | undefined }): number {
  if (actor.at === undefined) throw new Error('has resolved nothing');
  return actor.at;
}

/** On the way to truncating what it has resolved, or writing it. */
const IN_OPEN: readonly EditorStage[] = ['access', 'break', 'wait', 'enter', 'write', 'close'];

/** The editor of one window, after its save participants. */
export function editorMoves(world: World, index: number, setup: Setup): readonly Move[] {
  const editor = world.editors[index];
  const save = setup.saves[index];
  if (!editor || !save) return [];
  const who = `editor${index}`;
  const move = (what: string, make: (next: World, set: (now: Partial<Editor>) => void) => void): Move => ({
    who,
    what,
    make: (next) =>
      make(next, (now) => {
        next.editors = next.editors.with(index, { ...editor, ...now });
      }),
  });
  const keeper = keeperOf(world, index);
  const { kernel } = world;
  switch (editor.stage) {
    case 'asked':
      // What becomes of a refused save is no concern of the gate.
      if (keeper.ended?.kind === 'refused' && setup.lock !== 'refuse')
        return [move('is refused', (_next, set) => set({ stage: 'failed' }))];
      if (!keeper.answered && keeper.alive && !keeper.ended) return [];
      return [move('goes on', (_next, set) => set({ stage: 'stat' }))];
    case 'stat':
      return [
        move('stat', (next, set) => {
          const found = next.kernel.path === undefined ? undefined : inodeOf(next.kernel, next.kernel.path);
          const conflict = found !== undefined && found.mtime > 0 && found.bytes.length !== OLD.length;
          if (!conflict) {
            checkSeen(next, setup);
            set({ stage: 'resolve' });
            return;
          }
          fail(next, index, setup);
          set({ stage: 'failed' });
        }),
      ];
    case 'resolve':
      return [
        move('resolves the path', (next, set) => {
          if (next.kernel.path === undefined) {
            next.kernel.path = makeInode(next.kernel, [], 1, 'other');
            changeInode(next.kernel, next.kernel.path, { stock: true });
          }
          set({ stage: 'access', at: next.kernel.path });
        }),
      ];
    case 'access':
      return [
        move('counts as a writer', (next, set) => {
          startOpen(next.kernel, { owner: who, process: EDITOR, inode: at(editor), write: true });
          set({ stage: 'break' });
        }),
      ];
    case 'break':
      return [move('breaks leases', (next, set) => set({ stage: breakLeases(next.kernel, who) ? 'enter' : 'wait' }))];
    case 'wait': {
      const again = move('is interrupted by a signal', (next, set) => {
        next.left = { ...next.left, signals: next.left.signals - 1 };
        abandonOpen(next.kernel, who);
        set({ stage: 'resolve', at: undefined });
      });
      const through = move('is let in', (next, set) => enter(next, index, setup, set));
      return [...(isThrough(kernel, at(editor)) ? [through] : []), ...(world.left.signals > 0 ? [again] : [])];
    }
    case 'enter':
      return [move('opens', (next, set) => enter(next, index, setup, set))];
    case 'write': {
      const chunk = save.writes[editor.written];
      const full = editor.written === save.failsAfter;
      if (chunk === undefined || full) return [move('has written', (_next, set) => set({ stage: 'close' }))];
      return [
        move(`writes ${chunk}`, (next, set) => {
          writeAt(next.kernel, at(editor), editor.written, chunk);
          set({ written: editor.written + 1 });
        }),
      ];
    }
    case 'close':
      return [
        move('closes', (next, set) => {
          closeFile(next.kernel, who);
          if (save.failsAfter === undefined) {
            set({ stage: 'tell' });
            return;
          }
          fail(next, index, setup);
          set({ stage: 'failed' });
        }),
      ];
    case 'tell':
      return [
        move('looks at the path, and says that it is saved', (next, set) => {
          const { path } = next.kernel;
          const found = path === undefined ? undefined : inodeOf(next.kernel, path);
          const isOther = found !== undefined && found.bytes.join() !== save.writes.join();
          tell(next, index, 'saved');
          const saw =
            isOther && path !== undefined ? { inode: path, mtime: found.mtime, changes: found.changes } : undefined;
          set({ stage: 'saved', saw });
        }),
      ];
    case 'saved':
    case 'failed':
      return [];
  }
}

/** Its open goes through, and truncates. */
function enter(world: World, index: number, setup: Setup, set: (now: Partial<Editor>) => void): void {
  const { kernel } = world;
  const who = `editor${index}`;
  const inode = world.editors[index]?.at ?? 0;
  const stock = isHarmless(world, setup, index, inode);
  if (stock) changeInode(kernel, inode, { stock: true });
  else checkTruncation(world, inode);
  reportOpen(kernel, who);
  truncate(kernel, inode);
  show(kernel, who);
  set({ stage: 'write', stock });
}

/** Rules 1 and 2 where they would be broken: the inode is nobody else's, and off the path. */
function checkTruncation(world: World, inode: number): void {
  if (world.kernel.path === inode) throw new Violation('truncated at the path');
  world.readers.forEach((reader, index) => {
    if (reader.at === inode && reader.stage !== 'done' && reader.excuse === undefined) {
      throw new Violation('held bytes changed', `reader${index}`);
    }
  });
}

function tell(world: World, index: number, why: 'saved' | 'givenUp' | 'superseded' | 'stop'): void {
  const keeper = keeperOf(world, index);
  if (keeper.alive && !keeper.ended) changeKeeper(world, index, { inbox: [...keeper.inbox, { is: 'over', why }] });
}

function fail(world: World, index: number, setup: Setup): void {
  const why = setup.saves[index]?.afterFailure;
  if (why) tell(world, index, why);
}

export function readerMoves(world: World, index: number, setup: Setup): readonly Move[] {
  const reader = world.readers[index];
  if (!reader || reader.stage === 'done') return [];
  const who = `reader${index}`;
  const move = (what: string, make: (next: World, set: (now: Partial<Reader>) => void) => void): readonly Move[] => [
    {
      who,
      what,
      make: (next) =>
        make(next, (now) => {
          next.readers = next.readers.with(index, { ...(next.readers[index] ?? reader), ...now });
        }),
    },
  ];
  switch (reader.stage) {
    case 'resolve':
      return move('resolves the path', (next, set) => {
        if (next.kernel.path === undefined) {
          set({ stage: 'done' });
          return;
        }
        set({ stage: 'count', at: next.kernel.path });
      });
    case 'count':
      return move('counts as a reader', (next, set) => {
        startOpen(next.kernel, { owner: who, process: 20 + index, inode: at(reader), write: false });
        if (setup.coarse) reportOpen(next.kernel, who);
        set({ stage: setup.coarse ? 'show' : 'report' });
      });
    case 'report':
      return move('opens', (next, set) => {
        reportOpen(next.kernel, who);
        set({ stage: 'show' });
      });
    case 'show':
      return move('has a descriptor', (next, set) => {
        show(next.kernel, who);
        set({ stage: 'read' });
      });
    case 'read':
      return move('reads', (next, set) => {
        const { bytes } = inodeOf(next.kernel, at(reader));
        if (setup.coarse) {
          set({ stage: 'close', got: [...reader.got, ...bytes.slice(reader.got.length)] });
          return;
        }
        const chunk = bytes[reader.got.length];
        set(chunk === undefined ? { stage: 'close' } : { got: [...reader.got, chunk] });
      });
    case 'close':
      if (setup.readers[index] === 'stays' && world.keepers.some((keeper) => keeper.alive && !keeper.ended)) return [];
      return move('closes', (next, set) => {
        closeFile(next.kernel, who);
        set({ stage: 'done' });
      });
  }
}

/** What other programs write. */
export function chunksOf(setup: Setup, index: number): readonly string[] {
  const appends = setup.writers[index] === 'append' || setup.writers[index] === 'nonblocking';
  return appends ? [`+${index}`] : [`w${index}a`, `w${index}b`];
}

export function writerMoves(world: World, index: number, setup: Setup): readonly Move[] {
  const writer = world.writers[index];
  const kind = setup.writers[index];
  if (!writer || kind === undefined || writer.stage === 'done') return [];
  const who = `writer${index}`;
  const move = (what: string, make: (next: World, set: (now: Partial<Writer>) => void) => void): readonly Move[] => [
    {
      who,
      what: `${kind} ${what}`,
      make: (next) =>
        make(next, (now) => {
          next.writers = next.writers.with(index, { ...writer, ...now });
        }),
    },
  ];
  const chunks = chunksOf(setup, index);
  switch (writer.stage) {
    case 'resolve':
      if (kind === 'rename') {
        return move('renames over the path', (next, set) => {
          moveTo(next.kernel, makeInode(next.kernel, chunks, 1, 'other'));
          set({ stage: 'done', at: next.kernel.path });
        });
      }
      if (kind === 'recreate') {
        if (writer.written === 0) {
          return move('unlinks', (next, set) => {
            moveTo(next.kernel, undefined);
            set({ written: -1 });
          });
        }
        return move('creates', (next, set) => {
          // Somebody else may have created it.
          if (next.kernel.path !== undefined) {
            set({ stage: 'done' });
            return;
          }
          const inode = makeInode(next.kernel, [], 1, 'other');
          next.kernel.path = inode;
          startOpen(next.kernel, { owner: who, process: 30 + index, inode, write: true });
          reportOpen(next.kernel, who);
          set({ stage: 'write', at: inode, written: 0 });
        });
      }
      return move('resolves the path', (next, set) => {
        if (next.kernel.path === undefined) {
          set({ stage: 'done' });
          return;
        }
        set({ stage: 'access', at: next.kernel.path });
      });
    case 'access':
      return move('counts as a writer', (next, set) => {
        startOpen(next.kernel, { owner: who, process: 30 + index, inode: at(writer), write: true });
        if (setup.coarse && kind !== 'nonblocking') {
          set({ stage: breakLeases(next.kernel, who) ? 'enter' : 'wait' });
          return;
        }
        set({ stage: 'break' });
      });
    case 'break':
      return move('breaks leases', (next, set) => {
        if (breakLeases(next.kernel, who)) {
          set({ stage: 'enter' });
          return;
        }
        if (kind !== 'nonblocking') {
          set({ stage: 'wait' });
          return;
        }
        abandonOpen(next.kernel, who);
        set({ stage: 'done', at: undefined });
      });
    case 'wait':
      return isThrough(world.kernel, at(writer))
        ? move('is let in', (next, set) => enterOther(next, index, setup, set))
        : [];
    case 'enter':
      return move('opens', (next, set) => enterOther(next, index, setup, set));
    case 'write': {
      const chunk = chunks[writer.written];
      if (chunk === undefined) {
        return move('closes', (next, set) => {
          closeFile(next.kernel, who);
          set({ stage: 'done' });
        });
      }
      return move(`writes ${chunk}`, (next, set) => {
        const inode = inodeOf(next.kernel, at(writer));
        writeAt(next.kernel, at(writer), chunk.startsWith('+') ? inode.bytes.length : writer.written, chunk);
        const isThere = next.editors.some((editor) => editor.at === writer.at && IN_OPEN.includes(editor.stage));
        // Whom the keeper has seen is not let go together with the editor.
        const raced = isThere && !writer.known;
        changeInode(next.kernel, at(writer), { wild: true, stock: inode.stock || (raced && kind === 'rewrite') });
        set({ written: writer.written + 1, raced: writer.raced || raced });
      });
    }
    case 'close':
      return [];
  }
}

function enterOther(world: World, index: number, setup: Setup, set: (now: Partial<Writer>) => void): void {
  const who = `writer${index}`;
  const inode = world.writers[index]?.at ?? 0;
  reportOpen(world.kernel, who);
  if (setup.writers[index] === 'rewrite') truncate(world.kernel, inode);
  changeInode(world.kernel, inode, { wild: true });
  show(world.kernel, who);
  // They may have waited together, and a signal takes the editor away.
  const signalled = (setup.left.signals ?? 0) > 0;
  const isExpected = world.keepers.some((keeper) => keeper.alive && isWaitingForEditor(keeper.gate) && !keeper.late);
  const early = isExpected && !signalled;
  set({ stage: 'write', early });
}

/** The keeper's process dies: its leases and descriptors go, and nothing of it runs any more. */
export function deathMoves(world: World): readonly Move[] {
  if (world.left.deaths === 0) return [];
  return world.keepers.flatMap((keeper, index) => {
    if (!keeper.alive || keeper.ended) return [];
    const make = (next: World): void => {
      const mine = { ...keeper.site };
      site.die(next.kernel, mine);
      next.kernel.signalled = next.kernel.signalled.filter((one) => one !== index);
      for (const file of next.kernel.files.filter((one) => one.process === mine.process))
        closeFile(next.kernel, file.owner);
      next.jobs = next.jobs.filter((job) => job.keeper !== index);
      changeKeeper(next, index, { site: mine, alive: false, reacting: undefined, inbox: [], timers: [], handed: [] });
      next.left = { ...next.left, deaths: next.left.deaths - 1 };
    };
    return [{ who: 'death', what: `keeper${index} dies`, make }];
  });
}
