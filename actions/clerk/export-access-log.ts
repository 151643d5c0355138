import { defineAction, PermanentFailure } from '../../engine/action.ts';
import { ClerkCallError } from './api/call-error.ts';
import { CLERK_CONCURRENCY, CLERK_ENV, CLERK_SECRETS, type ClerkClient, clerkClient } from './api/client.ts';
import { chunksOf, mapConcurrent } from './api/concurrency.ts';
import { listSessions } from './api/sessions.ts';
import { type AccessRow, rowOfSession } from './findings/access-row.ts';
import { openLog } from './findings/log-file.ts';
import { assertReadable, webhookRows } from './findings/webhook-events.ts';
import { describeClerk } from './readers/describe.ts';
import { distinct, USERS } from './schemas.ts';

/** Users whose sessions are held at once. */
const USERS_AT_ONCE = 100;

export default defineAction({
  name: 'clerk.export-access-log',
  title: 'Export the access log',
  description: [
    'Keeps the sessions of users, all of them and whatever their status, as a file of evidence with the run: CSV or NDJSON,',
    'given back by `runbook evidence`, its SHA-256 in the report. One request a user, or a few where one has over 500',
    'sessions. Clerk keeps no audit log and of each session only its latest activity: take this before it changes.',
    '`webhookEvents` adds what the app has stored of Clerk’s webhook events: a file with one event a line, as Clerk sent',
    'it (`type`, `data`, `timestamp`). Those that concern the users are taken; as NDJSON each is kept whole. Lines that are',
    'no event are counted, not hidden; a user whose sessions Clerk refuses to list (403, 404) is named in `failed`, and the',
    'others are kept. In the CSV a text that a spreadsheet would run as a formula begins with an apostrophe.',
  ].join('\n'),
  effect: 'read',
  idempotent: true,
  input: {
    type: 'object',
    properties: {
      users: USERS,
      format: { type: 'string', enum: ['csv', 'ndjson'], default: 'csv' },
      webhookEvents: { type: 'string', minLength: 1, description: 'Path of an NDJSON file of stored webhook events' },
    },
    required: ['users'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      file: { type: 'string', description: 'The name that `runbook evidence` knows it by' },
      users: { type: 'integer' },
      sessions: { type: 'integer', description: 'Rows from Clerk' },
      events: { type: 'integer', description: 'Rows from stored webhook events' },
      unreadable: { type: 'integer', description: 'Lines of the events file that are no event' },
      failed: {
        type: 'array',
        items: { type: 'string' },
        description: 'Users whose sessions Clerk refused to list (403, 404): not in the file',
      },
    },
    required: ['file', 'users', 'sessions', 'events', 'unreadable', 'failed'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: CLERK_ENV,
  describe: describeClerk,
  async run({ users, format = 'csv', webhookEvents }, ctx) {
    const ids = distinct(users);
    // A path that is wrong is told before a thousand requests.
    if (webhookEvents !== undefined) await assertReadable(webhookEvents);
    const client = await clerkClient(ctx);
    const file = `access-log.${format}`;
    const log = openLog(
      ctx.artifact(file, { mediaType: format === 'csv' ? 'text/csv' : 'application/x-ndjson' }),
      format,
    );
    const failed = new Map<string, PermanentFailure>();
    const counts = { sessions: 0, events: 0, unreadable: 0 };
    try {
      let listed = 0;
      for (const chunk of chunksOf(ids, USERS_AT_ONCE)) {
        for (const row of await sessionRows(client, chunk, failed)) {
          await log.write(row);
          counts.sessions++;
        }
        listed += chunk.length;
        ctx.progress(listed, ids.length, 'users');
      }
      const [first] = failed.values();
      // Not one could be read: an empty file would pass for evidence that there was nothing.
      if (first !== undefined && failed.size === ids.length) throw first;
      for await (const row of webhookEvents === undefined ? [] : webhookRows(webhookEvents, new Set(ids))) {
        ctx.signal.throwIfAborted();
        if (row === 'unreadable') counts.unreadable++;
        else {
          await log.write(row);
          counts.events++;
        }
      }
      await log.end();
    } catch (error) {
      log.drop();
      throw error;
    }
    if (counts.unreadable > 0) ctx.log(`${counts.unreadable} lines of ${webhookEvents} are no event and were left out`);
    for (const [id, { message }] of failed) ctx.log(`The sessions of ${id} are not in the file: ${message}`);
    return { file, users: ids.length, ...counts, failed: [...failed.keys()].sort() };
  },
});

/** @param failed gets the users whose sessions Clerk refuses to list. */
async function sessionRows(
  client: ClerkClient,
  users: readonly string[],
  failed: Map<string, PermanentFailure>,
): Promise<AccessRow[]> {
  const lists = await mapConcurrent(users, CLERK_CONCURRENCY, async (user) => {
    try {
      return await listSessions(client, user);
    } catch (error) {
      if (!(error instanceof PermanentFailure) || !isAboutOne(error)) throw error;
      failed.set(user, error);
      return [];
    }
  });
  return lists.flat().map(rowOfSession);
}

/** A 401 or a 402 speaks for all of them. */
function isAboutOne({ cause }: PermanentFailure): boolean {
  return cause instanceof ClerkCallError && (cause.status === 403 || cause.status === 404);
}
