import { existsSync } from 'node:fs';
import { find, run } from './command.mjs';
import { SetupError, say, step } from './report.mjs';

const browsers = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/**
 * Programs of the system. `any` of them will do; `package` is Debian's name for what brings them. Those with `without` can be missing:
 * it says what is then not tested.
 */
const programs = [
  { any: browsers, package: 'chromium' },
  { any: ['gcc'], package: 'gcc' },
  { any: ['g++'], package: 'g++' },
  { any: ['make'], package: 'make' },
  { any: ['python3'], package: 'python3' },
  { any: ['git'], package: 'git' },
  { any: ['strace'], package: 'strace', without: 'tests that watch or disturb system calls' },
  { any: ['setfacl'], package: 'acl', without: 'tests of access control lists' },
  { any: ['getfattr'], package: 'attr', without: 'tests of extended attributes' },
  { any: ['setcap'], package: 'libcap2-bin', without: 'tests of file capabilities' },
  { any: ['bindfs'], package: 'bindfs', without: 'tests on FUSE' },
  { any: ['setpriv'], package: 'util-linux', without: 'tests that give up privileges' },
  { any: ['mkfs.ext4'], package: 'e2fsprogs', without: 'tests on ext4' },
  { any: ['mkfs.xfs'], package: 'xfsprogs', without: 'tests on XFS' },
  { any: ['mkfs.btrfs'], package: 'btrfs-progs', without: 'tests on Btrfs' },
  { any: ['zsh'], package: 'zsh', without: 'tests of scripts that zsh runs' },
  { any: ['ksh93'], package: 'ksh93u+m', without: 'tests of scripts that ksh93 runs' },
  { any: ['mksh'], package: 'mksh', without: 'tests of scripts that mksh runs' },
  { any: ['yash'], package: 'yash', without: 'tests of scripts that yash runs' },
  { any: ['busybox'], package: 'busybox', without: 'tests of scripts that BusyBox runs' },
  { any: ['fish'], package: 'fish', without: 'tests of scripts that fish runs' },
  { any: ['tcsh'], package: 'tcsh', without: 'tests of scripts that tcsh runs' },
  { any: ['php'], package: 'php-cli', without: 'tests of scripts that PHP runs' },
  { any: ['ruby'], package: 'ruby', without: 'tests of scripts that Ruby runs' },
  { any: ['lua'], package: 'lua5.4', without: 'tests of scripts that Lua runs' },
  { any: ['rsync'], package: 'rsync', without: 'tests of files that rsync writes in place' },
  { any: ['ed'], package: 'ed', without: 'tests of files that ed writes' },
  { any: ['nano'], package: 'nano', without: 'tests of files that nano writes' },
  { any: ['fuser'], package: 'psmisc', without: 'the comparison with fuser' },
  { any: ['lsof'], package: 'lsof', without: 'the comparison with lsof, and tests of the finder for macOS' },
];

/** What `npm run compare` compares with. */
const peers = [
  { any: ['vim'], package: 'vim' },
  { any: ['gio'], package: 'libglib2.0-bin' },
];

/** Where distributions put the font. Without any font the editor runs, but its pictures show boxes. */
const fontFolders = [
  '/usr/share/fonts/truetype/dejavu',
  '/usr/share/fonts/TTF',
  '/usr/share/fonts/dejavu-sans-fonts',
  '/usr/share/fonts/dejavu',
];
const font = { package: 'fonts-dejavu-core', without: 'pictures with readable text' };

/** Installs what is missing if it may, and otherwise says what to install. Returns the browser's path. */
export async function ensureSystem() {
  await ensure(findMissing);
  return { chromium: firstOf(browsers) };
}

/** The same for the programs that `npm run compare` compares with. */
export async function ensurePeers() {
  await ensure(() => peers.filter((entry) => firstOf(entry.any) === undefined));
}

/** @param {() => readonly { package: string, without?: string }[]} look finds what is missing */
async function ensure(look) {
  let missing = look();
  if (missing.length > 0 && process.getuid?.() === 0 && find('apt-get') !== undefined) {
    await install(missing);
    missing = look();
  }
  const required = missing.filter((entry) => entry.without === undefined);
  if (required.length > 0) {
    const names = required.map((entry) => entry.package).join(' ');
    throw new SetupError(`Missing: ${names}\nOn Debian:  sudo apt-get install -y --no-install-recommends ${names}`);
  }
  for (const entry of missing) {
    say(`! ${entry.package} is not installed: ${entry.without} will be skipped.`);
  }
}

function findMissing() {
  const missing = programs.filter((entry) => firstOf(entry.any) === undefined);
  return fontFolders.some((folder) => existsSync(folder)) ? missing : [...missing, font];
}

/** @param {readonly string[]} names */
function firstOf(names) {
  for (const name of names) {
    const path = find(name);
    if (path !== undefined) {
      return path;
    }
  }
  return undefined;
}

/**
 * One name that apt does not know keeps it from installing any: what can be missing is then asked for one by one, and may fail.
 *
 * @param {readonly { package: string, without?: string }[]} entries
 */
async function install(entries) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (packages) => run('apt-get', ['install', '-y', '--no-install-recommends', ...packages], { env });
  await step(`system packages: ${entries.map((entry) => entry.package).join(', ')}`, async () => {
    await run('apt-get', ['update'], { env });
    const required = entries.filter((entry) => entry.without === undefined).map((entry) => entry.package);
    if (required.length > 0) await apt(required);
    const optional = entries.filter((entry) => entry.without !== undefined);
    if (await succeeds(() => apt(optional.map((entry) => entry.package)))) return;
    for (const entry of optional) {
      try {
        await apt([entry.package]);
      } catch (error) {
        say(
          `! ${entry.package} could not be installed: ${error instanceof Error ? error.message.split('\n')[0] : error}`,
        );
      }
    }
  });
}

/** @param {() => Promise<unknown>} attempt */
async function succeeds(attempt) {
  try {
    await attempt();
    return true;
  } catch {
    // The reason is said where it is tried again, one by one.
    return false;
  }
}
