// GET /jwt_templates: what tokens beside the session's there are, and how long they verify.
import type { JsonObject } from '../../../json.ts';
import { plainId } from '../../population/ids.ts';
import { STREAM } from '../../random.ts';
import { readBoolean, readPage } from '../parameters.ts';
import type { ClerkRoute } from '../route.ts';

const AGE_MS = 300 * 86_400_000;

export const jwtTemplateRoutes: readonly ClerkRoute[] = [
  {
    method: 'GET',
    path: '/v1/jwt_templates',
    // Silent: whether limit and offset count without `paginated=true`. Ours: they do, as in every other list.
    handler: ({ query }, { scenario, seed, startedAt }) => {
      const { limit, offset } = readPage(query);
      const templates = scenario.world.keys.jwtTemplates;
      const data = templates.slice(offset, offset + limit).map(
        ({ name, lifetimeSeconds }, place): JsonObject => ({
          object: 'jwt_template',
          id: plainId('jtmp', seed, STREAM.jwtTemplate, offset + place),
          name,
          claims: {},
          lifetime: lifetimeSeconds,
          allowed_clock_skew: 5,
          custom_signing_key: false,
          signing_algorithm: 'RS256',
          created_at: startedAt - AGE_MS,
          updated_at: startedAt - AGE_MS,
        }),
      );
      // Not in the OpenAPI file, whose schema is a bare array; the SDK asks for it.
      return readBoolean(query, 'paginated') === true ? { data, total_count: templates.length } : data;
    },
  },
];
