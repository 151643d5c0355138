import { defineAction } from '../../engine/action.ts';
import { CLERK_ENV, CLERK_SECRETS, clerkClient } from './api/client.ts';
import { readAll, textIn } from './api/key-pages.ts';
import { lifetimeText } from './token-lifetime.ts';

/** GET /jwt_templates: `limit` at most 500. */
const TEMPLATES_PER_PAGE = 500;
/** Clerk's default. The dashboard can change it, and no call reads it. */
const SESSION_TOKEN_SECONDS = 60;

export default defineAction({
  name: 'clerk.token-lifetimes',
  title: 'How long tokens of revoked users still verify',
  description:
    'A token that was issued before its user was banned or signed out verifies without Clerk until it expires. Reads the ' +
    'JWT templates of the instance and says until when that may be. Ends nothing.',
  effect: 'read',
  idempotent: true,
  input: {
    type: 'object',
    properties: {
      endedAt: {
        type: 'string',
        format: 'date-time',
        description: 'When the last session or key was revoked. Now if absent',
      },
    },
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      sessionSeconds: {
        type: 'integer',
        description: "Session tokens: Clerk's default, since the instance's own setting is not readable",
      },
      longestSeconds: { type: 'integer' },
      until: {
        type: 'string',
        description: 'When the last token has expired, if it was issued right before `endedAt`',
      },
      templates: {
        type: 'array',
        description: 'Longest first',
        items: {
          type: 'object',
          properties: { name: { type: 'string' }, lifetimeSeconds: { type: 'integer' } },
          required: ['name', 'lifetimeSeconds'],
          additionalProperties: false,
        },
      },
      text: { type: 'string', description: 'The same as a sentence, for the report' },
    },
    required: ['sessionSeconds', 'longestSeconds', 'until', 'templates', 'text'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: CLERK_ENV,
  async run({ endedAt }, ctx) {
    const client = await clerkClient(ctx);
    const rows = await readAll(client, {
      name: 'GET /jwt_templates',
      path: '/jwt_templates',
      query: [['paginated', 'true']],
      pageSize: TEMPLATES_PER_PAGE,
      rowsAt: 'data',
    });
    const templates = rows
      .map((row) => ({
        name: textIn(row, 'name') ?? textIn(row, 'id') ?? '',
        lifetimeSeconds: typeof row.lifetime === 'number' ? Math.ceil(row.lifetime) : SESSION_TOKEN_SECONDS,
        skewSeconds: typeof row.allowed_clock_skew === 'number' ? row.allowed_clock_skew : 0,
      }))
      .sort((a, b) => b.lifetimeSeconds - a.lifetimeSeconds);
    const longestSeconds = Math.max(SESSION_TOKEN_SECONDS, ...templates.map((one) => one.lifetimeSeconds));
    const skewSeconds = Math.max(0, ...templates.map((one) => one.skewSeconds));
    const start = endedAt === undefined ? ctx.now() : Date.parse(endedAt);
    const until = new Date(start + (longestSeconds + skewSeconds) * 1000).toISOString();
    const shown = templates.map(({ name, lifetimeSeconds }) => ({ name, lifetimeSeconds }));
    return {
      sessionSeconds: SESSION_TOKEN_SECONDS,
      longestSeconds,
      until,
      templates: shown,
      text: sentence(shown, until),
    };
  },
});

function sentence(
  templates: readonly { readonly name: string; readonly lifetimeSeconds: number }[],
  until: string,
): string {
  const longer = templates.filter((one) => one.lifetimeSeconds > SESSION_TOKEN_SECONDS);
  const theirs = longer.map(({ name, lifetimeSeconds }) => `${lifetimeText(lifetimeSeconds)} from template ${name}`);
  const lives = [`about ${lifetimeText(SESSION_TOKEN_SECONDS)} from a session`, ...theirs].join(', ');
  return (
    `Tokens issued before the sessions ended verify without Clerk until they expire: ${lives}. The last one at ${until}. ` +
    'A longer session token lifetime set in the dashboard is not readable and not counted.'
  );
}
