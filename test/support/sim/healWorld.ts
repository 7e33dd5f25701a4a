/**
 * One file that is guarded and healed, in as much of Linux as that meets: a path, a temporary name, inodes, read leases, inotify. The guard is
 * the real one (`Post`, `Heal`); before each of its calls other programs may do something.
 *
 * An `open` for writing is taken apart as in fs/open.c: the path is resolved; the inode is counted as open; leases are broken and waited
 * for; the open is reported.
 */
import type { Holder } from '../../../src/core/holders/holder';
import { changeOf } from '../../../src/core/violations/compare';
import type { Healing } from '../../../src/core/violations/heal';
import { violationLimits } from '../../../src/core/violations/limits';
import { Post, type LeaseAnswer, type PostDoor } from '../../../src/core/violations/post';
import type { Change, NotHealed, Violation, Writer } from '../../../src/core/violations/violation';

const old = 'old\n';

/** What a program does to the file, at one time: what overlaps in stock is not ours. */
export interface Doing {
  readonly how: 'append' | 'rewrite' | 'rename';
  readonly bytes: string;
  /** It closes the file when something was told, and not before. */
  readonly stays?: true;
}

/** What the system may refuse, each time. */
export type Refusable = 'lease' | 'leaseNew' | 'listen' | 'restore' | 'replay';

/** Among programs, which have numbers from 0 on. */
const GUARD = -1;

type Stage = 'resolve' | 'count' | 'break' | 'waiting' | 'write' | 'close' | 'done';

interface Program {
  readonly doing: Doing;
  stage: Stage;
  inode: number;
}

export interface HealSetup {
  readonly programs: readonly Doing[];
  /**
   * A program may stop in the middle of its `open`, when it is counted, for longer than `quiet`; but not to go on in just those microseconds in
   * which the old bytes are put back.
   */
  readonly stalls?: true;
  /** All but the first program, which rewrites, begin when a heal has begun. */
  readonly later?: true;
  readonly refusals?: readonly Refusable[];
}

/** Changes what the guard does. */
export type Twist = (healing: Healing, world: HealWorld) => Partial<Healing>;

export interface Mutant {
  readonly name: string;
  readonly twist?: Twist;
  /** It does not look whether anybody is at the new inode when it puts the held one back. */
  readonly careless?: true;
  /** It does not wait for `quiet`. */
  readonly hasty?: true;
}

/** Something that must never be. */
export class Wrong extends Error {
  override readonly name = 'Wrong';
}

const bash: Holder = {
  process: { pid: 7, started: 1 },
  program: 'bash',
  since: 0,
  harm: 'readsAsItRuns',
  uid: 0,
  ancestors: [],
};

export class HealWorld {
  readonly trace: string[] = [];
  readonly told: (Omit<Violation, 'path' | 'when'> | undefined)[] = [];
  readonly #setup: HealSetup;
  readonly #choose: (options: number) => number;
  readonly #mutant: Mutant | undefined;
  readonly #programs: Program[];
  readonly #inodes: string[] = [old];
  #path = 0;
  #temporary: number | undefined;
  /** Our leases; true: somebody has broken it. */
  readonly #leases = new Map<number, boolean>();
  #signalled = false;
  #notices: ('modified' | 'closed')[] = [];
  /** What is told of the held inode since `listen`. */
  #events: string[] | undefined;
  #copy: string | undefined;
  #writes = true;
  #ours = false;
  #still = false;
  #refused = false;
  #now = 0;
  #begun = false;
  #current = GUARD;
  #post: Post | undefined;

  constructor(setup: HealSetup, choose: (options: number) => number, mutant?: Mutant) {
    this.#setup = setup;
    this.#choose = choose;
    this.#mutant = mutant;
    this.#programs = setup.programs.map((doing) => ({ doing, stage: 'resolve', inode: -1 }));
  }

  /** @throws Wrong */
  run(): void {
    this.#still = true;
    const post = new Post(this.#door(), (violation) => this.told.push(violation), true, 0);
    post.heals = true;
    this.#post = post;
    this.#still = false;
    for (let step = 0; ; step++) {
      if (step > 400) throw new Wrong('it does not come to an end');
      const able = this.#able();
      const guard = this.#guardMove(able.length > 0);
      const who = this.#next([...(guard ? [GUARD] : []), ...able]);
      if (who === undefined) break;
      if (who === GUARD) guard?.();
      else this.#move(who);
      this.#check();
    }
    this.#checkRest();
  }

  get heldInode(): string {
    return this.#inodes[0] ?? '';
  }

  // What the guard does next. What takes long passes only if nobody else can do anything.
  #guardMove(others: boolean): (() => void) | undefined {
    const post = this.#post;
    if (!post) return undefined;
    if (this.#signalled) {
      return () => {
        this.trace.push('guard: broken');
        this.#signalled = false;
        post.leaseBroken(this.#now, this.#now + violationLimits.caughtIn);
      };
    }
    const notice = this.#notices[0];
    if (notice) {
      return () => {
        this.trace.push(`guard: ${notice}`);
        this.#notices.shift();
        if (notice === 'closed') post.closed(this.#now);
        else post.modified(this.#now);
      };
    }
    const { due } = post;
    if (due === undefined) return undefined;
    const soon = due - this.#now <= 2 * violationLimits.shortestRetry;
    const opening = this.#programs.some(
      ({ stage }) => stage === 'count' || (stage === 'break' && this.#setup.stalls !== true),
    );
    const passes = soon ? !opening || this.#mutant?.hasty === true : !others;
    if (!passes) return undefined;
    return () => {
      this.trace.push('guard: tick');
      this.#now = Math.max(this.#now, due);
      post.tick(this.#now);
    };
  }

  #able(): number[] {
    const begun = this.#setup.later !== true || this.#begun;
    return this.#programs.flatMap(({ doing, stage, inode }, index) =>
      stage === 'done' ||
      (index > 0 && !begun) ||
      (stage === 'waiting' && this.#leases.has(inode)) ||
      (stage === 'close' && doing.stays === true && this.told.length === 0)
        ? []
        : [index],
    );
  }

  /** Others may do something before the guard's next call. */
  #pause(what: string): void {
    if (this.#still) return;
    for (;;) {
      const who = this.#next([GUARD, ...this.#able()]) ?? GUARD;
      if (who === GUARD) break;
      this.#move(who);
    }
    this.trace.push(`guard: ${what}`);
  }

  #refuses(what: Refusable): boolean {
    if (this.#setup.refusals?.includes(what) !== true || this.#choose(2) === 0) return false;
    this.trace.push(`${what} is refused`);
    this.#refused = true;
    return true;
  }

  /** Who was at it, as a rule. */
  #next(able: readonly number[]): number | undefined {
    const inTurn = able.toSorted((one, other) => Number(other === this.#current) - Number(one === this.#current));
    this.#current = inTurn[inTurn.length > 1 ? this.#choose(inTurn.length) : 0] ?? GUARD;
    return inTurn.length === 0 ? undefined : this.#current;
  }

  #move(index: number): void {
    const program = this.#programs[index];
    if (!program) throw new Error('no such program');
    const { doing, stage, inode } = program;
    this.trace.push(`${String(index)} ${doing.how}: ${stage}`);
    switch (stage) {
      case 'resolve':
        if (doing.how === 'rename') {
          this.#inodes.push(doing.bytes);
          this.#path = this.#inodes.length - 1;
          program.stage = 'done';
          return;
        }
        program.inode = this.#path;
        program.stage = 'count';
        return;
      case 'count':
        program.stage = 'break';
        return;
      case 'break':
        if (this.#leases.has(inode)) {
          if (this.#leases.get(inode) === false && inode === 0) this.#signalled = true;
          this.#leases.set(inode, true);
          program.stage = 'waiting';
        } else this.#through(program);
        return;
      case 'waiting':
        this.#through(program);
        return;
      case 'write': {
        const was = this.#inodes[inode] ?? '';
        this.#inodes[inode] = doing.how === 'append' ? was + doing.bytes : doing.bytes;
        this.#tellOf(inode, 'M');
        program.stage = 'close';
        return;
      }
      case 'close':
        program.stage = 'done';
        this.#tellOf(inode, 'C');
        return;
      case 'done':
        throw new Error('it is done');
    }
  }

  #through(program: Program): void {
    program.stage = 'write';
    this.#tellOf(program.inode, 'O');
  }

  /** Equal events come once. */
  #tellOf(inode: number, what: 'O' | 'M' | 'C'): void {
    if (inode !== 0) return;
    if (this.#events && this.#events.at(-1) !== what) this.#events.push(what);
    const notice = what === 'C' ? 'closed' : what === 'M' && this.#writes ? 'modified' : undefined;
    if (notice && this.#notices.at(-1) !== notice) this.#notices.push(notice);
  }

  #isWritten(inode: number): boolean {
    if (inode === 0 && this.#ours) return true;
    const writing: readonly Stage[] = ['break', 'waiting', 'write', 'close'];
    return this.#programs.some((program) => program.inode === inode && writing.includes(program.stage));
  }

  #take(inode: number): LeaseAnswer {
    if (this.#isWritten(inode)) return 'writer';
    this.#leases.set(inode, false);
    return 'taken';
  }

  #door(): PostDoor {
    const writersOf = (stages: readonly Stage[]): readonly Writer[] =>
      this.#programs.flatMap(({ inode, stage }, index) =>
        inode === 0 && stages.includes(stage) ? [{ pid: 900 + index, program: 'w' }] : [],
      );
    const copied = (): number | undefined => (this.#copy === undefined ? undefined : 1);
    return {
      get copied() {
        return copied();
      },
      lease: () => {
        this.#pause('lease');
        if (this.#post?.healing === true && this.#refuses('lease')) return 'never';
        return this.#take(0);
      },
      letGo: () => {
        this.#pause('letGo');
        this.#leases.delete(0);
      },
      // Nobody here stands still for so long.
      isOver: () => false,
      isBroken: () => {
        this.#pause('isBroken');
        return this.#leases.get(0) !== false;
      },
      waiting: () => writersOf(['waiting']),
      writers: () => writersOf(['write', 'close']),
      holders: () => [bash],
      copy: () => {
        this.#copy ??= this.#inodes[0];
      },
      dropCopy: () => {
        this.#copy = undefined;
      },
      leaveCopy: () => {
        this.#copy = undefined;
      },
      remember: () => undefined,
      tellWrites: (on) => {
        this.#writes = on;
      },
      compare: (): Change | undefined =>
        this.#copy === undefined ? undefined : changeOf(Buffer.from(this.#copy), Buffer.from(this.heldInode)),
      now: () => this.#now,
      readyHeal: () => undefined,
      dropReady: () => undefined,
      lookBeforeHeal: () => undefined,
      heal: () => this.#heal(),
    };
  }

  #heal(): Healing | NotHealed {
    const running = this.#copy;
    this.#begun = true;
    this.#pause('begin');
    if (running === undefined) return 'noCopy';
    if (this.#path !== 0) return 'moved';
    let base = this.heldInode;
    this.#inodes.push(base);
    const fresh = this.#inodes.length - 1;
    this.#temporary = fresh;
    const exchange = (): void => {
      const at = this.#path;
      this.#path = this.#temporary ?? at;
      this.#temporary = at;
    };
    const letNewGo = (): void => {
      this.#leases.delete(fresh);
    };
    const isNewKept = (): boolean => this.#leases.get(fresh) === false && !this.#isWritten(fresh);
    const healing: Healing = {
      leaseNew: () => {
        this.#pause('leaseNew');
        if (this.#refuses('leaseNew')) return 'never';
        return this.#take(fresh);
      },
      publish: () => {
        this.#pause('publish');
        if (this.#path !== 0) return 'moved';
        exchange();
        return 'published';
      },
      putBack: () => {
        this.#events = undefined;
        this.#pause('putBack');
        if (this.#path !== fresh) return 'moved';
        const careless = this.#mutant?.careless === true;
        if (!careless && !isNewKept()) {
          letNewGo();
          return 'apart';
        }
        exchange();
        return 'back';
      },
      stayBack: () => {
        this.#pause('stayBack');
        if (this.#mutant?.careless === true || isNewKept()) return 'back';
        if (this.#path !== 0) return 'moved';
        exchange();
        letNewGo();
        return 'apart';
      },
      listen: () => {
        this.#pause('listen');
        if (this.#refuses('listen')) return false;
        this.#still = this.#setup.stalls === true;
        this.#events ??= [];
        return true;
      },
      open: () => {
        this.#pause('open');
        this.#ours = true;
        this.#tellOf(0, 'O');
        return 'opened';
      },
      hasCome: () => {
        this.#pause('hasCome');
        const came = this.#events?.join('') !== 'O';
        this.#events = undefined;
        if (came) this.#still = false;
        return came;
      },
      restore: () => {
        this.#pause('restore');
        if (this.#refuses('restore')) {
          this.#still = false;
          return undefined;
        }
        this.#inodes[0] = running;
        base = running;
        this.#tellOf(0, 'M');
        this.#still = false;
        letNewGo();
        return this.#now;
      },
      shut: () => {
        this.#pause('shut');
        this.#ours = false;
        this.#tellOf(0, 'C');
      },
      isRestored: () => {
        this.#pause('isRestored');
        return this.heldInode === running;
      },
      replay: () => {
        this.#pause('replay');
        const found = this.heldInode;
        if (found === base) return true;
        if (this.#refuses('replay')) return false;
        letNewGo();
        if (this.#path === fresh) {
          const appended = found.startsWith(base);
          this.#inodes[fresh] = appended ? (this.#inodes[fresh] ?? '') + found.slice(base.length) : found;
        }
        base = found;
        return true;
      },
      letSave: () => undefined,
      end: () => {
        this.#pause('end');
        if (this.#temporary === 0 || this.#temporary === fresh) this.#temporary = undefined;
        this.#events = undefined;
        letNewGo();
      },
      leave: () => undefined,
    };
    return { ...healing, ...this.#mutant?.twist?.(healing, this) };
  }

  #check(): void {
    const at = this.#inodes[this.#path];
    if (at === undefined) throw new Wrong('the path leads to nothing');
  }

  /** Everybody has done what he wanted. */
  #checkRest(): void {
    if (this.#post?.healing === true) throw new Wrong('a heal that never ends');
    if (this.#temporary !== undefined) throw new Wrong('a temporary name is left');
    if (this.#programs.some(({ stage }) => stage !== 'done'))
      throw new Wrong('nothing is told, or somebody waits for ever');
    if (this.heldInode !== old && this.told.length === 0) throw new Wrong('nobody is told');
    const at = this.#inodes[this.#path] ?? '';
    const { programs, later } = this.#setup;
    const [first, ...others] = programs;
    const possible = later && first ? results(others, first.bytes) : results(programs);
    if (!possible.has(at)) throw new Wrong(`what was written is lost: ${JSON.stringify(at)}`);
    const renamed = this.#programs.some(({ doing }) => doing.how === 'rename');
    const last = this.told.findLast((told) => told !== undefined)?.healed?.is;
    const healed = last === 'healed';
    if (this.#path === 0) {
      if (healed && this.heldInode !== old) throw new Wrong('called healed, and is not');
    } else if (!renamed && this.heldInode !== old && !(this.#refused && last === 'not'))
      throw new Wrong(`a mixture stays: ${JSON.stringify(this.heldInode)}`);
  }
}

/** What can be at the path in the end, in whatever order it was done. */
function results(doings: readonly Doing[], before = old): ReadonlySet<string> {
  if (doings.length === 0) return new Set([before]);
  const all = doings.flatMap((doing, index) => {
    // What is renamed over the path takes the others along that were on their way to what was there.
    const rest = doings.toSpliced(index, 1);
    const after = doing.how === 'append' ? before + doing.bytes : doing.bytes;
    return [...results(rest, after), ...(doing.how === 'rename' ? [after] : [])];
  });
  return new Set(all);
}
