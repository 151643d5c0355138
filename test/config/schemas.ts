// The schemas of the project's own files, as they are shipped.

import { RunbookError } from '../../engine/errors.ts';
import type { Schema } from '../../engine/json.ts';
import { type Config, parseConfig } from '../../engine/project/config.ts';
import { type Contacts, parseContacts } from '../../engine/project/contacts.ts';
import config from '../../schemas/config.schema.json' with { type: 'json' };
import contacts from '../../schemas/contacts.schema.json' with { type: 'json' };

// A JSON module is plain data.
export const configSchema = config as Schema;
export const contactsSchema = contacts as Schema;

export const configOf = (text: string): Config => parseConfig({ text, file: 'runbook.config.yaml' }, configSchema);
export const contactsOf = (text: string): Contacts => parseContacts({ text, file: 'contacts.yaml' }, contactsSchema);

/** What it throws, as a person reads it; fails where it throws nothing. */
export function refusalOf(work: () => unknown): RunbookError {
  try {
    work();
  } catch (error) {
    if (error instanceof RunbookError) return error;
    throw error;
  }
  throw new Error('It was not refused');
}
