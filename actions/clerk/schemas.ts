// Schemas that several actions of the family share.

/** Clerk ids of users. The pattern keeps anything else out of URLs and request bodies. */
export const USERS = {
  type: 'array',
  description: 'Clerk ids of users',
  items: { type: 'string', pattern: '^user_\\w+$' },
} as const;

export function distinct(values: readonly string[]): string[] {
  return [...new Set(values)];
}
