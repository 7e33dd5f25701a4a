/** A tool that follows a file, started. */
import { tmpdir } from 'node:os';

import { StartedProcess } from '../editor/processes';
import type { Followed } from '../scenarios/following';
import { Reports } from './reports';
import type { Tool } from './tools';

/** Milliseconds. */
const startDeadline = 60_000;
const stopDeadline = 10_000;

/** What the counting needs of one. */
export interface Follower {
  readonly reports: Reports;
  stop(): Promise<void>;
}

export function followed(tool: Tool): Followed {
  return { ...tool, start: (folder) => startFollower(tool, folder) };
}

async function startFollower(tool: Tool, folder: string): Promise<Follower> {
  const reports = new Reports();
  const lines: string[] = [];
  const [command = '', ...args] = await tool.command(folder);
  const running = await StartedProcess.start(tool.name, command, args, {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, TMPDIR: tmpdir(), LANG: 'C.UTF-8', NO_COLOR: '1' },
    stdin: 'open',
    ...(tool.channel ? { channel: true } : {}),
    onLine: (line) => {
      lines.push(line);
      if (!tool.block.test(line)) return;
      const report = tool.read(lines.splice(0).join('\n'));
      if (report) reports.add(report);
    },
  });
  void running.ended.then((outcome) => reports.end(new Error(`${tool.name} ended: ${outcome}\n${running.output}`)));
  try {
    await running.untilOutput(tool.ready, startDeadline);
  } catch (error) {
    await running.stop(stopDeadline);
    throw error;
  }
  return { reports, stop: () => running.stop(stopDeadline, 'SIGKILL') };
}
