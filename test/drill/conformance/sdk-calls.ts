// The methods of Clerk's own SDK for the operations that are emulated. Each call leaves the world fit for the next.
import type { ClerkClient } from '@clerk/backend';
import { seededApiKeys } from '../../../engine/drill/population/api-keys.ts';
import { issuedTokens, oauthApplicationId } from '../../../engine/drill/population/issued-tokens.ts';
import { machineId, machineTokens } from '../../../engine/drill/population/machines.ts';
import type { DrillWorld } from '../../../engine/drill/world.ts';
import { liveSessionIds, must } from '../helpers.ts';
import { groundOf } from './keys.ts';

export interface SdkCall {
  /** As in the OpenAPI file. */
  readonly operation: string;
  call(): Promise<unknown>;
  /** Requests beside the operation's own; none if absent. */
  readonly also?: readonly string[];
}

/** For a world made with KEY_WORLD. */
export async function sdkCalls(world: DrillWorld, sdk: ClerkClient): Promise<readonly SdkCall[]> {
  const ground = groundOf(world);
  const live = world.facts().concerned.filter(({ role, liveSessions }) => role === 'compromised' && liveSessions > 0);
  const [victim, user] = [must(live[0]).id, must(live[1]).id];
  const session = must((await liveSessionIds(world, victim))[0]);
  const withKey = must(world.ground.compromised[0]);
  const key = must(seededApiKeys(ground, withKey).find((one) => one !== undefined)).id;
  const machine = machineId(ground, 0);
  return [
    // One of two: the list, and its total.
    { operation: 'GET /users', call: () => sdk.users.getUserList({ limit: 3 }), also: ['GET /users/count'] },
    { operation: 'GET /users/count', call: () => sdk.users.getCount() },
    { operation: 'GET /users/{user_id}', call: () => sdk.users.getUser(victim) },
    { operation: 'GET /sessions', call: () => sdk.sessions.getSessionList({ userId: victim }) },
    { operation: 'GET /sessions/{session_id}', call: () => sdk.sessions.getSession(session) },
    { operation: 'POST /sessions/{session_id}/tokens', call: () => sdk.sessions.getToken(session) },
    { operation: 'POST /sessions/{session_id}/revoke', call: () => sdk.sessions.revokeSession(session) },
    { operation: 'POST /users/{user_id}/ban', call: () => sdk.users.banUser(user) },
    { operation: 'POST /users/{user_id}/unban', call: () => sdk.users.unbanUser(user) },
    { operation: 'POST /users/{user_id}/lock', call: () => sdk.users.lockUser(user) },
    { operation: 'POST /users/{user_id}/unlock', call: () => sdk.users.unlockUser(user) },
    {
      operation: 'POST /users/{user_id}/password/set_compromised',
      call: () => sdk.users.setPasswordCompromised(user, { revokeAllSessions: true }),
    },
    {
      operation: 'POST /users/{user_id}/password/unset_compromised',
      call: () => sdk.users.unsetPasswordCompromised(user),
    },
    {
      operation: 'PATCH /users/{user_id}/metadata',
      call: () => sdk.users.updateUserMetadata(user, { publicMetadata: { seen: true } }),
    },
    {
      operation: 'GET /users/{user_id}/organization_memberships',
      call: () => sdk.users.getOrganizationMembershipList({ userId: user }),
    },
    { operation: 'GET /instance', call: () => sdk.instance.get() },
    { operation: 'PATCH /instance/restrictions', call: () => sdk.instance.updateRestrictions({ allowlist: true }) },
    { operation: 'GET /blocklist_identifiers', call: () => sdk.blocklistIdentifiers.getBlocklistIdentifierList() },
    {
      operation: 'POST /blocklist_identifiers',
      call: () => sdk.blocklistIdentifiers.createBlocklistIdentifier({ identifier: 'intruder@evil.example' }),
    },
    {
      operation: 'DELETE /blocklist_identifiers/{identifier_id}',
      call: async () => {
        const { data } = await sdk.blocklistIdentifiers.getBlocklistIdentifierList();
        return sdk.blocklistIdentifiers.deleteBlocklistIdentifier(must(data[0]).id);
      },
      also: ['GET /blocklist_identifiers'],
    },
    { operation: 'GET /api_keys', call: () => sdk.apiKeys.list({ subject: withKey }) },
    { operation: 'POST /api_keys/{apiKeyID}/revoke', call: () => sdk.apiKeys.revoke({ apiKeyId: key }) },
    { operation: 'GET /machines', call: () => sdk.machines.list() },
    {
      operation: 'POST /machines/{machine_id}/secret_key/rotate',
      call: () => sdk.machines.rotateSecretKey({ machineId: machine, previousTokenTtl: 0 }),
    },
    { operation: 'GET /m2m_tokens', call: () => sdk.m2m.list({ subject: machine }) },
    {
      operation: 'POST /m2m_tokens/{m2m_token_id}/revoke',
      call: () => sdk.m2m.revokeToken({ m2mTokenId: must(machineTokens(ground, 0)[0]).id }),
    },
    {
      operation: 'POST /oauth_applications/{oauth_application_id}/rotate_secret',
      call: () => sdk.oauthApplications.rotateSecret(oauthApplicationId(ground, 0)),
    },
    {
      operation: 'POST /sign_in_tokens/{sign_in_token_id}/revoke',
      call: () => sdk.signInTokens.revokeSignInToken(must(issuedTokens(ground, 'sign-in')[0]).id),
    },
    {
      operation: 'POST /actor_tokens/{actor_token_id}/revoke',
      call: () => sdk.actorTokens.revoke(must(issuedTokens(ground, 'actor')[0]).id),
    },
    { operation: 'GET /jwt_templates', call: () => sdk.jwtTemplates.list() },
    { operation: 'GET /jwks', call: () => sdk.jwks.getJwks() },
  ];
}
