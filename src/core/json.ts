/** What kind of value it is, without what is in it. */
export function typeName(raw: unknown): string {
  if (raw === null) return 'null';
  return Array.isArray(raw) ? 'array' : typeof raw;
}

/** The fields of an object; none, if it is no object. */
export function fieldsIn(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** The fields of a JSON object; none, if the text is no object. */
export function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    return fieldsIn(JSON.parse(text));
  } catch {
    return {};
  }
}
