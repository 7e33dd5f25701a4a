/**
 * Every version the set-up fetches, pinned, each with the registry's integrity hash.
 *
 * `recipe` is part of a cache entry's name: raise it when the way an entry is built changes, and old entries are left alone.
 */
export const recipe = 1;

/** Node.js as an npm package: one per version and machine. It brings the headers that native modules are built against. */
export const nodes = {
  '24.21.0': {
    x64: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
    arm64: 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
  },
  '20.20.2': {
    x64: 'sha512-PeHQM8wAdmHtZA1mBocygZxs5LiUWtsJezQTkBd0iY987KpGrD1O2tVEydvMZiuXceRanxt7rjTnDEBwOPujoQ==',
    arm64: 'sha512-LCXJnNTFiyGuYBw2gZSI5OBFMbkjAPt8sqD/NKrWoE2QmDgSubTqFng6GaNJ9EJ8HpxBMGcWWpbbcs4Vo+CnGg==',
  },
};

/**
 * A VS Code server each, as the npm package `code-server` contains it.
 *
 * `native` are the modules the server cannot start without. The others (Kerberos sign-in, a search database, Windows) stay unbuilt.
 * `unwanted` are packages the server starts without, and that are as large as all the rest together.
 */
export const editors = {
  current: {
    package: 'code-server',
    packageVersion: '4.139.1',
    integrity: 'sha512-fUYvJVdz4ZoVJfakGiGWXFMpF8K1ObsrpGvX17ZxNpKOzdNHs7lANT670JTr4ZhA8DnWqyvvmFG/d3HV9Yy6ew==',
    version: '1.139.1',
    node: '24.21.0',
    native: ['node-pty', '@vscode/spdlog', '@vscode/native-watchdog', '@vscode/fs-copyfile', '@vscode/deviceid'],
    unwanted: ['@github/copilot-sdk', '@microsoft/mxc-sdk'],
  },
  oldest: {
    package: 'code-server',
    packageVersion: '4.100.3',
    integrity: 'sha512-q/Fh2DOxCRNhC/WiG/6sAhSKnj7ZACTVBaeeZ+rWjol//0FCbl/qg1ln5ecZ99jYcfqMxZZAyWcN+YBIo0DgpA==',
    version: '1.100.3',
    node: '20.20.2',
    native: ['node-pty', '@vscode/spdlog', 'native-watchdog'],
    unwanted: [],
  },
};
