import { execFile } from 'node:child_process';

import type { ErrorFacts } from '../core/errors';
import type { Unit } from '../core/holders/inspected';
import { reopen } from '../core/reopen/limits';
import { saysActive, saysCanReload, systemctlWords, type Units, type UnitVerb } from '../core/reopen/units';

interface Ran {
  readonly output: string;
  readonly error?: ErrorFacts;
}

/** Speaks with systemd by its own program, the first one in PATH; no shell reads the words. */
export class Systemctl implements Units {
  readonly #onError: (error: ErrorFacts) => void;
  readonly #known = new Map<string, { readonly at: number; readonly answer: Promise<boolean> }>();

  /** @param onError told of what is answered by `false` */
  constructor(onError: (error: ErrorFacts) => void) {
    this.#onError = onError;
  }

  canReload(unit: Unit): Promise<boolean> {
    const key = JSON.stringify(unit);
    const now = performance.now();
    const known = this.#known.get(key);
    if (known && now - known.at < reopen.unitKnown) return known.answer;
    const answer = run(unit, 'canReload').then(({ output, error }) => {
      if (error) this.#onError(error);
      return error === undefined && saysCanReload(output);
    });
    if (this.#known.size >= reopen.inspected) this.#known.clear();
    this.#known.set(key, { at: now, answer });
    return answer;
  }

  async isActive(unit: Unit): Promise<boolean | ErrorFacts> {
    const { output, error } = await run(unit, 'isActive');
    return error ?? saysActive(output);
  }

  async reload(unit: Unit): Promise<ErrorFacts | undefined> {
    return (await run(unit, 'reload')).error;
  }
}

function run(unit: Unit, verb: UnitVerb): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(
      'systemctl',
      systemctlWords(unit, verb),
      // Not in the folder of a workspace: PATH may have relative entries.
      { cwd: '/', timeout: reopen.systemctl, maxBuffer: 1 << 16, encoding: 'utf8' },
      (error, output, complaint) => {
        if (!error) resolve({ output });
        else {
          const { code, signal } = error;
          const errno = typeof code === 'string' ? code : signal ? 'ETIMEDOUT' : `EXIT${String(code ?? '')}`;
          const detail = complaint.trim() === '' ? errno : complaint.trim();
          resolve({ output, error: { operation: `systemctl ${verb}`, path: unit.name, errno, detail } });
        }
      },
    );
    // It asks for no password here: nobody would see that.
    child.stdin?.end();
  });
}
