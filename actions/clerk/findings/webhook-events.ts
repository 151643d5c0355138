// Webhook events that an app has stored, one JSON object a line.
import { type Json, messageOf, PermanentFailure } from '../../../engine/action.ts';
import { type AccessRow, rowOfEvent } from './access-row.ts';

/** @throws PermanentFailure where the file cannot be read. */
export async function assertReadable(path: string): Promise<void> {
  const { access, constants } = await import('node:fs/promises');
  await access(path, constants.R_OK).catch((cause: unknown) => {
    throw new PermanentFailure(`Cannot read the webhook events in ${path}: ${messageOf(cause)}`, { cause });
  });
}

/** The rows that tell of `users`, and `unreadable` for each line that is no event, in the file's order. */
export async function* webhookRows(path: string, users: ReadonlySet<string>): AsyncGenerator<AccessRow | 'unreadable'> {
  const { open } = await import('node:fs/promises');
  const file = await open(path);
  try {
    for await (const line of file.readLines()) {
      if (line.trim() === '') continue;
      const row = rowOfEvent(parse(line), users);
      if (row !== undefined) yield row;
    }
  } finally {
    await file.close();
  }
}

function parse(line: string): Json | undefined {
  try {
    return JSON.parse(line) as Json; // JSON.parse gives nothing but JSON.
  } catch {
    return undefined;
  }
}
