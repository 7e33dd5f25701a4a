/**
 * A display language without a language pack: VS Code's own texts stay English, but `vscode.env.language` is the wanted one, and
 * extensions show their own translations. Real packs come from a marketplace, which tests do not ask.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunFolders } from './folders';

export async function writeLanguagePack(folders: RunFolders, locale: string): Promise<void> {
  const translations = join(folders.userData, `empty-translation.${locale}.json`);
  await writeFile(translations, JSON.stringify({ version: '1.0.0', contents: {} }));
  const extensions = [{ extensionIdentifier: { id: `holdfast-test.language-${locale}` }, version: '1.0.0' }];
  const packs = {
    [locale]: { hash: `holdfast-${locale}`, label: locale, extensions, translations: { vscode: translations } },
  };
  await writeFile(join(folders.userData, 'languagepacks.json'), JSON.stringify(packs));
}
