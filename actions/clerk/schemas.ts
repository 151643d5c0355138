// Schemas that several actions of the family share.

/** Clerk ids of users. The pattern keeps anything else out of URLs and request bodies. */
export const USERS = {
  type: 'array',
  description: 'Clerk ids of users',
  items: { type: 'string', pattern: '^user_\\w+$' },
} as const;

/** Users and nothing else. */
export const USERS_INPUT = {
  type: 'object',
  properties: { users: USERS },
  required: ['users'],
  additionalProperties: false,
} as const;

/** Stored by Clerk with what is revoked, and shown there to its owner. */
export const REVOCATION_REASON = {
  type: 'string',
  description: "Kept by Clerk with each of them, where the owner may read it: say nothing of the incident's details",
  minLength: 1,
  maxLength: 200,
  default: 'Incident response',
} as const;

export function distinct(values: readonly string[]): string[] {
  return [...new Set(values)];
}
