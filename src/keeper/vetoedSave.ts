import { describeError, SystemError, type ErrorFacts } from '../core/errors';
import type { Outcome } from '../core/gate/operations';
import { report, type Reason, type Report } from '../core/level';
import type { GateOrder, GateRequest } from '../core/messages';
import type { Target } from '../core/ports';
import type { Room, VetoBy } from '../core/veto';

/** The stager's part of a save that is to fail: it stands in for the keeper if that dies with the file protected. */
export class VetoedSave {
  /** What the save is if the keeper ends. */
  readonly ifStopped: Reason = 'noRoom';
  readonly #id: number;
  readonly #target: Target;
  readonly #over: () => void;
  readonly #answered: Promise<Outcome | 'armed'>;
  readonly #endProtection: (end: 'lifted' | 'unknown') => void;
  #answer: (outcome: Outcome | 'armed') => void = () => undefined;
  #armed = false;
  #ended = false;

  /**
   * Takes the target: it is closed when the save has ended.
   *
   * @param over the veto has ended
   * @throws SystemError of statx(2); then the target is the caller's still
   */
  constructor(id: number, target: Target, by: VetoBy, over: () => void) {
    this.#id = id;
    this.#endProtection = target.noteProtection(by);
    this.#target = target;
    this.#over = over;
    this.#answered = new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  /** The gate is shut, or was. */
  get armed(): boolean {
    return this.#armed;
  }

  /** Resolves when the editor may go on, and will fail; or refused. */
  arm(
    toKeeper: (order: GateOrder) => void,
    order: { readonly editor: number; readonly by: VetoBy; readonly because: ErrorFacts; readonly room: Room },
  ): Promise<Outcome | 'armed'> {
    const { place, handed: target } = this.#target;
    toKeeper({ kind: 'veto', id: this.#id, place, target, ...order });
    return this.#answered;
  }

  serve(request: GateRequest): void {
    if (request.kind === 'armed') {
      this.#armed = true;
      this.#answer('armed');
    } else if (request.kind === 'ended') this.end(request.outcome);
  }

  /** There is nothing to be staged anew. */
  change(): void {
    return;
  }

  end(outcome: Outcome): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#endProtection(isClean(outcome) ? 'lifted' : 'unknown');
    this.#over();
    this.#answer(outcome);
    this.#target.close();
  }
}

/** The keeper has told how it ended, and that it could do all it had to. */
function isClean(outcome: Outcome): boolean {
  return outcome.kind === 'refused'
    ? outcome.why !== 'stopped'
    : outcome.kind === 'withdrawn' && outcome.why !== 'failed';
}

/** Why a veto was not to be had, as `report` has it. */
export function notVetoed(outcome: Outcome, room: Room): Report {
  const error = outcome.kind === 'published' ? describeError(new SystemError('veto', '', 'EINVAL')) : outcome.error;
  const gate = outcome.kind === 'published' ? {} : { gate: outcome.why };
  return report('noRoom', { room, ...gate, ...(error ? { error } : {}) });
}
