/** Runs a test suite inside an extension host, as VS Code's own remote tests do, and reports what it logs. */
import type { Page } from 'playwright-core';
import { unmarked } from '../suite-runner/marked';
import { windowAddress } from './address';
import { within } from '../deadline';
import { startRun, type RunOptions } from './started';

const suiteDeadline = 30 * 60_000;

/** How many of VS Code's own lines are shown when the suite failed. */
const shownOwn = 20;

export interface SuiteOptions extends RunOptions {
  /** The unpacked extension the suite tests. */
  readonly developmentPath: string;
  /** The bundle that exports `run(): Promise<void>`. */
  readonly testsPath: string;
  /** A folder, or a `.code-workspace` file. */
  readonly workspace: string;
  /** Only tests whose full title matches. */
  readonly grep?: string;
  /** Where the results are written as JSON. */
  readonly results?: string;
  /** Gets what the suite writes to its console; without it that goes to standard output. */
  readonly log?: (line: string) => void;
}

/** Returns the suite's exit code: 0 if all tests passed. */
export async function runSuite(options: SuiteOptions): Promise<number> {
  const { developmentPath, testsPath, workspace } = options;
  const run = await startRun({
    ...options,
    loadsFromSource: true,
    environment: {
      ...options.environment,
      ...(options.grep === undefined ? {} : { HOLDFAST_GREP: options.grep }),
      ...(options.results === undefined ? {} : { HOLDFAST_RESULTS: options.results }),
    },
  });
  try {
    const page = await run.browser.newPage({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' });
    const log = options.log ?? ((line: string) => console.log(line));
    const { exit, own } = await expectExit(page, log);
    const crashed = new Promise<never>((_resolve, reject) =>
      page.once('crash', () => reject(new Error('the page crashed'))),
    );
    const ended = run.server.process.ended.then((outcome) => {
      throw new Error(`the server ended (${outcome}) before the suite did:\n${run.server.process.output}`);
    });
    await page.goto(windowAddress(run.server, { workspace, developmentPath, testsPath }));
    const code = await within(suiteDeadline, 'the suite ends', Promise.race([exit, crashed, ended]));
    // A suite that could not be loaded says so here, and nowhere else.
    if (code !== 0) own.slice(-shownOwn).forEach(log);
    return code;
  } finally {
    await run.stop();
  }
}

interface Expected {
  /** The exit code the page will report. */
  readonly exit: Promise<number>;
  /** What VS Code logs on its own account: worth seeing only when something went wrong. */
  readonly own: readonly string[];
}

/** Gives the page the two functions it looks for. */
async function expectExit(page: Page, log: (line: string) => void): Promise<Expected> {
  const own: string[] = [];
  let exited: (code: number) => void = () => undefined;
  const exit = new Promise<number>((resolve) => {
    exited = resolve;
  });
  await page.exposeFunction('codeAutomationLog', (_type: string, args: unknown[]) => {
    const line = args.map(String).join(' ');
    const written = unmarked(line);
    if (written === undefined) own.push(line);
    else log(written);
  });
  await page.exposeFunction('codeAutomationExit', (code: number) => exited(code));
  return { exit, own };
}
