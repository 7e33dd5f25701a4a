/** Parsers of `/proc` text. Total: whatever the text is, there is a value, and `problems` says what was wrong. */

export interface Parsed<T> {
  readonly value: T;
  readonly problems: readonly string[];
}

/** The effective capabilities that decide what a clone can be given; see capabilities(7). */
export interface Capabilities {
  /** CAP_CHOWN: any owner and group may be given away. */
  readonly chown: boolean;
  /** CAP_FOWNER: the rules for a file's owner, and of sticky directories, do not bind us. */
  readonly fowner: boolean;
  /** CAP_SETFCAP: files may be given capabilities. */
  readonly setfcap: boolean;
  /** CAP_SYS_ADMIN: `trusted.*` and most of `security.*` may be written; xattr(7). */
  readonly sysAdmin: boolean;
}

const CAP_CHOWN = 0n;
const CAP_FOWNER = 3n;
const CAP_SYS_ADMIN = 21n;
const CAP_SETFCAP = 31n;

const NONE: Capabilities = { chown: false, fowner: false, setfcap: false, sysAdmin: false };

/**
 * Reads `CapEff` out of `/proc/<pid>/status`; proc_pid_status(5). Without it nothing is assumed to be allowed.
 */
export function parseCapabilities(status: string): Parsed<Capabilities> {
  const digits = /^CapEff:[ \t]*([0-9a-f]{1,32})[ \t]*$/im.exec(status)?.[1];
  if (digits === undefined) {
    return { value: NONE, problems: ['no CapEff line'] };
  }
  const mask = BigInt(`0x${digits}`);
  const has = (capability: bigint): boolean => (mask & (1n << capability)) !== 0n;
  return {
    value: {
      chown: has(CAP_CHOWN),
      fowner: has(CAP_FOWNER),
      setfcap: has(CAP_SETFCAP),
      sysAdmin: has(CAP_SYS_ADMIN),
    },
    problems: [],
  };
}

/**
 * Reads the start time (field 22, clock ticks since boot) out of `/proc/<pid>/stat`; proc_pid_stat(5). The command's
 * name may hold spaces, newlines and parentheses, so fields are counted from the last parenthesis. `0` if there is none.
 */
export function parseStartTime(stat: string): Parsed<bigint> {
  const fields = stat
    .slice(stat.lastIndexOf(')') + 1)
    .trim()
    .split(/\s+/);
  const ticks = fields[19];
  if (stat.lastIndexOf(')') < 0 || ticks === undefined || !/^\d{1,20}$/.test(ticks)) {
    return { value: 0n, problems: ['no start time'] };
  }
  return { value: BigInt(ticks), problems: [] };
}
