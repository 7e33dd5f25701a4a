/**
 * An extension host's console reaches the tests in one stream with all that VS Code logs itself. What the suite writes is marked, so
 * that it can be told apart.
 */
import { format } from 'node:util';

const mark = '[suite] ';

/** Marks all that is written to the console while the work lasts. */
export async function withMarkedConsole<T>(work: () => Promise<T>): Promise<T> {
  const original = globalThis.console;
  const write = (...args: unknown[]): void => original.log(mark + format(...args));
  // The console as a whole is replaced, as the extension host ignores attempts to replace its functions.
  globalThis.console = Object.create(original, { log: { value: write }, error: { value: write } }) as Console;
  try {
    return await work();
  } finally {
    globalThis.console = original;
  }
}

/** What the suite wrote, or undefined if the suite did not write this. */
export function unmarked(line: string): string | undefined {
  return line.startsWith(mark) ? line.slice(mark.length) : undefined;
}
