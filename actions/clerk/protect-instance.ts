import { defineAction } from '../../engine/action.ts';
import { CLERK_ENV, CLERK_SECRETS, clerkClient } from './api/client.ts';
import { PROTECT_KIND, type Protect, readProtect, setProtect } from './changes/protect.ts';
import { assertHeld, changeSetting } from './changes/setting-change.ts';
import { describeClerk } from './readers/describe.ts';

export default defineAction({
  name: 'clerk.protect-instance',
  title: 'Set attack protection of the instance',
  description:
    "Turns Clerk Protect's rules, and its bot detection (specter), on or off for the whole instance. What is not given stays " +
    'as it is. Reads the earlier values first: the undo restores exactly those. Reads them again afterwards, and fails where ' +
    'they are not what was asked for, or where the setting is protected.',
  effect: 'change',
  idempotent: true,
  isUndoable: true,
  input: {
    type: 'object',
    properties: {
      rules: { type: 'boolean', description: "Protect's rules (`rules_enabled`)" },
      specter: { type: 'boolean', description: 'Bot detection (`specter_enabled`)' },
    },
    minProperties: 1,
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      rules: { type: 'boolean', description: 'As it holds at the end' },
      specter: { type: 'boolean', description: 'As it holds at the end' },
      changed: { type: 'boolean', description: 'False where it was so before' },
    },
    required: ['rules', 'specter', 'changed'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: CLERK_ENV,
  describe: describeClerk,
  async run({ rules, specter }, ctx) {
    const client = await clerkClient(ctx);
    const before = await readProtect(client);
    let now = before;
    const wanted: Partial<Protect> = {
      ...(rules === undefined ? {} : { rules_enabled: rules }),
      ...(specter === undefined ? {} : { specter_enabled: specter }),
    };
    const result = await changeSetting(
      ctx,
      {
        kind: PROTECT_KIND,
        id: 'instance',
        verb: 'set',
        before: { ...before },
        after: { ...wanted },
        undo: {
          uses: 'clerk.protect-instance',
          with: {
            ...(rules === undefined ? {} : { rules: before.rules_enabled }),
            ...(specter === undefined ? {} : { specter: before.specter_enabled }),
          },
        },
      },
      async () => {
        await setProtect(client, wanted);
        now = await readProtect(client);
        assertHeld('PATCH /instance/protect', { ...wanted }, { ...now }, { ...before });
      },
    );
    const isSet = result.outcome === 'done';
    // Set by an earlier attempt: it may have been changed back since.
    if (isSet) assertHeld('PATCH /instance/protect', { ...wanted }, { ...now }, {});
    return { rules: now.rules_enabled, specter: now.specter_enabled, changed: isSet };
  },
});
