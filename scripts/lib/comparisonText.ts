import type { Outcome } from '../../test/support/comparison/compare';

/** `docs/comparison.md`: a row for each kind of file, a column for each program. */
export function comparisonText(
  outcomes: readonly Outcome[],
  versions: Readonly<Record<string, string>>,
  date: string,
): string {
  const peers = [...new Set(outcomes.map(({ peer }) => peer))];
  const names = [...new Set(outcomes.map((outcome) => outcome.case))];
  const rows = names.map((name) => [
    name,
    ...peers.map((peer) => {
      const found = outcomes.find((outcome) => outcome.case === name && outcome.peer === peer);
      return found ? cell(found) : '';
    }),
  ]);
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const of = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return `# Who saves what

Made by \`npm run compare\` on ${date}, as root, and as root without any capability where a row says *by an ordinary user*; nothing here is written by hand. ${of.join(', ')}.

Each program saved each kind of file once, on a file of its own. A cell says what the path leads to afterwards (\`saved\`: the complete new
version), whether that is the same inode or a new one, what the file had and lost, how it was for a program that used the file, whether
it ended with an error (which one is in \`out/compare.json\`), and for Holdfast the level and its reason. vim has its defaults, but for \`backupskip\`, which is empty: files
below \`/tmp\` are saved as everywhere else. Any program that writes a file with capabilities in place loses them: the kernel takes them.

${line(['file', ...peers])}
${line(['file', ...peers].map(() => '---'))}
${rows.map(line).join('\n')}
`;
}

const files = {
  'new version': 'saved',
  'old version': 'not saved',
  neither: '**damaged**: neither version',
  missing: '**missing**',
} as const satisfies Record<Outcome['file'], string>;

function cell({ peer, file, inode, lost, holder, error, told }: Outcome): string {
  return [
    files[file],
    ...(inode === '-' ? [] : [`${inode} inode`]),
    ...(lost.length > 0 ? [`lost: ${lost.join(', ')}`] : []),
    ...(holder === '-' ? [] : [`program ${holder.replaceAll('|', '\\|')}`]),
    ...(error === '' ? [] : ['error']),
    ...(told !== '' && peer.includes('Holdfast') ? [told] : []),
  ].join('; ');
}
