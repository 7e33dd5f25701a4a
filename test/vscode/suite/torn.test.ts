/** Nobody who opens the file while it is saved gets an empty or a torn one. */
import assert from 'node:assert/strict';
import * as vscode from 'vscode';

import { tornPlans } from '../../support/scenarios/tornPlans';
import { tornReads } from '../../support/scenarios/tornReads';
import { shortcomings, tornLines } from '../../support/scenarios/tornVerdict';
import { act, activated, extensionId, scratchFolder } from './inside';

describe('torn reads', function () {
  this.timeout(300_000);
  let folder: Awaited<ReturnType<typeof scratchFolder>>;
  before(async () => {
    await activated();
    folder = await scratchFolder();
  });
  after(() => folder.dispose());

  // In the oldest editor: enough to see that it works there, too.
  for (const { demands, ...plan } of isOldest() ? tornPlans(5, 5) : tornPlans(100, 10)) {
    it(`${plan.name}: none with the guard on`, async () => {
      const run = await tornReads(act, folder.path, plan);
      console.log(tornLines(run));
      assert.deepEqual(shortcomings(run, demands), []);
    });
  }
});

/** Whether this is the oldest editor that the manifest allows. */
function isOldest(): boolean {
  const extension = vscode.extensions.getExtension(extensionId);
  if (!extension) throw new Error('Holdfast is not installed here');
  const { engines } = extension.packageJSON as { readonly engines: { readonly vscode: string } };
  const [major = '', minor = ''] = engines.vscode.replace('^', '').split('.');
  return vscode.version.startsWith(`${major}.${minor}.`);
}
