import { type ActionContext, defineAction, PermanentFailure } from '../../engine/action.ts';
import { hasVercelToken, VERCEL_ENV, VERCEL_SECRETS } from '../vercel/api/client.ts';
import { compareAtClerk } from './ask-clerk.ts';
import { judgeAll, type Variable } from './judge.ts';
import { fromFile, fromProcess, type Source } from './sources.ts';
import { type Finding, isPublic } from './variables.ts';

/** What an app that uses Clerk cannot do without, where the step names nothing. */
const NEEDED: readonly Variable[] = [{ name: 'CLERK_SECRET_KEY' }];
/** One of these: frameworks differ. */
const PUBLISHABLE = ['NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY', 'VITE_CLERK_PUBLISHABLE_KEY', 'CLERK_PUBLISHABLE_KEY'];

export default defineAction({
  name: 'env.check',
  title: 'Check environment variables',
  description: [
    'Checks that variables are set and have the shape of what they should hold: in the environment of this process, in a',
    '.env file, or at Vercel. Prints names and verdicts, never values.',
    'Found: missing values, white space or quotes pasted in, cut or swapped keys, live and test keys mixed, publishable keys',
    'of two hosts, secrets under a public prefix (NEXT_PUBLIC_, VITE_ and others; in a file and at Vercel, of all its',
    'variables), a bypass left on. With `compare` Clerk is asked too: is the secret key accepted, do publishable key and',
    'CLERK_JWT_KEY belong to its instance? What Clerk does not answer is a warning, never a verdict.',
    'Vercel is asked by its REST API where there is a VERCEL_TOKEN, else by the `vercel` program, whose folder must be linked;',
    'the values then pass through a file that is removed at once. What the step does not name is checked where its name',
    'holds `match`.',
  ].join('\n'),
  effect: 'read',
  idempotent: true,
  execReads: 'Starts `vercel env ls` and `vercel env pull` where there is no VERCEL_TOKEN: they read',
  input: {
    type: 'object',
    properties: {
      variables: {
        type: 'array',
        minItems: 1,
        description: 'What to check, by name; CLERK_SECRET_KEY and one of the publishable keys if absent',
        examples: [[{ name: 'CLERK_SECRET_KEY' }]],
        items: {
          type: 'object',
          properties: {
            name: { type: 'string', pattern: '^[A-Za-z_][A-Za-z0-9_]*$', description: 'Name of the variable' },
            kind: {
              type: 'string',
              enum: ['secretKey', 'publishableKey', 'webhookSecret', 'jwtKey', 'url', 'text'],
              description: 'What it should hold; told from the name if absent',
            },
            required: { type: 'boolean', description: 'Missing is a fault; true if absent' },
          },
          required: ['name'],
          additionalProperties: false,
        },
      },
      match: {
        type: 'string',
        minLength: 1,
        pattern: '^[A-Za-z0-9_]+$',
        description:
          'Variables whose name holds this are checked and listed too; CLERK where `variables` is absent, else none',
        examples: ['CLERK'],
      },
      expect: {
        type: 'string',
        enum: ['live', 'test'],
        description: 'The mode all Clerk keys must have: live in production',
      },
      environment: {
        type: 'string',
        enum: ['production', 'preview', 'development'],
        description:
          'Whose variables they are: production expects live keys, development test keys (unless `expect` says); of Vercel, production if absent',
      },
      file: { type: 'string', minLength: 1, description: 'Path of a .env file to read instead of the environment' },
      vercel: {
        type: 'object',
        description: "Ask Vercel instead: the project's variables",
        properties: {
          via: {
            type: 'string',
            enum: ['api', 'cli'],
            description:
              'How: by its REST API (with the secret VERCEL_TOKEN; production alone), or by the `vercel` program. The API where there is such a secret, if absent',
          },
          project: {
            type: 'string',
            pattern: '^[A-Za-z0-9._-]+$',
            description: 'Id or name of the project, for its REST API; VERCEL_PROJECT_ID if absent',
          },
          command: {
            type: 'array',
            items: { type: 'string', minLength: 1 },
            minItems: 1,
            description: '[vercel] if absent',
            examples: [['npx', 'vercel']],
          },
          folder: { type: 'string', minLength: 1, description: 'The linked folder; where the engine runs if absent' },
        },
        additionalProperties: false,
      },
      compare: {
        type: 'boolean',
        default: false,
        description: 'Ask Clerk whether the keys are good and belong together',
      },
      frontendApiUrl: {
        type: 'string',
        pattern: '^https?://',
        description:
          'Where `compare` asks the Frontend API, of an app that proxies it; the host in the publishable key if absent',
      },
    },
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      ok: { type: 'boolean', description: 'No finding is a fault' },
      source: { type: 'string', enum: ['process', 'file', 'vercel'] },
      findings: {
        type: 'array',
        description: 'One of each variable by itself, then what contradicts another',
        items: {
          type: 'object',
          properties: {
            name: { type: 'string' },
            verdict: {
              type: 'string',
              enum: [
                'ok',
                'missing',
                'malformed',
                'exposed',
                'mismatch',
                'refused',
                'bypass',
                'unreadable',
                'not-asked',
              ],
            },
            severity: { type: 'string', enum: ['fault', 'warning', 'info'] },
            text: { type: 'string' },
          },
          required: ['name', 'verdict', 'severity', 'text'],
          additionalProperties: false,
        },
      },
      checked: { type: 'array', items: { type: 'string' }, description: 'Names that were looked at' },
      listed: {
        type: 'array',
        description: 'Those of them that are set, as `vercel env ls` shows them',
        items: {
          type: 'object',
          properties: {
            name: { type: 'string' },
            environments: { type: 'array', items: { type: 'string' }, description: 'Of Vercel; empty elsewhere' },
            changed: { type: 'string', description: 'When it was set or changed, in words; empty where unknown' },
          },
          required: ['name', 'environments', 'changed'],
          additionalProperties: false,
        },
      },
      summary: { type: 'string' },
    },
    required: ['ok', 'source', 'findings', 'checked', 'listed', 'summary'],
    additionalProperties: false,
  },
  secrets: VERCEL_SECRETS,
  env: ['CLERK_API_URL', ...VERCEL_ENV, 'VERCEL_TOKEN', 'VERCEL_ORG_ID'],
  async run(input, ctx) {
    const { expect, environment, compare, frontendApiUrl } = input;
    const kind: 'process' | 'file' | 'vercel' =
      input.vercel !== undefined ? 'vercel' : input.file !== undefined ? 'file' : 'process';
    const match = input.match ?? (input.variables === undefined ? 'CLERK' : undefined);
    const source = await readSource(ctx, input, match);
    const variables = withMatching(input.variables ?? neededOf(source), source, match);
    const findings = judgeAll({
      variables,
      values: source.values,
      unreadable: source.unreadable,
      expect: expect ?? (environment === 'production' ? 'live' : environment === 'development' ? 'test' : undefined),
      looksAtAll: kind !== 'process',
    });
    if (compare === true) {
      findings.push(...(await compareAtClerk(ctx, { variables, values: source.values, frontendApiUrl })));
    }
    const names = new Set(variables.map(({ name }) => name));
    const listed = source.listed.filter(({ name }) => names.has(name));
    for (const { name, environments, changed } of listed) {
      const facts = [environments.join(', '), changed].filter((one) => one !== '');
      if (facts.length > 0) ctx.log(`${name}: ${facts.join('; ')}`);
    }
    for (const finding of findings) ctx.log(`${finding.name}: ${finding.verdict}, ${finding.text}`);
    return {
      ok: findings.every(({ severity }) => severity !== 'fault'),
      source: kind,
      findings: findings.map((finding) => ({ ...finding })),
      checked: [...new Set([...names, ...findings.map(({ name }) => name)])],
      listed: listed.map((one) => ({ ...one, environments: [...one.environments] })),
      summary: summaryOf(names.size, source.words, findings),
    };
  },
});

interface SourceInput {
  readonly variables?: readonly Variable[];
  readonly file?: string;
  readonly environment?: string;
  readonly vercel?: {
    readonly via?: 'api' | 'cli';
    readonly project?: string;
    readonly command?: readonly string[];
    readonly folder?: string;
  };
}

async function readSource(ctx: ActionContext, input: SourceInput, match: string | undefined): Promise<Source> {
  const { file, environment = 'production', vercel } = input;
  if (vercel === undefined) return file === undefined ? fromProcess(ctx) : fromFile(file);
  if (file !== undefined) throw new PermanentFailure('Give either `file` or `vercel`: one place is checked at a time');
  const { via, project, command = ['vercel'], folder } = vercel;
  if (via === 'cli' || (via === undefined && !(await hasVercelToken(ctx)))) {
    const { fromVercelCli } = await import('./vercel-cli.ts');
    return fromVercelCli(ctx, { command, environment, cwd: folder });
  }
  if (environment !== 'production') {
    throw new PermanentFailure(
      `Vercel's REST API is asked for production alone, not for ${environment}. Give \`vercel: { via: cli }\``,
    );
  }
  const { fromVercelApi } = await import('./vercel-api.ts');
  const named = new Set([...PUBLISHABLE, ...(input.variables ?? NEEDED).map(({ name }) => name)]);
  const isWanted = (name: string): boolean =>
    named.has(name) || isPublic(name) || (match !== undefined && name.includes(match));
  return fromVercelApi(ctx, { project, isWanted });
}

/** The publishable key that is there, or the first of them as the one that is missing. */
function neededOf({ listed }: Source): readonly Variable[] {
  const isSet = new Set(listed.map(({ name }) => name));
  const publishable = PUBLISHABLE.filter((name) => isSet.has(name));
  return [...NEEDED, ...(publishable.length > 0 ? publishable : PUBLISHABLE.slice(0, 1)).map((name) => ({ name }))];
}

/** Those of the source whose name holds `match`, after those that are asked for. */
function withMatching(variables: readonly Variable[], { listed }: Source, match: string | undefined): Variable[] {
  const named = new Set(variables.map(({ name }) => name));
  const more = match === undefined ? [] : listed.filter(({ name }) => name.includes(match) && !named.has(name));
  return [...variables, ...new Set(more.map(({ name }) => name))].map((one) =>
    typeof one === 'string' ? { name: one, required: false } : one,
  );
}

function summaryOf(count: number, where: string, findings: readonly Finding[]): string {
  const first = `${count} ${count === 1 ? 'variable' : 'variables'} checked in ${where}`;
  const ofSeverity = (severity: Finding['severity']) => findings.filter((one) => one.severity === severity);
  const faults = ofSeverity('fault').map(({ name, verdict }) => `${name} ${verdict}`);
  const warnings = ofSeverity('warning').map(({ name, verdict }) => `${name} ${verdict}`);
  const parts = [
    faults.length === 0 ? 'no fault' : `faults: ${faults.join(', ')}`,
    ...(warnings.length === 0 ? [] : [`warnings: ${warnings.join(', ')}`]),
  ];
  return `${first}: ${parts.join('; ')}`;
}
