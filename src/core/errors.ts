/**
 * A failed operation of the world below, as facts. Libraries throw it, never log it; the sentence for a person is
 * composed in one place, from a reason, not from this.
 */
export class SystemError extends Error {
  override readonly name = 'SystemError';
  /** The system call or library function, for example `linkat`. */
  readonly operation: string;
  /** The path it was given, or the directory where the name is not ours to know. */
  readonly path: string;
  /** The symbolic errno, for example `ENOSPC`; `UNKNOWN` where the platform gave none. */
  readonly errno: string;

  constructor(operation: string, path: string, errno: string, cause?: unknown) {
    super(`${operation} ${path}: ${errno}`, cause === undefined ? undefined : { cause });
    this.operation = operation;
    this.path = path;
    this.errno = errno;
  }

  static is(value: unknown, ...errnos: readonly string[]): value is SystemError {
    return value instanceof SystemError && (errnos.length === 0 || errnos.includes(value.errno));
  }
}

/** What is left of an error once it has crossed a thread: fields only, no prototype. */
export interface ErrorFacts {
  readonly operation: string;
  readonly path: string;
  readonly errno: string;
  readonly detail: string;
}

/** Total: describes anything that can be thrown. */
export function describeError(value: unknown, operation = 'unknown', path = ''): ErrorFacts {
  if (value instanceof SystemError) {
    return { operation: value.operation, path: value.path, errno: value.errno, detail: value.message };
  }
  if (value instanceof Error) {
    const code: unknown = 'code' in value ? value.code : undefined;
    return { operation, path, errno: typeof code === 'string' ? code : 'UNKNOWN', detail: value.message };
  }
  return { operation, path, errno: 'UNKNOWN', detail: String(value) };
}
