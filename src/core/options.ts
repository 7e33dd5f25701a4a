import { settings, type SettingValue } from './contributions';

/** What the settings of a file's own path say about how it is saved. */
export interface SaveOptions {
  readonly durability: SettingValue<'holdfast.durability'>;
}

export const defaultOptions: SaveOptions = {
  durability: settings['holdfast.durability'].default,
};
