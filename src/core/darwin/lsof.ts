/**
 * What `lsof -F0` prints; lsof(8), OUTPUT FOR OTHER PROGRAMS. Total: any text in, Latin-1. Each field is a letter, its value and a zero byte; a
 * line feed ends the fields of a process, and those of each file of it. A line feed in a name is written as `\n`; would it be there as it is, the
 * zero byte keeps it from beginning a field.
 */

/** The fields that are asked for: of a process p and c, of a file f, a, t, D, o, i and n. */
export const FIELDS = '0pcfatDoin';

export interface ListedFile {
  /** The number of a descriptor, or what else it is: `txt`, `mem`, `cwd`. */
  readonly descriptor: string;
  /** `r`, `w` or `u` for both; anything else: not known. */
  readonly access: string;
  /** `REG` for a regular file. */
  readonly type: string;
  /** Of stat(2); `undefined` for what is no file of a file system. */
  readonly device: bigint | undefined;
  readonly inode: bigint | undefined;
  /** Bytes from the beginning. */
  readonly offset: number | undefined;
  /** As lsof writes it, which says with escapes what cannot be printed: to be shown, never to find a file by. */
  readonly name: string;
}

export interface ListedProcess {
  readonly pid: number;
  /** What it calls itself, perhaps cut. */
  readonly command: string;
  readonly files: readonly ListedFile[];
}

export function parseListing(text: string): readonly ListedProcess[] {
  const processes: ListedProcess[] = [];
  let files: Map<string, string>[] = [];
  let current: { readonly pid: number; command: string } | undefined;
  const end = (): void => {
    if (current !== undefined) {
      processes.push({ ...current, files: files.map(fileOf) });
    }
    current = undefined;
    files = [];
  };
  for (const field of text.split('\0')) {
    const [letter = '', value] = field.startsWith('\n')
      ? [field.charAt(1), field.slice(2)]
      : [field[0], field.slice(1)];
    switch (letter) {
      case 'p': {
        end();
        const pid = parsePid(value);
        current = pid === undefined ? undefined : { pid, command: '' };
        break;
      }
      case 'c':
        if (current !== undefined && files.length === 0) {
          current.command = value;
        }
        break;
      case 'f':
        files.push(new Map([['f', value]]));
        break;
      default:
        files.at(-1)?.set(letter, value);
    }
  }
  end();
  return processes;
}

function fileOf(fields: ReadonlyMap<string, string>): ListedFile {
  const offset = /^0(?:t(\d{1,15})|x([0-9a-f]{1,13}))$/.exec(fields.get('o') ?? '');
  const [, decimal, hexadecimal] = offset ?? [];
  return {
    descriptor: fields.get('f') ?? '',
    access: fields.get('a') ?? '',
    type: fields.get('t') ?? '',
    device: bigOf(/^0x[0-9a-f]{1,16}$/, fields.get('D')),
    inode: bigOf(/^\d{1,20}$/, fields.get('i')),
    offset: decimal !== undefined ? Number(decimal) : hexadecimal === undefined ? undefined : parseInt(hexadecimal, 16),
    name: fields.get('n') ?? '',
  };
}

function bigOf(form: RegExp, text: string | undefined): bigint | undefined {
  return text !== undefined && form.test(text) ? BigInt(text) : undefined;
}

function parsePid(text: string): number | undefined {
  return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined;
}
