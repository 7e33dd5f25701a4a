import * as vscode from 'vscode';

import type { CommandName } from '../core/contributions';
import { DisposableStore, type Disposable } from '../core/disposable';
import { message, texts } from '../core/text';
import { translate } from './translate';
import type { Violations } from './violations';

const source = 'Holdfast';

/** Files that other programs have changed in place, among the problems of the workspace, with what can be done about them. */
export class Problems implements vscode.CodeActionProvider, Disposable {
  readonly #violations: Violations;
  readonly #owned = new DisposableStore();
  readonly #shown = this.#owned.add(vscode.languages.createDiagnosticCollection('holdfast'));

  constructor(violations: Violations) {
    this.#violations = violations;
    this.#owned.add(
      violations.onDidChange((paths) => {
        for (const path of paths) this.#show(path);
      }),
    );
    this.#owned.add(
      vscode.languages.registerCodeActionsProvider({ scheme: 'file' }, this, {
        providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
      }),
    );
  }

  provideCodeActions(
    document: vscode.TextDocument,
    _: vscode.Range,
    { diagnostics }: vscode.CodeActionContext,
  ): vscode.CodeAction[] {
    const ours = diagnostics.filter((diagnostic) => diagnostic.source === source);
    const shown = this.#violations.of(document.uri.fsPath);
    if (ours.length === 0 || !shown) return [];
    const action = (title: string, command: CommandName): vscode.CodeAction => {
      const fix = new vscode.CodeAction(translate(message(title)), vscode.CodeActionKind.QuickFix);
      fix.command = { title: fix.title, command, arguments: [document.uri] };
      fix.diagnostics = ours;
      return fix;
    };
    return [
      ...(shown.violation.running === undefined
        ? []
        : [
            action(texts.compareRunning, 'holdfast.compareRunning'),
            action(texts.restoreRunning, 'holdfast.restoreRunning'),
          ]),
      action(texts.dismissViolation, 'holdfast.dismissViolation'),
    ];
  }

  dispose(): void {
    this.#owned.dispose();
  }

  #show(path: string): void {
    const uri = vscode.Uri.file(path);
    const told = this.#violations.sentence(path);
    if (!told || told.healed) {
      this.#shown.delete(uri);
      return;
    }
    // It is about the whole file.
    const diagnostic = new vscode.Diagnostic(
      new vscode.Range(0, 0, 0, 0),
      translate(told.sentence),
      vscode.DiagnosticSeverity.Warning,
    );
    diagnostic.source = source;
    this.#shown.set(uri, [diagnostic]);
  }
}
