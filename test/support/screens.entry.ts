/** A failed test says what its open windows show. */
import { openWindows } from './editor/openWindows';
import { tellingDeadline, tellWhatIsShown } from './whatIsShown';

export const mochaHooks = {
  async afterEach(this: Mocha.Context): Promise<void> {
    if (this.currentTest?.state !== 'failed') return;
    // A hook that fails ends its whole suite.
    this.timeout(tellingDeadline * (openWindows().size + 1));
    await tellWhatIsShown();
  },
};
