import { settings, type SettingValue } from './contributions';

/** What the settings of a file's own path say about how it is saved. */
export interface SaveOptions {
  readonly when: SettingValue<'holdfast.when'>;
  readonly hardLinks: SettingValue<'holdfast.hardLinks'>;
  readonly durability: SettingValue<'holdfast.durability'>;
}

export const defaultOptions: SaveOptions = {
  when: settings['holdfast.when'].default,
  hardLinks: settings['holdfast.hardLinks'].default,
  durability: settings['holdfast.durability'].default,
};
