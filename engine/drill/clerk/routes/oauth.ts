// POST /oauth_applications/{id}/rotate_secret: the new secret is in the answer alone.

import { FRONTEND_HOST } from '../../keys.ts';
import { oauthApplicationIndex } from '../../population/issued-tokens.ts';
import { randomWord, STREAM } from '../../random.ts';
import { notFound } from '../errors.ts';
import { groundOf } from '../key-requests.ts';
import type { ClerkRoute } from '../route.ts';

const AGE_MS = 200 * 86_400_000;

export const oauthRoutes: readonly ClerkRoute[] = [
  {
    method: 'POST',
    path: '/v1/oauth_applications/:oauth_application_id/rotate_secret',
    handler: ({ params, now }, context) => {
      const id = params.oauth_application_id ?? '';
      const application = oauthApplicationIndex(groundOf(context), id);
      if (application === undefined) throw notFound('OAuth application', id);
      context.commit({ type: 'oauth-secret.rotate', at: now, application: id });
      const { count } = context.state.keys.rotated.get(id) ?? { count: 0 };
      const { seed } = context;
      const server = `https://${FRONTEND_HOST}`;
      const callback = 'https://partner.example/callback';
      return {
        object: 'oauth_application',
        id,
        instance_id: context.instance.id,
        name: `Partner ${application + 1}`,
        client_id: randomWord(16, seed, STREAM.oauthApplication, application, 2),
        client_uri: null,
        client_image_url: null,
        dynamically_registered: false,
        consent_screen_enabled: true,
        pkce_required: false,
        public: false,
        scopes: 'profile email',
        redirect_uris: [callback],
        callback_url: callback,
        authorize_url: `${server}/oauth/authorize`,
        token_fetch_url: `${server}/oauth/token`,
        user_info_url: `${server}/oauth/userinfo`,
        discovery_url: `${server}/.well-known/openid-configuration`,
        token_introspection_url: `${server}/oauth/token_info`,
        created_at: context.startedAt - AGE_MS,
        updated_at: now,
        client_secret: randomWord(32, seed, STREAM.oauthApplication, application, 2 + count),
      };
    },
  },
];
