import { type ActionContext, defineAction, isJsonObject, PermanentFailure } from '../../engine/action.ts';
import { type ClerkCall, ClerkCallError } from './api/call-error.ts';
import { CLERK_ENV, clerkClientWith, notJson } from './api/client.ts';

/** `sk_live_` or `sk_test_` and what follows. The pattern keeps line ends and quotes out of a header. */
const KEY = { type: 'string', secret: true, pattern: '^sk_(live|test)_[\\w=-]+$' } as const;

type Verdict = 'refused' | 'accepted';

interface Checked {
  readonly verdict: Verdict;
  readonly instance?: { readonly id: string; readonly environment: string };
}

export default defineAction({
  name: 'clerk.check-key',
  title: 'Prove that a secret key is refused, and another accepted',
  description:
    'Asks GET /instance with each given key. `old` must be refused (401), `current` must be accepted (200): a key that was ' +
    'rotated is proved to be dead, not ticked off. What cannot be asked (no answer, a 5xx, an answer that is not ' +
    "Clerk's) fails the step and is never taken for a refusal.",
  effect: 'read',
  idempotent: true,
  input: {
    type: 'object',
    properties: {
      old: { ...KEY, description: 'The key that must not work any more' },
      current: { ...KEY, description: 'The key that must work' },
      instance: {
        type: 'string',
        pattern: '^ins_\\w+$',
        description: 'The instance that `current` must belong to',
      },
      mustHold: {
        type: 'boolean',
        default: true,
        description:
          'Fail where a key is not as it must be. `false`: only say how it is, for a step that asks again (`until`)',
      },
    },
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      holds: { type: 'boolean', description: 'Every given key is as it must be' },
      old: { enum: ['refused', 'accepted', 'not-asked'] },
      current: { enum: ['refused', 'accepted', 'not-asked'] },
      instance: {
        type: 'object',
        description: 'Whose key `current` is; where that was not asked or is refused, whose `old` is',
        properties: { id: { type: 'string' }, environment: { type: 'string' } },
        required: ['id', 'environment'],
        additionalProperties: false,
      },
    },
    required: ['holds', 'old', 'current'],
    additionalProperties: false,
  },
  env: CLERK_ENV,
  async run({ old, current, instance, mustHold = true }, ctx) {
    if (old === undefined && current === undefined) throw new PermanentFailure('Give `old`, `current` or both');
    // Before the key was replaced, as in a plan of the whole, both may be the one that leaked.
    if (old !== undefined && old === current && !ctx.planning) {
      throw new PermanentFailure(
        '`old` and `current` are the same key: it was not rotated, or one of them is outdated',
      );
    }
    const before = old === undefined ? undefined : await check(ctx, 'the old key', old);
    const now = current === undefined ? undefined : await check(ctx, 'the current key', current);
    const wrong = [
      ...(before?.verdict === 'accepted' ? ['Clerk still accepts the old key'] : []),
      ...(now?.verdict === 'refused' ? ['Clerk refuses the current key'] : []),
      ...(instance !== undefined && now?.instance !== undefined && now.instance.id !== instance
        ? [`the current key belongs to ${now.instance.id} (${now.instance.environment}), not to ${instance}`]
        : []),
    ];
    // A plan looks before anything was changed: that an old key is accepted then is no failure.
    if (wrong.length > 0 && mustHold && !ctx.planning) throw new Error(`${wrong.join('; ')}.`);
    const whose = now?.instance ?? before?.instance;
    const notAsked = 'not-asked' as const;
    return {
      holds: wrong.length === 0,
      old: before?.verdict ?? notAsked,
      current: now?.verdict ?? notAsked,
      ...(whose === undefined ? {} : { instance: { ...whose } }),
    };
  },
});

/** @throws ClerkCallError, the signal's reason: it could not be asked. */
async function check(ctx: ActionContext, what: string, key: string): Promise<Checked> {
  const call: ClerkCall = { name: 'GET /instance', target: what, isRepeatable: true };
  const client = await clerkClientWith(ctx, key);
  try {
    const body = await client.send(call, () => client.request(call, { method: 'GET', path: '/instance' }));
    if (!isJsonObject(body) || typeof body.id !== 'string') throw notJson(call);
    const { id, environment_type: environment } = body;
    return { verdict: 'accepted', instance: { id, environment: typeof environment === 'string' ? environment : '' } };
  } catch (error) {
    ctx.signal.throwIfAborted();
    // With a code of Clerk's it is Clerk that refuses the key; a 401 without one may be anybody's between us.
    if (error instanceof ClerkCallError && error.status === 401 && error.clerkCode !== undefined) {
      return { verdict: 'refused' };
    }
    throw error;
  }
}
