/** Programs that hold a file, each in its own way. */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, writeFileSync } from 'node:fs';

import type { Harm } from '../../../src/core/holders/holder';
import { compiled } from '../compiled';
import { LineProgram } from '../lineProgram';

export interface HolderKind {
  readonly name: string;
  /** What a person is told of it. */
  readonly harm: Harm;
  /** The program that must be there. */
  readonly needs: string;
  /** Makes a file of that kind at the path. */
  make(path: string): Promise<void>;
  start(path: string): Promise<LineProgram>;
}

/** More than any interpreter reads ahead. */
const padding = (comment: string): string => `${comment} ${'x'.repeat(70)}\n`.repeat(2_000);

function script(name: string, harm: Harm, text: string, ...command: readonly [string, ...string[]]): HolderKind {
  const [needs, ...args] = command;
  return {
    name,
    harm,
    needs,
    make: (path) => {
      writeFileSync(path, text);
      return Promise.resolve();
    },
    start: (path) => LineProgram.start(needs, ...args, path),
  };
}

const shell = (name: string, ...command: readonly [string, ...string[]]): HolderKind =>
  script(name, 'readsAsItRuns', `echo READY\nread x\n${padding('#')}`, ...command);

const plain = (path: string): Promise<void> => {
  writeFileSync(path, 'content\n');
  return Promise.resolve();
};

async function copyOf(program: string, path: string): Promise<void> {
  copyFileSync(await compiled(program), path);
  chmodSync(path, 0o755);
}

export const holderKinds: readonly HolderKind[] = [
  {
    name: 'open descriptor',
    harm: 'open',
    needs: 'gcc',
    make: plain,
    start: async (path) => {
      const opener = await LineProgram.start(await compiled('opener'));
      await opener.ask(`open r ${path}`);
      return opener;
    },
  },
  ...(['private', 'shared'] as const).map((sharing): HolderKind => ({
    name: `${sharing} mapping, descriptor closed`,
    harm: 'mapped',
    needs: 'gcc',
    make: plain,
    start: async (path) => LineProgram.start(await compiled('mapper'), sharing, path),
  })),
  {
    name: 'executed ELF',
    harm: 'mapped',
    needs: 'gcc',
    make: (path) => copyOf('opener', path),
    start: (path) => LineProgram.start(path),
  },
  {
    name: 'dlopened library',
    harm: 'mapped',
    needs: 'python3',
    make: (path) => {
      execFileSync('gcc', ['-shared', '-fPIC', '-o', path, '-x', 'c', '-'], {
        input: 'int answer(void) { return 42; }\n',
      });
      return Promise.resolve();
    },
    start: (path) =>
      LineProgram.start(
        'python3',
        '-c',
        'import ctypes, sys; ctypes.CDLL(sys.argv[1]); print("READY", flush=True); sys.stdin.read()',
        path,
      ),
  },
  {
    name: 'in another mount namespace',
    harm: 'open',
    needs: 'unshare',
    make: plain,
    start: async (path) => {
      const opener = await LineProgram.start('unshare', '--mount', await compiled('opener'));
      await opener.ask(`open r ${path}`);
      return opener;
    },
  },
  shell('bash', 'bash'),
  shell('dash', 'dash'),
  shell('zsh', 'zsh'),
  shell('ksh', 'ksh'),
  shell('mksh', 'mksh'),
  shell('yash', 'yash'),
  shell('busybox sh', 'busybox', 'sh'),
  script('tcsh', 'readsAsItRuns', `echo READY\nset x = $<\n${padding('#')}`, 'tcsh', '-f'),
  script('fish', 'loaded', `echo READY\nread x\n${padding('#')}`, 'fish'),
  script('php', 'loaded', `<?php echo "READY\\n"; fgets(STDIN);\n${padding('//')}`, 'php'),
  script('python', 'loaded', `print("READY", flush=True)\ninput()\n${padding('#')}`, 'python3'),
  script('perl', 'loaded', `$| = 1; print "READY\\n"; <STDIN>;\n${padding('#')}`, 'perl'),
  script('ruby', 'loaded', `$stdout.sync = true; puts "READY"; $stdin.gets\n${padding('#')}`, 'ruby'),
  script('node', 'loaded', `console.log('READY'); process.stdin.resume();\n${padding('//')}`, 'node'),
];
