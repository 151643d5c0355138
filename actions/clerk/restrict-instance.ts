import { defineAction, isJsonObject, type Json, type JsonObject } from '../../engine/action.ts';
import type { ClerkCall } from './api/call-error.ts';
import { CLERK_ENV, CLERK_SECRETS, type ClerkClient, clerkClient, notJson } from './api/client.ts';
import { assertHeld, changeSetting } from './changes/setting-change.ts';
import { describeClerk } from './readers/describe.ts';

/** Of its one target. Nothing reads it: Clerk has no GET for restrictions. */
const KIND = 'instance-restrictions';

/** Input by name, and what Clerk calls it (PATCH /instance/restrictions). */
const FIELDS = {
  allowlist: 'allowlist',
  blocklist: 'blocklist',
  listsSkipSignIn: 'allowlist_blocklist_disabled_on_sign_in',
  blockEmailSubaddresses: 'block_email_subaddresses',
  blockDisposableEmail: 'block_disposable_email_domains',
} as const;
type Field = keyof typeof FIELDS;
type Values = { [name in Field]?: boolean };

const PROPERTIES = {
  allowlist: { type: 'boolean', description: 'Only who is on the allowlist can sign up' },
  blocklist: { type: 'boolean', description: 'Who is on the blocklist cannot get in' },
  listsSkipSignIn: { type: 'boolean', description: 'Both lists act on sign-up alone, not on sign-in' },
  blockEmailSubaddresses: { type: 'boolean', description: 'No sign-up with addresses like name+tag@example.com' },
  blockDisposableEmail: { type: 'boolean', description: 'No sign-up with disposable addresses' },
} as const;

export default defineAction({
  name: 'clerk.restrict-instance',
  title: 'Set restrictions of the instance',
  description:
    'Sets who may sign up and sign in to the whole instance. What is not given stays as it is. Clerk has no way to read these ' +
    'settings: state in `earlier` what they were (Dashboard, Restrictions), at least of those that you set, and the undo ' +
    'restores exactly that; without it there is no undo. Since nobody can look, an undo needs --unchecked. Fails where Clerk ' +
    'answers other values than those that were set, or where the restrictions are protected.',
  effect: 'destructive',
  idempotent: true,
  isUndoable: true,
  input: {
    type: 'object',
    properties: {
      set: { type: 'object', properties: PROPERTIES, minProperties: 1, additionalProperties: false },
      earlier: {
        type: 'object',
        properties: PROPERTIES,
        additionalProperties: false,
        description: 'What they were before, as the operator looked them up',
      },
    },
    required: ['set'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      now: {
        type: 'object',
        properties: PROPERTIES,
        additionalProperties: false,
        description: 'All five as Clerk answered them; empty where this attempt sent nothing',
      },
      isUndoable: { type: 'boolean', description: 'Whether the earlier values of all that was set are known' },
    },
    required: ['now', 'isUndoable'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: CLERK_ENV,
  describe: describeClerk,
  async run({ set, earlier = {} }, ctx) {
    const client = await clerkClient(ctx);
    const names = namesIn(set);
    const missing = names.filter((name) => earlier[name] === undefined);
    if (missing.length > 0) {
      ctx.log(`Cannot be undone exactly: the earlier value of ${missing.join(', ')} is not stated in \`earlier\``);
    }
    const back = Object.fromEntries(names.flatMap((name) => pairOf(name, earlier[name])));
    const was = toClerk(earlier, names);
    const isChange = names.some((name) => set[name] !== earlier[name]);
    let now: Values = {};
    await changeSetting(
      ctx,
      {
        kind: KIND,
        id: 'instance',
        verb: 'restrict',
        // What the operator says is no reading: it never keeps the request back.
        ...(missing.length === 0 && isChange ? { before: was } : {}),
        after: toClerk(set, names),
        ...(missing.length === 0
          ? { undo: { uses: 'clerk.restrict-instance', with: { set: back, earlier: { ...set } } } }
          : {}),
      },
      async () => {
        const answered = await setRestrictions(client, toClerk(set, names));
        // Nothing was read before: only what all differs from what was set is known to be untouched.
        const wanted = Object.fromEntries(names.flatMap((name) => pairOf(name, set[name])));
        const opposite = Object.fromEntries(names.flatMap((name) => pairOf(name, !set[name])));
        assertHeld('PATCH /instance/restrictions', wanted, answered, opposite);
        now = answered;
      },
    );
    return { now, isUndoable: missing.length === 0 };
  },
});

function namesIn(values: Values): Field[] {
  return (Object.keys(FIELDS) as Field[]).filter((name) => values[name] !== undefined); // The keys of a constant.
}

function pairOf(name: Field, value: boolean | undefined): [Field, boolean][] {
  return value === undefined ? [] : [[name, value]];
}

function toClerk(values: Values, names: readonly Field[]): JsonObject {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = values[name];
      return value === undefined ? [] : [[FIELDS[name], value]];
    }),
  );
}

/**
 * PATCH /instance/restrictions, beside the SDK, which knows only three of the five. Sets values, so it may be sent again.
 * @throws ClerkCallError
 */
async function setRestrictions(client: ClerkClient, body: JsonObject): Promise<Values> {
  const call: ClerkCall = { name: 'PATCH /instance/restrictions', isRepeatable: true };
  const answer: Json = await client.send(call, () =>
    client.request(call, { method: 'PATCH', path: '/instance/restrictions', body }),
  );
  if (!isJsonObject(answer)) throw notJson(call);
  const now: Values = {};
  for (const name of Object.keys(FIELDS) as Field[]) {
    // The keys of a constant.
    const value = answer[FIELDS[name]];
    if (typeof value === 'boolean') now[name] = value;
  }
  return now;
}
