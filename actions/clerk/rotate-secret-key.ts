import {
  type ActionContext,
  type ChangeResult,
  defineAction,
  isJsonObject,
  type Json,
  PermanentFailure,
  RunbookError,
} from '../../engine/action.ts';
import { asChangeFailure, type ClerkCall, ClerkCallError } from './api/call-error.ts';
import { CLERK_ENV, clerkClientWith, notJson } from './api/client.ts';

const BY_HAND =
  "Rotate it by hand: Clerk's dashboard, the instance's API keys, add a new secret key, put it where the app reads it, " +
  'delete the old one; then prove it with clerk.check-key';
const MS_PER_HOUR = 3_600_000;

interface NewKey {
  readonly instanceId: string;
  readonly environment: string;
  readonly secretKey: string;
}

export default defineAction({
  name: 'clerk.rotate-secret-key',
  title: "Rotate the instance's secret key",
  description:
    "Makes a new secret key through Clerk's Platform API (private beta, a token of its own) and ends the old ones: at once, " +
    'or after a delay in which both are accepted. The new key is in the answer alone: put it where the app reads it, ' +
    'before the old one ends. Everything that still uses an old key is refused from then on. Never sent twice: each call ' +
    'makes another key.',
  effect: 'destructive',
  idempotent: false,
  input: {
    type: 'object',
    properties: {
      application: { type: 'string', pattern: '^app_\\w+$', description: "The application's id in Clerk" },
      instance: {
        type: 'string',
        pattern: '^(production|development|ins_\\w+)$',
        description: 'Which instance: `production`, `development` or its id',
      },
      delayHours: {
        type: 'integer',
        minimum: 0,
        maximum: 720,
        default: 0,
        description: 'For how many hours old keys stay accepted. 0 for a key that leaked',
      },
      reason: { type: 'string', minLength: 1, maxLength: 200, description: 'Kept by Clerk for its audit' },
    },
    required: ['application', 'instance'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      applicationId: { type: 'string' },
      instanceId: { type: 'string' },
      environment: { type: 'string' },
      secretKey: { type: 'string', secret: true, description: 'The new key' },
      oldKeysUntil: { type: 'string', description: 'When old keys are refused, at the latest' },
    },
    required: ['applicationId', 'instanceId', 'environment', 'secretKey', 'oldKeysUntil'],
    additionalProperties: false,
  },
  secrets: ['CLERK_PLATFORM_TOKEN'],
  env: CLERK_ENV,
  async run({ application, instance, delayHours = 0, reason }, ctx) {
    const token = await platformToken(ctx);
    const client = await clerkClientWith(ctx, token);
    const call: ClerkCall = {
      name: 'POST /platform/applications/{app}/instances/{instance}/rotate_secret_keys',
      target: `instance ${instance} of ${application}`,
      isRepeatable: false,
    };
    const path = `/platform/applications/${application}/instances/${instance}/rotate_secret_keys`;
    const body = { delay_old_secrets_expiration_hours: delayHours, ...(reason === undefined ? {} : { reason }) };
    let made: NewKey | undefined;
    let isFinal = false;
    const result = await ctx.change(
      {
        kind: 'instance-secret-key',
        id: `${application}/${instance}`,
        verb: 'rotate',
        after: { delayHours },
        idempotent: false,
      },
      async () => {
        try {
          made = await client.send(call, async () =>
            parseNewKey(call, await client.request(call, { method: 'POST', path, body })),
          );
        } catch (error) {
          isFinal = error instanceof ClerkCallError && !error.isTransient;
          throw asChangeFailure(error);
        }
      },
    );
    // Clerk counts from when it did it: the answer came after that, so it is no later.
    const oldKeysUntil = new Date(ctx.now() + delayHours * MS_PER_HOUR).toISOString();
    if (result.outcome === 'planned') {
      return { applicationId: application, instanceId: instance, environment: instance, secretKey: '', oldKeysUntil };
    }
    if (made === undefined) throw failureOf(result, isFinal);
    return { applicationId: application, ...made, oldKeysUntil };
  },
});

/** @throws PermanentFailure that says how to do it by hand. */
async function platformToken(ctx: ActionContext): Promise<string> {
  const token = await ctx.secret('CLERK_PLATFORM_TOKEN').catch((error: unknown) => {
    if (error instanceof RunbookError && error.code === 'E_SECRET_MISSING') return '';
    throw error;
  });
  if (token !== '') return token;
  throw new PermanentFailure(
    `There is no CLERK_PLATFORM_TOKEN, and no key can be rotated with the instance's own. ${BY_HAND}`,
  );
}

/** @param isFinal what Clerk refused it will refuse again: `retry` must not try. */
function failureOf({ outcome, error }: ChangeResult, isFinal: boolean): Error {
  switch (outcome) {
    case 'failed': {
      const text = `${error ?? 'Clerk refused to rotate the key'}. ${BY_HAND}`;
      return isFinal ? new PermanentFailure(text) : new Error(text);
    }
    case 'unknown':
      return new Error(
        `${error ?? 'The answer was lost'}. The key may be rotated, and then nobody here has the new one: look at the ` +
          "dashboard's API keys before anything is sent again",
      );
    case 'protected':
    case 'skipped':
      return new PermanentFailure(`The key was not rotated: ${error ?? outcome}. ${BY_HAND}`);
    default:
      return new PermanentFailure(
        'The key was rotated by an earlier attempt, whose answer with the new key is gone. Copy the new key from the ' +
          "dashboard's API keys, and end this step by hand with it as the output",
      );
  }
}

function parseNewKey(call: ClerkCall, body: Json): NewKey {
  const instances = isJsonObject(body) ? body.instances : undefined;
  // One instance was asked for, so one is answered.
  const only = Array.isArray(instances) && instances.length === 1 ? instances[0] : undefined;
  if (!isJsonObject(only)) throw notJson(call);
  const { instance_id: instanceId, environment_type: environment, secret_key: secretKey } = only;
  if (typeof instanceId !== 'string' || typeof environment !== 'string' || typeof secretKey !== 'string') {
    throw notJson(call);
  }
  return { instanceId, environment, secretKey };
}
