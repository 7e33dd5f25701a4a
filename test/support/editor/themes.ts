/** The kinds of theme that VS Code has; without a setting it follows what the system prefers. */
export const themes = ['dark', 'light', 'high-contrast-dark', 'high-contrast-light'] as const;
export type Theme = (typeof themes)[number];

export interface Preferences {
  readonly colorScheme: 'dark' | 'light';
  readonly forcedColors: 'active' | 'none';
}

/** What a system prefers on which VS Code wears this theme. */
export function preferencesOf(theme: Theme): Preferences {
  return {
    colorScheme: theme.endsWith('dark') ? 'dark' : 'light',
    forcedColors: theme.startsWith('high-contrast') ? 'active' : 'none',
  };
}

/** What VS Code calls it: a class of the window, and what a webview finds at its body (`vscodeThemeKind`). */
export const themeNames: Readonly<Record<Theme, { readonly window: string; readonly webview: string }>> = {
  dark: { window: 'vs-dark', webview: 'vscode-dark' },
  light: { window: 'vs', webview: 'vscode-light' },
  'high-contrast-dark': { window: 'hc-black', webview: 'vscode-high-contrast' },
  'high-contrast-light': { window: 'hc-light', webview: 'vscode-high-contrast-light' },
};
