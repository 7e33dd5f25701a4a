/** What stands around a word of a shell: nothing, white space, quotes, operators; before a name, also the end of a folder. */
const before = /^$|^[\s/'"`;&|()<>=]$/;
const after = /^$|^[\s'"`;&|()<>]$/;

/**
 * Whether a command line that a shell has told may be run again to start a program again.
 *
 * It has to be one line: anything else would be keys. And it has to name what runs: bash tells only the first command of a list (`cd there &&
 * ./run.sh`) where its history is set to leave out lines (VS Code's shellIntegration-bash.sh, `__vsc_history_verify`).
 *
 * A name is a whole word of the line, or the end of a path that is one: `run.sh` is named by `bash ./run.sh`, not by `cat run.sh.old`.
 *
 * @param names the file's base name, the program's name
 */
export function canBeTypedAgain(line: string, names: readonly string[]): boolean {
  return line.trim() !== '' && !/\p{Cc}/u.test(line) && names.some((name) => isNamed(line, name));
}

function isNamed(line: string, name: string): boolean {
  if (name === '') return false;
  for (let at = line.indexOf(name); at >= 0; at = line.indexOf(name, at + 1)) {
    if (before.test(line.charAt(at - 1)) && after.test(line.charAt(at + name.length))) return true;
  }
  return false;
}
