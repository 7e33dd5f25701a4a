/** Mocha's reporter for all suites: a calm list, and the results as JSON into the file that HOLDFAST_RESULTS names. */
import { writeFileSync } from 'node:fs';

import Mocha from 'mocha';

import type { Result } from './results';
import { skipOf } from './skip';

const { EVENT_RUN_END, EVENT_SUITE_BEGIN, EVENT_TEST_FAIL, EVENT_TEST_PASS, EVENT_TEST_PENDING } =
  Mocha.Runner.constants;
/** Longer tests say how long they took, in milliseconds. */
const worthSaying = 1_000;

export default class Reporter {
  readonly #results: Result[] = [];

  constructor(runner: Mocha.Runner) {
    runner.on(EVENT_SUITE_BEGIN, (suite) => {
      if (suite.title !== '' && suite.tests.length > 0) console.log(`\n  ${suite.fullTitle()}`);
    });
    runner.on(EVENT_TEST_PASS, (test) => {
      const duration = test.duration ?? 0;
      this.#results.push({ title: test.fullTitle(), state: 'passed', duration });
      const took = duration >= worthSaying ? ` (${(duration / 1000).toFixed(1)} s)` : '';
      console.log(`    ✓ ${test.title}${took}`);
    });
    runner.on(EVENT_TEST_FAIL, (test, thrown: unknown) => {
      const error = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
      this.#results.push({ title: test.fullTitle(), state: 'failed', duration: test.duration ?? 0, error });
      console.log(`    ✗ ${test.title}\n${error.replace(/^/gm, '      ')}`);
    });
    runner.on(EVENT_TEST_PENDING, (test) => {
      const skip = skipOf(test);
      this.#results.push({ title: test.fullTitle(), state: 'skipped', duration: 0, ...(skip ? { skip } : {}) });
      console.log(`    - ${test.title} (skipped: ${skip?.reason ?? 'no reason given'})`);
    });
    runner.once(EVENT_RUN_END, () => {
      const path = process.env['HOLDFAST_RESULTS'];
      if (path) writeFileSync(path, JSON.stringify(this.#results));
    });
  }
}
