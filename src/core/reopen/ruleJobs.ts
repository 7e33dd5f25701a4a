import type { ErrorFacts } from '../errors';
import type { Candidate } from '../holders/named';
import { reopen } from './limits';
import { OneAtATime, type Turn } from './oneAtATime';
import { decide, keyOfCandidate, keyOfJob, type Job, type RuleDecision } from './rules';

/** The programs that are meant, by `keyOfCandidate`; `undefined`: there are none to choose among. */
export type Chosen = ReadonlySet<string> | undefined;

export interface RuleDoors<Result> {
  /** The programs that are meant; `undefined`: a unit that runs, or none is asked for. */
  find(job: Job): Promise<readonly Candidate[] | ErrorFacts | undefined>;
  /** Asks the person. Resolves when it is answered, which may be never. */
  ask(job: Job, which: 'whether' | 'of', found: readonly Candidate[] | undefined): Promise<Chosen | 'none'>;
  act(job: Job, chosen: Chosen): Promise<Result>;
  acted(job: Job, result: Result): void;
  /** What kept it from being done. */
  leftOut(job: Job, why: ErrorFacts | 'notRunning' | 'notWanted'): void;
}

interface Task {
  readonly job: Job;
  /** It was asked about, and this is the answer. */
  readonly answer?: { readonly chosen: Chosen };
}

/**
 * Carries out rules for saves. A question is about one save, and what it is answered is done for that one; nothing waits for the answer, so that each
 * save is asked about, also while older questions are open.
 */
export class RuleJobs<Result> {
  readonly #doors: RuleDoors<Result>;
  readonly #tasks = new OneAtATime<Task>((task, turn) => this.#work(task, turn), reopen.actions);

  /** @param doors none of them rejects */
  constructor(doors: RuleDoors<Result>) {
    this.#doors = doors;
  }

  /** Resolves when nothing is left to be done, but what waits for an answer. */
  async add(job: Job): Promise<void> {
    await this.#tasks.add(keyOfJob(job), { job });
  }

  async #work(task: Task, turn: Turn<Task>): Promise<void> {
    const chosen = await this.#chosen(task);
    if (chosen === 'none') {
      turn.drop();
      return;
    }
    await turn.act(async (latest) => {
      // Who was found for an older save may have been restarted before this one.
      const now = latest === task ? chosen : await this.#chosen(latest);
      if (now !== 'none') this.#doors.acted(latest.job, await this.#doors.act(latest.job, now));
    });
  }

  /** `none`: nothing is to be done, or not before it is answered. */
  async #chosen({ job, answer }: Task): Promise<Chosen | 'none'> {
    if (answer) return answer.chosen;
    const found = await this.#doors.find(job);
    if (found && 'errno' in found) {
      this.#doors.leftOut(job, found);
      return 'none';
    }
    const decision = decide(job.rule, found);
    switch (decision.is) {
      case 'nothing':
        this.#doors.leftOut(job, 'notRunning');
        return 'none';
      case 'ask':
        void this.#ask(job, decision, found);
        return 'none';
      case 'act':
        return found && new Set(found.map(keyOfCandidate));
    }
  }

  async #ask(
    job: Job,
    { which }: Extract<RuleDecision, { is: 'ask' }>,
    found: readonly Candidate[] | undefined,
  ): Promise<void> {
    const chosen = await this.#doors.ask(job, which, found);
    if (chosen === 'none') this.#doors.leftOut(job, 'notWanted');
    else await this.#tasks.add(keyOfAnswered(job, chosen), { job, answer: { chosen } });
  }
}

/** A save that nobody was asked about must not stand in for this one. */
function keyOfAnswered(job: Job, chosen: Chosen): string {
  // A command is run once, for whichever programs.
  const of = job.rule.action.is === 'signal' && chosen ? [...chosen].sort() : [];
  return JSON.stringify(['answered', keyOfJob(job), of]);
}
