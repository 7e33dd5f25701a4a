/**
 * What a command line makes an interpreter run. Total: any bytes in. Whoever wrote a command line may have lied; so what is found here is only
 * ever compared with a file, by identity.
 */
import { appletOf, interpreterOf, MULTI_CALL, type Family, type Interpreter } from './interpreters';

export interface Invocation {
  readonly interpreter: Interpreter;
  /** The scripts that it names. Of each, the names under which it may be: the first that leads anywhere counts. */
  readonly scripts: readonly (readonly string[])[];
  /** It reads commands from its standard input. */
  readonly fromInput: boolean;
}

interface Grammar {
  /** Letters may be joined behind one dash. Otherwise one dash begins a long option, too. */
  readonly joined: boolean;
  /** Options can begin with `+`, as those of shells. */
  readonly plus?: boolean;
  /** Letters whose value is the next word. */
  readonly next?: string;
  /** Letters whose value is the rest of the word or else the next one. */
  readonly value?: string;
  /** Letters whose value, if there is any, is the rest of the word. */
  readonly rest?: string;
  /** Letters after which there is no script. */
  readonly none?: string;
  /** Letters that say standard input. */
  readonly input?: string;
  /** Letters whose value is a script, as that of `value`. */
  readonly file?: string;
  /** Letters that end the options. */
  readonly last?: string;
  /** Long options, without dashes, whose value is the next word if it is not behind `=`. */
  readonly longValue?: readonly string[];
  readonly longNone?: readonly string[];
  readonly longFile?: readonly string[];
  /** What the first word that is no option is: a script, or something else. */
  readonly operand: 'script' | 'other';
  /** What is read if no script is named; otherwise standard input. */
  readonly otherwise?: readonly string[];
  /** What may be left out at the end of a script's name. */
  readonly endings?: readonly string[];
}

const SHELL: Grammar = { joined: true, plus: true, none: 'c', input: 's', operand: 'script' };

const GRAMMARS: Readonly<Record<Family, Grammar>> = {
  bash: { ...SHELL, next: 'oO', longValue: ['rcfile', 'init-file'] },
  posix: { ...SHELL, next: 'o', longValue: ['rcfile', 'init-file'] },
  zsh: { ...SHELL, value: 'oT', longValue: ['emulate', 'rcfile', 'profile'] },
  csh: { ...SHELL, plus: false, last: 'b' },
  fish: {
    joined: true,
    none: 'c',
    value: 'CdDfop',
    longValue: [
      'init-command',
      'debug',
      'debug-output',
      'debug-stack-frames',
      'features',
      'profile',
      'profile-startup',
    ],
    longNone: ['command'],
    operand: 'script',
  },
  php: {
    joined: true,
    none: 'rBREF',
    value: 'cdgStTz',
    file: 'f',
    longValue: ['php-ini', 'define', 'server', 'docroot', 'zend-extension'],
    longNone: ['run', 'process-begin', 'process-code', 'process-end'],
    longFile: ['file', 'process-file'],
    operand: 'script',
  },
  python: { joined: true, none: 'cm', value: 'WX', longValue: ['check-hash-based-pycs'], operand: 'script' },
  perl: { joined: true, none: 'eE', value: 'I', rest: '0CDdFiVlMmx', operand: 'script' },
  ruby: {
    joined: true,
    none: 'e',
    value: 'CEIr',
    rest: '0FKTWix',
    longValue: ['encoding', 'external-encoding', 'internal-encoding'],
    operand: 'script',
  },
  node: {
    joined: false,
    none: 'ep',
    value: 'rC',
    input: 'i',
    longValue: [
      'require',
      'import',
      'loader',
      'experimental-loader',
      'conditions',
      'env-file',
      'title',
      'input-type',
      'inspect-port',
      'icu-data-dir',
      'openssl-config',
      'redirect-warnings',
      'diagnostic-dir',
      'disable-warning',
      'dns-result-order',
      'max-http-header-size',
      'unhandled-rejections',
    ],
    longNone: ['eval', 'print', 'run', 'pe'],
    operand: 'script',
    endings: ['', '.js', '.json', '.cjs', '.mjs'],
  },
  lua: { joined: false, value: 'el', operand: 'script' },
  tcl: { joined: false, value: 'c', file: 'f', longValue: ['encoding'], operand: 'script' },
  make: {
    joined: true,
    file: 'f',
    value: 'CIoW',
    rest: 'jlO',
    longValue: ['directory', 'include-dir', 'old-file', 'assume-old', 'what-if', 'new-file', 'assume-new', 'eval'],
    longFile: ['file', 'makefile'],
    operand: 'other',
    otherwise: ['GNUmakefile', 'makefile', 'Makefile'],
  },
  awk: {
    joined: true,
    file: 'fE',
    value: 'FvWil',
    longValue: ['field-separator', 'assign', 'include', 'load'],
    longFile: ['file', 'exec'],
    operand: 'other',
    // The first word is the program itself.
    otherwise: [],
  },
};

/**
 * @param program base name of the executable
 * @param words the command line, with what the process calls itself first; as Latin-1 or otherwise, it is only cut
 * @returns `undefined` if it is not an interpreter
 */
export function invocationOf(program: string, words: readonly string[]): Invocation | undefined {
  let interpreter = interpreterOf(program);
  let rest = words.slice(1);
  if (MULTI_CALL.test(program)) {
    // A shell that began a session is called `-sh`.
    let applet = baseName(words[0] ?? '').replace(/^-/, '');
    if (MULTI_CALL.test(applet)) {
      applet = baseName(rest[0] ?? '');
      rest = rest.slice(1);
    }
    interpreter = appletOf(applet);
  }
  return interpreter === undefined ? undefined : { interpreter, ...scriptsIn(rest, GRAMMARS[interpreter.family]) };
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

type Named = Pick<Invocation, 'scripts' | 'fromInput'>;

const NOTHING: Named = { scripts: [], fromInput: false };
const INPUT: Named = { scripts: [], fromInput: true };

function scriptsIn(words: readonly string[], grammar: Grammar): Named {
  const scripts: (readonly string[])[] = [];
  let fromInput = false;
  let at = 0;
  options: for (; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === '--' || (word === '-' && grammar.plus === true)) {
      at++;
      break;
    }
    const sign = word[0];
    if (word.length < 2 || (sign !== '-' && !(sign === '+' && grammar.plus === true))) {
      break;
    }
    if (sign === '-' && (word[1] === '-' || (!grammar.joined && word.length > 2))) {
      const equals = word.indexOf('=');
      const name = word.slice(word[1] === '-' ? 2 : 1, equals < 0 ? undefined : equals);
      if (grammar.longNone?.includes(name) === true) {
        return NOTHING;
      }
      if (grammar.longFile?.includes(name) === true) {
        scripts.push([equals < 0 ? (words[++at] ?? '') : word.slice(equals + 1)]);
      } else if (equals < 0 && grammar.longValue?.includes(name) === true) {
        at++;
      }
      continue;
    }
    for (let index = 1; index < word.length; index++) {
      const letter = word.charAt(index);
      const rest = word.slice(index + 1);
      if (grammar.none?.includes(letter) === true) {
        return NOTHING;
      }
      if (grammar.last?.includes(letter) === true) {
        at++;
        break options;
      }
      fromInput ||= grammar.input?.includes(letter) === true;
      if (grammar.next?.includes(letter) === true) {
        at++;
      } else if (grammar.file?.includes(letter) === true) {
        scripts.push([rest === '' ? (words[++at] ?? '') : rest]);
        break;
      } else if (grammar.value?.includes(letter) === true) {
        at += rest === '' ? 1 : 0;
        break;
      } else if (grammar.rest?.includes(letter) === true) {
        break;
      }
    }
  }
  if (fromInput) {
    return INPUT;
  }
  const operand = words[at];
  if (scripts.length === 0) {
    if (grammar.operand === 'script' && operand !== undefined && operand !== '' && operand !== '-') {
      scripts.push((grammar.endings ?? ['']).map((ending) => operand + ending));
    } else if (grammar.otherwise !== undefined) {
      scripts.push(grammar.otherwise);
    } else {
      return operand === '' ? NOTHING : INPUT;
    }
  }
  const files = scripts.map((names) => names.filter((name) => name !== '' && name !== '-'));
  return {
    scripts: files.filter((names) => names.length > 0),
    fromInput: scripts.some((names) => names[0] === '-'),
  };
}
