/** Debian's nginx, with a folder and a port of its own. */
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { get } from 'node:http';
import { once } from 'node:events';
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

import { within } from './deadline';

const deadline = 20_000;

/** The set-up says where it is. */
export function nginxProgram(): string | undefined {
  const prepared = process.env['HOLDFAST_NGINX'];
  return [prepared, '/usr/sbin/nginx'].find((path) => path !== undefined && path !== '' && existsSync(path));
}

/** A configuration that answers everything with this text. Its workers are of the same user. */
export function nginxText(port: number, answer: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `  ${one}_temp_path ${one};`);
  return [
    ...(process.getuid?.() === 0 ? ['user root;'] : []),
    'daemon off;',
    'worker_processes 2;',
    'pid nginx.pid;',
    'events {}',
    'http {',
    '  access_log off;',
    ...temporary,
    `  server { listen 127.0.0.1:${String(port)}; location / { return 200 "${answer}"; } }`,
    '}',
    '',
  ].join('\n');
}

export class Nginx {
  readonly port: number;
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;

  private constructor(port: number, child: ChildProcess) {
    this.port = port;
    this.#process = child;
    this.#ended = once(child, 'exit');
  }

  /** The master's. */
  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** @param folder has `nginx.conf`, for this port */
  static start(program: string, folder: string, port: number): Nginx {
    const words = ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')];
    return new Nginx(port, spawn(program, words, { stdio: 'inherit' }));
  }

  /** A port that nobody has. */
  static async port(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    return port;
  }

  /** Asks until it answers with this. */
  async untilServing(answer: string): Promise<void> {
    let last = '';
    const ends = performance.now() + deadline;
    while (performance.now() < ends) {
      last = await this.ask();
      if (last === answer) return;
    }
    throw new Error(`nginx serves ${last}, not ${answer}`);
  }

  /** What it answers; the empty text: nothing. Each time a connection of its own. */
  ask(): Promise<string> {
    const answer = new Promise<string>((resolve) => {
      const asked = get({ host: '127.0.0.1', port: this.port, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.once('close', () => {
          resolve(text);
        });
      });
      asked.once('error', () => {
        resolve('');
      });
    });
    return within(deadline, 'an answer of nginx', answer);
  }

  async stop(): Promise<void> {
    this.#process.kill('SIGTERM');
    await within(deadline, 'the end of nginx', this.#ended);
  }
}
