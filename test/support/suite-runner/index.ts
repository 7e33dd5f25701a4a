/**
 * The entry of the suite that runs inside an extension host: VS Code loads it and calls `run`. It runs every `*.test.cjs` in
 * `out/test/vscode/suite`; `HOLDFAST_GREP` narrows that down to tests whose full title matches.
 */
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Mocha from 'mocha';
import { withMarkedConsole } from './marked';

/** This bundle lies in `out/test/support/suite-runner`. */
const suiteFolder = resolve(__dirname, '..', '..', 'vscode', 'suite');
const reporter = resolve(__dirname, '..', 'reporter.entry.cjs');

const timeout = 60_000;

export async function run(): Promise<void> {
  const grep = process.env['HOLDFAST_GREP'];
  const mocha = new Mocha({ ui: 'bdd', timeout, reporter, ...(grep === undefined ? {} : { grep: new RegExp(grep) }) });
  for (const file of testFiles()) mocha.addFile(file);
  const failures = await withMarkedConsole(() => new Promise<number>((done) => mocha.run(done)));
  if (failures > 0) throw new Error(`${failures} tests failed`);
}

function testFiles(): string[] {
  const files = readdirSync(suiteFolder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.test.cjs'),
  );
  if (files.length === 0) throw new Error(`there are no tests in ${suiteFolder}`);
  return files.sort().map((name) => join(suiteFolder, name));
}
