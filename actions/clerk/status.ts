import { defineAction } from '../../engine/action.ts';
import { askPage } from './status-page/ask-page.ts';
import { COMPONENT_STATES, INDICATORS, type StatusPage } from './status-page/page.ts';
import { ROLES, roleOf, SIGN_IN_STATES, type SignInState, signInOf } from './status-page/sign-in.ts';

const DEFAULT_URL = 'https://status.clerk.com';
const DEFAULT_STALE_MINUTES = 30;
const MINUTE_MS = 60_000;

export default defineAction({
  name: 'clerk.status',
  title: "Read Clerk's status page",
  description: [
    "Reads Clerk's public status page. Tries the forms in which such pages answer and says in `source` which one did.",
    'Where none gives a status (no answer, HTML, a redirect loop, an unknown shape) that is a result: `known: false`, with',
    '`why`; it is never called good. For a step that must fail then: `assert: [output.known]`.',
    '`signIn` is what the page says of signing in: trouble with billing or webhooks is none of it. The page can lag behind an',
    'outage, and it is written by people: probe the API itself (clerk.probe-api) as a second witness.',
  ].join('\n'),
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
      signInComponents: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        description: "Components that this app's sign-in needs beside those that all need, by their names on the page",
        examples: [['SMS delivery', 'Account Portal']],
      },
      staleMinutes: {
        type: 'integer',
        minimum: 1,
        description: `A page that was changed longer ago is \`isStale\`; ${DEFAULT_STALE_MINUTES} if absent`,
      },
    },
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      known: { type: 'boolean', description: 'The page gave a status' },
      page: {
        enum: ['read', 'unreadable', 'unreachable'],
        description: '`unreadable`: it answered, with nothing that says how Clerk is. `unreachable`: no answer at all',
      },
      why: { type: 'string', description: 'What each form answered, where none gave a status' },
      indicator: {
        type: 'string',
        enum: INDICATORS,
        description: '`none`: all good. `unknown`: nothing is known, or the page reports trouble and not how bad it is',
      },
      signIn: {
        type: 'string',
        enum: SIGN_IN_STATES,
        description:
          'What the page says of signing in. `unknown`: nothing is known, or there is trouble that may be with it',
      },
      source: { type: 'string', description: 'The path that answered; empty where none did' },
      components: {
        type: 'array',
        description: 'As far as the page tells them; empty does not mean that all are well',
        items: {
          type: 'object',
          properties: {
            name: { type: 'string' },
            status: { type: 'string', description: "The page's own word" },
            state: { enum: COMPONENT_STATES },
            role: {
              enum: ROLES,
              description:
                '`sign-in`: nobody signs in without it. `way-in`: those who sign in by it. `unknown`: the name does not say',
            },
          },
          required: ['name', 'status', 'state', 'role'],
          additionalProperties: false,
        },
      },
      affected: { type: 'array', items: { type: 'string' }, description: 'Names of the components that are not well' },
      incidents: {
        type: 'array',
        description: 'That are going on',
        items: {
          type: 'object',
          properties: {
            name: { type: 'string' },
            status: { type: 'string' },
            impact: { type: 'string' },
            startedAt: { type: 'string' },
            components: { type: 'array', items: { type: 'string' }, description: 'Empty: the page does not say' },
          },
          required: ['name', 'status', 'components'],
          additionalProperties: false,
        },
      },
      maintenances: {
        type: 'array',
        description: 'In progress',
        items: {
          type: 'object',
          properties: {
            name: { type: 'string' },
            status: { type: 'string' },
            startedAt: { type: 'string' },
            endsAt: { type: 'string' },
          },
          required: ['name', 'status'],
          additionalProperties: false,
        },
      },
      updatedAt: { type: 'string', description: 'When the page was last changed, where it says so' },
      ageMinutes: { type: 'integer', description: 'Since then' },
      isStale: {
        type: 'boolean',
        description: 'Last changed longer ago than `staleMinutes`: it says nothing of what began since',
      },
      summary: { type: 'string', description: 'For a person to read' },
    },
    required: [
      'known',
      'page',
      'indicator',
      'signIn',
      'source',
      'components',
      'affected',
      'incidents',
      'maintenances',
      'isStale',
      'summary',
    ],
    additionalProperties: false,
  },
  env: ['CLERK_STATUS_URL'],
  async run({ url, signInComponents = [], staleMinutes = DEFAULT_STALE_MINUTES }, ctx) {
    const base = (url ?? (ctx.env.CLERK_STATUS_URL || DEFAULT_URL)).replace(/\/+$/, '');
    const asked = await askPage(ctx, base);
    if (asked.kind !== 'read') {
      const what = asked.kind === 'unreachable' ? 'cannot be reached' : 'gives no status that can be read';
      return {
        ...NOTHING_KNOWN,
        page: asked.kind,
        why: asked.why,
        summary: `${base} ${what}, so it says nothing of Clerk: ${asked.why}`,
      };
    }
    const { page, source } = asked;
    const ageMinutes =
      page.updatedAt === undefined
        ? undefined
        : Math.max(0, Math.floor((ctx.now() - Date.parse(page.updatedAt)) / MINUTE_MS));
    const signIn = signInOf(page, signInComponents);
    return {
      known: true,
      page: 'read' as const,
      indicator: page.indicator,
      signIn,
      source,
      components: page.components.map((one) => ({
        name: one.name,
        status: one.status,
        state: one.state,
        role: roleOf(one, signInComponents),
      })),
      affected: affectedBy(page),
      incidents: page.incidents.map((one) => ({ ...one, components: [...one.components] })),
      maintenances: page.maintenances.map((one) => ({ ...one })),
      ...(page.updatedAt === undefined ? {} : { updatedAt: page.updatedAt }),
      ...(ageMinutes === undefined ? {} : { ageMinutes }),
      isStale: ageMinutes !== undefined && ageMinutes > staleMinutes,
      summary: summaryOf(page, signIn, ageMinutes),
    };
  },
});

const NOTHING_KNOWN = {
  known: false,
  indicator: 'unknown' as const,
  signIn: 'unknown' as const,
  source: '',
  components: [],
  affected: [],
  incidents: [],
  maintenances: [],
  isStale: false,
};

function affectedBy({ components }: StatusPage): string[] {
  return [...new Set(components.filter(({ state }) => state !== 'operational').map(({ name }) => name))];
}

const SIGN_IN_WORDS: { readonly [state in SignInState]: string } = {
  operational: 'signing in works',
  degraded: 'signing in is degraded',
  down: 'signing in is down',
  maintenance: 'signing in is under maintenance',
  unknown: 'it does not say how signing in is',
};

function summaryOf(page: StatusPage, signIn: SignInState, ageMinutes: number | undefined): string {
  const affected = affectedBy(page);
  const parts = [
    `The status page says ${page.indicator === 'none' ? 'all is well' : page.indicator}: ${SIGN_IN_WORDS[signIn]}`,
    ...(affected.length === 0 ? [] : [`not well: ${affected.join(', ')}`]),
    ...page.incidents.map(({ name, status }) => `incident "${name}" (${status})`),
    ...page.maintenances.map(({ name }) => `maintenance "${name}"`),
    ...(ageMinutes === undefined ? [] : [`last changed ${ageMinutes} minutes ago`]),
  ];
  return parts.join('; ');
}
