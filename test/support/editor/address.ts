/** The address a window is opened with. */

export interface AddressOptions {
  readonly workspace?: string;
  readonly developmentPath?: string;
  readonly testsPath?: string;
  /** Extension → the log level of its channels, such as `debug`. */
  readonly logLevels?: Readonly<Record<string, string>>;
}

/** What of a running server its addresses need. */
export interface Addressed {
  readonly port: number;
  readonly token: string;
}

export function windowAddress(
  { port, token }: Addressed,
  { workspace, developmentPath, testsPath, logLevels = {} }: AddressOptions,
): string {
  const address = new URL(`http://127.0.0.1:${port}/`);
  address.searchParams.set('tkn', token);
  if (workspace === undefined) address.searchParams.set('ew', 'true');
  else address.searchParams.set(workspace.endsWith('.code-workspace') ? 'workspace' : 'folder', workspace);
  const remote = (path: string): string => `vscode-remote://127.0.0.1:${port}${encodeURI(path)}`;
  const payload: [string, string][] = [];
  if (developmentPath !== undefined) payload.push(['extensionDevelopmentPath', remote(developmentPath)]);
  if (testsPath !== undefined) payload.push(['extensionTestsPath', remote(testsPath)]);
  const levels = Object.entries(logLevels).map(([extension, level]) => `${extension}=${level}`);
  if (levels.length > 0) payload.push(['logLevel', levels.join(',')]);
  if (payload.length > 0) address.searchParams.set('payload', JSON.stringify(payload));
  return address.href;
}
