/** Saves in a real VS Code whose extension host, or whose server, is killed before a step of them, and what is found then. */
import assert from 'node:assert/strict';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { extensionId, startGuardedEditor } from '../../scripts/lib/guardedEditor';
import { recordName } from '../../src/platform/linux/records';
import { within } from './deadline';
import type { Editor, EditorWindow } from './editor';
import { makeMortal, type Doomed } from './mortalExtension';
import { savedFacts } from './saveLog';
import { plainVersion, wholeText } from './scenarios/versions';
import { sumOf } from './sum';
import { untilNames } from './untilNames';

/** Who is killed. */
export type RealVictim = 'extension host' | 'server';

export interface RealDeath {
  readonly killed: boolean;
  /** Otherwise: the reason of the save's level. */
  readonly passed: string | undefined;
  /** Until the save was told. */
  readonly steps: number;
  /** The new version is at the path. */
  readonly isNew: boolean;
  /** Versions that were kept. */
  readonly kept: number;
}

const bytes = 20_000;
const name = 'run.sh';
/** Milliseconds, from the start of the next extension host. */
const recovered = 30_000;
const endsWithin = 30_000;
/** VS Code starts no more extension hosts of a window by itself when three have died in five minutes. */
const crashesOfWindow = 2;

export class RealDeathBench {
  readonly #editor: Editor;
  readonly #folder: string;
  #window: EditorWindow;
  #version = 0;
  #crashes = 0;
  /** Of this extension host. */
  #told = 0;
  readonly #kept = new Set<string>();

  private constructor(editor: Editor, folder: string, window: EditorWindow) {
    this.#editor = editor;
    this.#folder = folder;
    this.#window = window;
  }

  /** @param folder empty */
  static async start(folder: string): Promise<RealDeathBench> {
    const work = join(folder, 'work');
    mkdirSync(work);
    writeFileSync(join(work, name), text(0));
    const editor = await startGuardedEditor({ workspace: work });
    try {
      makeMortal(editor.installedAt(extensionId));
      const window = await editor.openWindow();
      await window.activate(extensionId);
      return new RealDeathBench(editor, work, window);
    } catch (thrown) {
      await editor.stop();
      throw thrown;
    }
  }

  get version(): string {
    return this.#editor.version;
  }

  /**
   * One save, in which the victim dies before the `nth` step; 0: never. Then the next start.
   *
   * @param held somebody has the file open
   * @throws AssertionError if anything is not whole, is lost, or is left over
   */
  async save(victim: RealVictim, held: boolean, nth: number): Promise<RealDeath> {
    const path = join(this.#folder, name);
    const versions = [readFileSync(path, 'utf8'), text(++this.#version)] as const;
    const whole = (found: string, what: string): void => {
      assert.ok(
        versions.includes(found),
        `${what}: ${String(found.length)} bytes, ${JSON.stringify(found.slice(0, 24))}`,
      );
    };
    const holder = held ? openSync(path, 'r') : undefined;
    try {
      const facts = await this.#saveUntil(path, versions[1], victim, nth);
      if (facts === undefined) {
        // Nothing is in the middle of a write that anybody could read.
        if (victim === 'server') whole(readFileSync(path, 'utf8'), 'at the path when the server is dead');
        await this.#startAgain(victim);
      }
      await this.#nothingLeft();
      const found = readFileSync(path, 'utf8');
      whole(found, 'at the path');
      if (holder !== undefined) whole(readFileSync(holder, 'utf8'), 'for who has it open');
      if (facts !== undefined) assert.ok(found === versions[1], 'what was saved is at the path');
      return {
        killed: facts === undefined,
        passed: facts?.reason,
        steps: facts?.steps ?? 0,
        isNew: found === versions[1],
        kept: this.#newlyKept(whole),
      };
    } finally {
      if (holder !== undefined) closeSync(holder);
    }
  }

  async stop(): Promise<void> {
    await this.#editor.stop();
  }

  /** `undefined`: the victim has died. */
  async #saveUntil(
    path: string,
    content: string,
    victim: RealVictim,
    nth: number,
  ): Promise<{ readonly reason: string; readonly steps: number } | undefined> {
    const { extensionHostPid, extensionHostEnded } = this.#window;
    const pid = victim === 'server' ? this.#editor.serverPid : 0;
    const dead = (victim === 'server' ? this.#editor.serverEnded : extensionHostEnded).then(() => undefined);
    const saving = this.#window.run(
      async (vscode, at, replacement, step, dies) => {
        const document = await vscode.workspace.openTextDocument(at);
        await vscode.window.showTextDocument(document, { preview: false });
        if (document.isDirty) await vscode.commands.executeCommand('workbench.action.files.revert');
        const { holdfastDoom } = globalThis as Doomed;
        const edit = new vscode.WorkspaceEdit();
        edit.replace(document.uri, new vscode.Range(0, 0, document.lineCount, 0), replacement);
        holdfastDoom.set(step, dies);
        return (await vscode.workspace.applyEdit(edit)) && (await document.save());
      },
      path,
      content,
      nth,
      pid,
    );
    // Who is dead does not answer.
    saving.catch(() => undefined);
    const saved = await Promise.race([saving, dead]).catch(() => dead);
    if (saved === undefined) return undefined;
    assert.ok(saved, 'VS Code has saved it');
    this.#told++;
    const facts = savedFacts(extensionHostPid, path, this.#told).catch(() => dead);
    const all = await Promise.race([facts, dead]);
    if (all === undefined) return undefined;
    const left = await Promise.race([this.#disarm(), dead]);
    // A step may be the last of the save, and the victim's end be on its way.
    if (left === undefined || (nth > 0 && left <= 0)) {
      await within(endsWithin, `the end of the ${victim}`, dead);
      return undefined;
    }
    return { reason: all.at(-1)?.['reason'] ?? '', steps: nth - left };
  }

  /** From now on nobody dies. Steps that were still to be taken; `undefined`: it was too late. */
  #disarm(): Promise<number | undefined> {
    return this.#window
      .run(() => {
        const { holdfastDoom } = globalThis as Doomed;
        const { left } = holdfastDoom;
        holdfastDoom.set(0);
        return left;
      })
      .catch(() => undefined);
  }

  async #startAgain(victim: RealVictim): Promise<void> {
    await within(endsWithin, 'the extension host ends', this.#window.extensionHostEnded);
    this.#told = 0;
    if (victim === 'server') {
      await this.#editor.restartServer();
      this.#window = await this.#editor.openWindow();
      this.#crashes = 0;
    } else {
      await this.#window.untilNewExtensionHost();
      if (++this.#crashes === crashesOfWindow) {
        await this.#window.reload();
        this.#crashes = 0;
      }
    }
    await this.#window.activate(extensionId);
  }

  async #nothingLeft(): Promise<void> {
    const names = await untilNames(this.#folder, recovered, ({ length }) => length === 1);
    assert.deepEqual(names, [name], 'nothing is left over');
    const owners = join(this.#editor.storageOf(extensionId), 'owners');
    if (!existsSync(owners)) return;
    const living = `${String(this.#window.extensionHostPid)}-`;
    const ofTheDead = (all: readonly string[]): readonly string[] =>
      all.filter((one) => recordName.test(one) && !one.startsWith(living));
    const records = await untilNames(owners, recovered, (all) => ofTheDead(all).length === 0);
    assert.deepEqual(ofTheDead(records), [], 'the records of the dead are gone');
  }

  #newlyKept(whole: (found: string, what: string) => void): number {
    const folder = join(this.#editor.storageOf(extensionId), 'kept');
    const all = existsSync(folder) ? readdirSync(folder).filter((one) => /^\d+-/.test(one)) : [];
    const fresh = all.filter((one) => !this.#kept.has(one));
    for (const one of fresh) {
      this.#kept.add(one);
      whole(readFileSync(join(folder, one), 'utf8'), `kept as ${one}`);
    }
    return fresh.length;
  }
}

function text(version: number): string {
  return wholeText(plainVersion(version, bytes));
}

/** What came of the saves of one victim. */
export interface RealDeaths {
  readonly victim: RealVictim;
  readonly held: boolean;
  /** Of a save that passes untouched. */
  readonly steps: number;
  readonly killed: number;
  readonly isNew: number;
  readonly kept: number;
  /** Why saves were not gated that passed untouched. */
  readonly otherwise: readonly string[];
  readonly failures: readonly string[];
}

/**
 * @param choose before which steps the victim is to die, out of so many
 */
export async function dieReally(
  bench: RealDeathBench,
  victim: RealVictim,
  held: boolean,
  choose: (steps: number) => Iterable<number>,
): Promise<RealDeaths> {
  // The first one of a document does more: what VS Code has read is noted.
  await bench.save(victim, held, 0);
  let untouched = await bench.save(victim, held, 0);
  // A machine that is busy may be too slow for the gate.
  for (let again = 0; again < 3 && untouched.passed === 'tooSlow'; again++)
    untouched = await bench.save(victim, held, 0);
  const { steps, passed } = untouched;
  assert.equal(passed, 'gated');
  const deaths: RealDeath[] = [];
  const failures: string[] = [];
  for (const nth of choose(steps)) {
    try {
      deaths.push(await bench.save(victim, held, nth));
    } catch (thrown) {
      if (!(thrown instanceof assert.AssertionError)) throw thrown;
      failures.push(`step ${String(nth)}: ${thrown.message}`);
    }
  }
  return {
    victim,
    held,
    steps,
    killed: sumOf(deaths, (death) => death.killed),
    isNew: sumOf(deaths, (death) => death.killed && death.isNew),
    kept: sumOf(deaths, (death) => death.kept),
    otherwise: deaths.flatMap(({ passed: reason }) => (reason === undefined || reason === 'gated' ? [] : [reason])),
    failures,
  };
}

/** In words, on one line. */
export function realDeathLine(deaths: RealDeaths): string {
  const { victim, held, steps, killed, isNew, kept, otherwise } = deaths;
  const counts = `${held ? 'held' : 'free'}: ${victim} killed ${String(killed)} times in ${String(steps)} steps`;
  const found = `${String(isNew)} times with the new version at the path, kept ${String(kept)} versions`;
  return [counts, found, ...(otherwise.length > 0 ? [otherwise.join(', ')] : [])].join('; ');
}
