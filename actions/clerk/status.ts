import { type ActionContext, defineAction, type Json, messageOf } from '../../engine/action.ts';
import { readStatusPage, type StatusPage } from './status-page.ts';

const DEFAULT_URL = 'https://status.clerk.com';
const TIMEOUT_MS = 10_000;
/** Best first: the first two tell components and incidents. The last one is what old instructions ask. */
const PATHS = [
  '/api/v2/summary.json',
  '/api/v2/status.json',
  '/api/v1/summary',
  '/summary.json',
  '/api/v1/status.json',
  '/api/v1/status',
] as const;

export default defineAction({
  name: 'clerk.status',
  title: "Read Clerk's status page",
  description:
    "Reads Clerk's public status page. Tries the forms in which such pages answer and says in `source` which one did; " +
    'if none gives a status it fails rather than call that good. The page can lag behind an outage: probe the API ' +
    'itself as a second witness.',
  effect: 'read',
  idempotent: true,
  input: {
    type: 'object',
    properties: {
      url: {
        type: 'string',
        pattern: '^https?://',
        description: `The page; CLERK_STATUS_URL or ${DEFAULT_URL} if absent`,
      },
    },
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      indicator: {
        type: 'string',
        enum: ['none', 'minor', 'major', 'critical', 'maintenance', 'unknown'],
        description: '`none`: all good. `unknown`: the page reports trouble and not how bad it is',
      },
      source: { type: 'string', description: 'The path that answered' },
      components: {
        type: 'array',
        description: 'As far as the page tells them; empty does not mean that all are well',
        items: {
          type: 'object',
          properties: { name: { type: 'string' }, status: { type: 'string' } },
          required: ['name', 'status'],
          additionalProperties: false,
        },
      },
      incidents: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            name: { type: 'string' },
            status: { type: 'string' },
            impact: { type: 'string' },
            startedAt: { type: 'string' },
          },
          required: ['name', 'status'],
          additionalProperties: false,
        },
      },
    },
    required: ['indicator', 'source', 'components', 'incidents'],
    additionalProperties: false,
  },
  env: ['CLERK_STATUS_URL'],
  async run({ url }, ctx) {
    const base = (url ?? (ctx.env.CLERK_STATUS_URL || DEFAULT_URL)).replace(/\/+$/, '');
    const answers: string[] = [];
    for (const path of PATHS) {
      const found = await ask(ctx, base + path);
      if (typeof found !== 'string') {
        const { indicator, components, incidents } = found;
        return { indicator, source: path, components: [...components], incidents: [...incidents] };
      }
      answers.push(`${path}: ${found}`);
    }
    throw new Error(`${base} gives no status that can be read, so nothing is known: ${answers.join('; ')}`);
  },
});

/** The page's facts, or what is wrong with the answer. */
async function ask(ctx: ActionContext, url: string): Promise<StatusPage | string> {
  try {
    const signal = AbortSignal.any([ctx.signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const response = await ctx.fetch(url, { headers: { accept: 'application/json' }, signal });
    const text = await response.text();
    if (!response.ok) return `answered ${response.status}`;
    return (
      readStatusPage(parse(text)) ?? (text.trimStart().startsWith('<') ? 'an HTML page' : 'JSON of an unknown shape')
    );
  } catch (error) {
    ctx.signal.throwIfAborted();
    const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
    return messageOf(error) + cause;
  }
}

function parse(text: string): Json {
  try {
    // JSON.parse gives JSON.
    return JSON.parse(text) as Json;
  } catch {
    return null;
  }
}
