/** The outcome of one test, as it travels from whichever process ran it. */
export interface Result {
  readonly title: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  /** Milliseconds. */
  readonly duration: number;
  /** For a skipped one: which of `test/skips.json` it is, and why. No id: a skip that gave no reason. */
  readonly skip?: { readonly id: string; readonly reason: string };
  readonly error?: string;
}
