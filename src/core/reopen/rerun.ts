/**
 * Whether a command line that a shell has told may be run again to start a program again.
 *
 * It has to be one line: anything else would be keys. And it has to name what runs: bash tells only the first command of a list (`cd there &&
 * ./run.sh`) where its history is set to leave out lines (VS Code's shellIntegration-bash.sh, `__vsc_history_verify`).
 *
 * @param names the file's base name, the program's name
 */
export function canBeTypedAgain(line: string, names: readonly string[]): boolean {
  return line.trim() !== '' && !/\p{Cc}/u.test(line) && names.some((name) => name !== '' && line.includes(name));
}
