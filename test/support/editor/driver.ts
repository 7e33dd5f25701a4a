/** The tests' end of the driver extension: `test/support/driver-extension`. */
import { createServer, type Server, type Socket } from 'node:net';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import type * as VSCode from 'vscode';
import { DeadlineError, within } from '../deadline';

/**
 * A function that runs in an extension host. It travels as text: it must not use anything from around it but its arguments, which
 * travel as JSON, as does what it returns. `require` is the extension host's own.
 */
export type RemoteFunction<A extends readonly unknown[], R> = (vscode: typeof VSCode, ...args: A) => R;

/** What a function threw in the extension host. */
export class RemoteError extends Error {
  override readonly name: string;
  readonly code: string | undefined;

  constructor(remote: RemoteFailure) {
    super(remote.message);
    this.name = remote.name;
    this.code = remote.code;
    if (remote.stack !== undefined) this.stack = `${remote.stack}\n    (in the extension host)`;
  }
}

interface RemoteFailure {
  readonly name: string;
  readonly message: string;
  readonly stack?: string;
  readonly code?: string;
}

interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: RemoteFailure;
}

interface Pending {
  resolve(value: unknown): void;
  reject(reason: Error): void;
}

/** One extension host. */
export class ExtensionHost {
  readonly pid: number;
  /** Settles when the host's process has ended, or has let go of the driver. */
  readonly ended: Promise<void>;
  readonly #socket: Socket;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  constructor(pid: number, socket: Socket, lines: EventEmitter) {
    this.pid = pid;
    this.#socket = socket;
    this.ended = new Promise((resolve) => {
      socket.once('close', () => {
        for (const pending of this.#pending.values())
          pending.reject(new Error(`extension host ${pid} ended before it answered`));
        this.#pending.clear();
        resolve();
      });
    });
    lines.on('line', (line: string) => this.#settle(JSON.parse(line) as Reply));
  }

  get alive(): boolean {
    return !this.#socket.destroyed;
  }

  async run<A extends readonly unknown[], R>(
    milliseconds: number,
    remote: RemoteFunction<A, R>,
    args: A,
  ): Promise<Awaited<R>> {
    if (!this.alive) throw new Error(`extension host ${this.pid} has ended`);
    const id = ++this.#lastId;
    const reply = new Promise<unknown>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    this.#socket.write(`${JSON.stringify({ id, source: remote.toString(), args })}\n`);
    try {
      return (await within(milliseconds, `extension host ${this.pid} answers`, reply)) as Awaited<R>;
    } finally {
      this.#pending.delete(id);
    }
  }

  #settle({ id, value, error }: Reply): void {
    const pending = this.#pending.get(id);
    // Nobody waits any more: the deadline has passed, and the test has been told.
    if (pending === undefined) return;
    if (error) pending.reject(new RemoteError(error));
    else pending.resolve(value);
  }
}

/** Listens for extension hosts, and hands each of them out once, in the order they came. */
export class DriverHub {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #arrived: ExtensionHost[] = [];
  readonly #arrival = new EventEmitter();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => this.#greet(socket));
  }

  static async listen(address: string): Promise<DriverHub> {
    const server = createServer();
    server.listen(address);
    await once(server, 'listening');
    return new DriverHub(server);
  }

  /** The next extension host that was not handed out yet and still lives. */
  async next(milliseconds: number): Promise<ExtensionHost> {
    const signal = AbortSignal.timeout(milliseconds);
    for (;;) {
      const host = this.#arrived.shift();
      if (host?.alive === true) return host;
      if (host !== undefined) continue;
      try {
        await once(this.#arrival, 'host', { signal });
      } catch (cause) {
        throw new DeadlineError(`no extension host appeared within ${milliseconds} ms`, { cause });
      }
    }
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #greet(socket: Socket): void {
    this.#sockets.add(socket);
    // A host that was killed resets its connection; `close` follows, and is what counts.
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#sockets.delete(socket));
    const lines = createInterface({ input: socket });
    // Node.js tells of that there as well.
    lines.on('error', () => socket.destroy());
    lines.once('line', (line) => {
      this.#arrived.push(new ExtensionHost((JSON.parse(line) as { pid: number }).pid, socket, lines));
      this.#arrival.emit('host');
    });
  }
}
