import type * as vscode from 'vscode';

import type { LogLine } from '../core/logLines';

export class Log {
  readonly #channel: vscode.LogOutputChannel;

  constructor(channel: vscode.LogOutputChannel) {
    this.#channel = channel;
  }

  write({ severity, text }: LogLine): void {
    this.#channel[severity](text);
  }

  show(): void {
    this.#channel.show();
  }
}
