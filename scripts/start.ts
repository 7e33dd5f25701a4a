/** `npm start`: the editor with the packaged extension on a demonstration workspace, until it is stopped. */
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { withGuardedEditor } from './lib/guardedEditor';

const countdown = `#!/usr/bin/env bash
# Run me in the terminal (bash countdown.sh), insert a few lines up here while I run, and save.
# With Holdfast I go on counting as if nothing had happened. Switch "holdfast.enabled" off, and I do not.
say() { printf '%s … ' "$1"; /bin/sleep 1; }
${Array.from({ length: 60 }, (_, index) => `say ${String(60 - index)}`).join('\n')}
echo 'done, undisturbed'
`;

async function main(): Promise<void> {
  const stop = Promise.race((['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => once(process, signal)));
  await withGuardedEditor('workspace', async (editor, folder) => {
    await writeFile(join(folder, 'countdown.sh'), countdown, { mode: 0o755 });
    console.log(`\nThe editor is at ${editor.addressOf(folder)}\nOpen countdown.sh, and stop with Control+C.`);
    await stop;
  });
}

void main();
