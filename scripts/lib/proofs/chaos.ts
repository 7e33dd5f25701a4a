import { chaos, chaosSettings } from '../../../test/support/chaos/chaos';
import type { Editor } from '../../../test/support/editor';
import { chaosLine, chaosShortcomings } from '../../../test/support/chaos/verdict';
import { withGuardedEditor } from '../guardedEditor';
import type { Proof } from './proof';

/** Of which half an hour is made. */
const epochs = 80;
const epoch = 15_000;
/** So many epochs come between two lines. */
const told = 10;

/** Half an hour of two windows, other programs and crashes. */
export async function proveChaos(seed: number): Promise<Proof> {
  const work = async (editor: Editor, folder: string): Promise<Proof> => {
    const run = await chaos(editor, folder, seed, epochs, epoch, (number, crashes) => {
      if (number % told === 0) console.log(`${String(number)} epochs, ${String(crashes)} crashes`);
    });
    const short = chaosShortcomings(run);
    console.log([chaosLine(run), ...short.map((line) => `  NOT GOOD: ${line}`)].join('\n'));
    return {
      good: short.length === 0,
      counts: { editor: editor.version, epochMilliseconds: epoch, ...run, shortcomings: short },
    };
  };
  return withGuardedEditor('chaos', work, { settings: chaosSettings });
}
