import { settings, type SettingValue } from './contributions';

/** What the settings of a file's own path say about how it is saved. */
export interface SaveOptions {
  readonly when: SettingValue<'holdfast.when'>;
  readonly hardLinks: SettingValue<'holdfast.hardLinks'>;
  readonly owner: SettingValue<'holdfast.owner'>;
  readonly attributes: SettingValue<'holdfast.attributes'>;
  readonly durability: SettingValue<'holdfast.durability'>;
  readonly oldNameSeconds: SettingValue<'holdfast.oldNameSeconds'>;
}

/** What a new file cannot keep is the user's to decide, if a program uses the old one. Each has a setting of its name. */
export type Question = 'hardLinks' | 'owner' | 'attributes';

export type Answer<Q extends Question = Question> = Exclude<SaveOptions[Q], 'ask'>;

export const defaultOptions: SaveOptions = {
  when: settings['holdfast.when'].default,
  hardLinks: settings['holdfast.hardLinks'].default,
  owner: settings['holdfast.owner'].default,
  attributes: settings['holdfast.attributes'].default,
  durability: settings['holdfast.durability'].default,
  oldNameSeconds: settings['holdfast.oldNameSeconds'].default,
};
