import { settings, type SettingValue } from './contributions';

/** What the settings of a file's own path say about how it is saved. */
export interface SaveOptions {
  readonly when: SettingValue<'holdfast.when'>;
  readonly durability: SettingValue<'holdfast.durability'>;
}

export const defaultOptions: SaveOptions = {
  when: settings['holdfast.when'].default,
  durability: settings['holdfast.durability'].default,
};
