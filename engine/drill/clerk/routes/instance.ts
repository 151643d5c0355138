// The instance itself: GET /instance (which also tells whether a key is good) and GET /jwks (which does not: it answers
// without one, and is not rate-limited).
import type { JsonObject } from '../../../json.ts';
import type { ClerkRoute } from '../route.ts';

export const JWKS_PATH = '/v1/jwks';

export const instanceRoutes: readonly ClerkRoute[] = [
  {
    method: 'GET',
    path: '/v1/instance',
    handler: (_request, { instance }) => ({
      object: 'instance',
      id: instance.id,
      environment_type: instance.environment,
      allowed_origins: null,
      workspace_id: null,
    }),
  },
  {
    method: 'GET',
    path: JWKS_PATH,
    // A JSON Web Key is plain JSON; its Node type merely does not say so.
    handler: (_request, { signer }) => ({ keys: [signer.jwk as JsonObject] }),
  },
];
