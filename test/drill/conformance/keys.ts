// Keys, machines and tokens: the operations' answers, right and wrong ones.
import { addedApiKeyId, seededApiKeys } from '../../../engine/drill/population/api-keys.ts';
import { issuedTokens, oauthApplicationId } from '../../../engine/drill/population/issued-tokens.ts';
import type { KeyGround } from '../../../engine/drill/population/key-ground.ts';
import { machineId, machineTokens } from '../../../engine/drill/population/machines.ts';
import { organizationId } from '../../../engine/drill/population/organizations.ts';
import { createPopulation } from '../../../engine/drill/population/population.ts';
import type { DrillWorld } from '../../../engine/drill/world.ts';
import type { Json, JsonObject } from '../../../engine/json.ts';
import { must } from '../helpers.ts';
import type { Case } from './case.ts';

/** `world.keys` of a scenario in which every operation has something to answer. */
export const KEY_WORLD: JsonObject = {
  apiKeyShare: 0.5,
  organizations: 3,
  addedByAttacker: 3,
  machines: 2,
  tokensPerMachine: 13,
  oauthApplications: 1,
  signInTokens: 4,
  actorTokens: 4,
  jwtTemplates: [
    { name: 'edge', lifetimeSeconds: 300 },
    { name: 'legacy', lifetimeSeconds: 2_592_000 },
  ],
  isSecretKeyExposed: true,
};

export function groundOf({ scenario, seed, startedAt }: DrillWorld): KeyGround {
  return {
    population: createPopulation({ seed, startedAt, world: scenario.world }),
    startedAt,
    spec: scenario.world.keys,
  };
}

/** Cases for a world made with KEY_WORLD. */
export function keyCases(world: DrillWorld): readonly Case[] {
  const ground = groundOf(world);
  const user = must(world.ground.compromised[0]);
  const key = must(seededApiKeys(ground, user).at(-1)).id;
  const machine = machineId(ground, 0);
  const token = must(machineTokens(ground, 0)[0]).id;
  const application = oauthApplicationId(ground, 0);
  const [fresh, , used] = issuedTokens(ground, 'sign-in');
  const [actor, , usedActor] = issuedTokens(ground, 'actor');
  const unknownKey = addedApiKeyId(world.seed, 99);
  const get = (operation: string, path: string, status = 200): Case => ({ method: 'GET', operation, path, status });
  const post = (operation: string, path: string, status: number, body?: Json): Case => ({
    method: 'POST',
    operation,
    path,
    status,
    ...(body === undefined ? {} : { body }),
  });
  const revokeKey = '/api_keys/{apiKeyID}/revoke';
  const revokeToken = '/m2m_tokens/{m2m_token_id}/revoke';
  const rotate = '/machines/{machine_id}/secret_key/rotate';
  const oauth = '/oauth_applications/{oauth_application_id}/rotate_secret';
  const revokeSignIn = '/sign_in_tokens/{sign_in_token_id}/revoke';
  const revokeActor = '/actor_tokens/{actor_token_id}/revoke';
  return [
    get('/api_keys', `/v1/api_keys?subject=${user}`),
    get('/api_keys', `/api_keys?subject=${organizationId(ground, 0)}&include_invalid=true&limit=100`),
    get('/api_keys', '/v1/api_keys', 400),
    get('/api_keys', `/v1/api_keys?subject=${user}&limit=101`, 400),
    get('/api_keys/{apiKeyID}', `/v1/api_keys/${key}`),
    get('/api_keys/{apiKeyID}', `/api_keys/${unknownKey}`, 404),
    post(revokeKey, `/v1/api_keys/${key}/revoke`, 200, { revocation_reason: 'leaked' }),
    post(revokeKey, `/api_keys/${key}/revoke`, 400),
    post(revokeKey, `/api_keys/${unknownKey}/revoke`, 404, {}),
    get('/machines', '/v1/machines'),
    get('/machines', '/v1/machines?order_by=colour', 422),
    get('/machines/{machine_id}', `/v1/machines/${machine}`),
    get('/machines/{machine_id}', '/v1/machines/mch_unknown', 404),
    post(rotate, `/v1${rotate}`.replace('{machine_id}', machine), 200, { previous_token_ttl: 0 }),
    post(rotate, `/v1${rotate}`.replace('{machine_id}', machine), 422, { previous_token_ttl: 28_801 }),
    post(rotate, `/v1${rotate}`.replace('{machine_id}', 'mch_unknown'), 404, { previous_token_ttl: 0 }),
    get('/m2m_tokens', `/v1/m2m_tokens?subject=${machine}`),
    get('/m2m_tokens', `/m2m_tokens?subject=${machine}&limit=0`, 400),
    get('/m2m_tokens', `/m2m_tokens?subject=mch_${'a'.repeat(27)}`, 404),
    post(revokeToken, `/v1/m2m_tokens/${token}/revoke`, 200, {}),
    post(revokeToken, `/m2m_tokens/mt_${'0'.repeat(32)}/revoke`, 404, {}),
    post(oauth, `/v1/oauth_applications/${application}/rotate_secret`, 200),
    post(oauth, '/v1/oauth_applications/none/rotate_secret', 404),
    post(revokeSignIn, `/v1/sign_in_tokens/${must(fresh).id}/revoke`, 200),
    post(revokeSignIn, `/v1/sign_in_tokens/${must(used).id}/revoke`, 400),
    post(revokeSignIn, '/v1/sign_in_tokens/none/revoke', 404),
    post(revokeActor, `/v1/actor_tokens/${must(actor).id}/revoke`, 200),
    post(revokeActor, `/v1/actor_tokens/${must(usedActor).id}/revoke`, 400),
    post(revokeActor, '/v1/actor_tokens/none/revoke', 404),
    get('/jwt_templates', '/v1/jwt_templates'),
    get('/users/{user_id}/organization_memberships', `/v1/users/${user}/organization_memberships`),
  ];
}
