// The Platform API (private beta): rotating the instance's secret key, under a token of its own. From its own OpenAPI file,
// POST /platform/applications/{applicationID}/instances/{envOrInsID}/rotate_secret_keys.

import type { Json } from '../../../json.ts';
import { applicationIdOf, currentSecretKey, platformTokenOf } from '../../keys.ts';
import { isSameSecret } from '../../same-secret.ts';
import { ClerkApiError, invalidParameter, missingKey, notFound } from '../errors.ts';
import { readBody } from '../parameters.ts';
import type { ClerkContext, ClerkRequest, ClerkRoute } from '../route.ts';

export const PLATFORM_PREFIX = '/v1/platform/';
const HOUR_MS = 3_600_000;

/** @throws ClerkApiError 401 */
export function checkPlatformToken(header: string | undefined, { seed, scenario }: ClerkContext): void {
  if (header === undefined || !header.startsWith('Bearer ')) throw missingKey();
  const isRight = isSameSecret(header, `Bearer ${platformTokenOf(seed)}`);
  if (isRight && scenario.world.keys.hasPlatformAccess) return;
  const text = 'The Platform API access token is invalid.';
  throw new ClerkApiError(401, [{ message: text, long_message: text, code: 'platform_api_access_token_invalid' }]);
}

/**
 * NOT idempotent: each call makes another key. Silent: whether old keys stay valid where no delay is given. Ours: they are
 * refused at once, as with 0.
 */
function rotate({ params, body, now }: ClerkRequest, context: ClerkContext): Json {
  const { seed, instance } = context;
  const applicationId = params.applicationID ?? '';
  const wanted = params.envOrInsID ?? '';
  if (applicationId !== applicationIdOf(seed)) throw notFound('application', applicationId);
  if (wanted !== instance.id && wanted !== instance.environment) throw notFound('instance', wanted);
  const given = readBody(body, ['delay_old_secrets_expiration_hours', 'reason']);
  const hours = given.delay_old_secrets_expiration_hours ?? 0;
  if (typeof hours !== 'number' || !Number.isInteger(hours) || hours < 0) {
    throw invalidParameter('delay_old_secrets_expiration_hours', 'must be a whole number of hours');
  }
  if (given.reason !== undefined && typeof given.reason !== 'string') throw invalidParameter('reason', 'must be text');
  context.commit({ type: 'secret-key.rotate', at: now, oldKeysUntil: now + hours * HOUR_MS });
  return {
    application_id: applicationId,
    name: 'Drill',
    instances: [
      { instance_id: instance.id, environment_type: instance.environment, secret_key: currentSecretKey(context) },
    ],
  };
}

/** Apart from CLERK_ROUTES: they stand in another OpenAPI file, and take another token. */
export const PLATFORM_ROUTES: readonly ClerkRoute[] = [
  {
    method: 'POST',
    path: `${PLATFORM_PREFIX}applications/:applicationID/instances/:envOrInsID/rotate_secret_keys`,
    handler: rotate,
  },
];
