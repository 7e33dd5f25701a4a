/** Drives a real VS Code from tests. */
export { Editor, type EditorOptions, type WindowOptions } from './editor';
export { themeNames, themes, type Theme } from './themes';
export { EditorWindow } from './window';
export { RemoteError, type RemoteFunction } from './driver';
export { DeadlineError, within } from '../deadline';
export { installation, projectFolder, type EditorVersion, type Installation } from './installations';
export { straceRefusal, whole } from './strace';
export type { Strace, StraceOptions } from './strace';
export { runSuite, type SuiteOptions } from './suite';
