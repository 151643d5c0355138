import { type ActionContext, defineAction, messageOf, PermanentFailure } from '../../engine/action.ts';
import { type Finding, isExposed, judgeValue, type KeyMode, kindOf, modeOf, type VariableKind } from './variables.ts';

export default defineAction({
  name: 'env.check',
  title: 'Check environment variables',
  description: [
    'Checks that variables are set and have the shape of what they should hold, in the environment of this process or',
    'in a .env file. Prints names and verdicts, never values.',
    'Found: missing values, white space or quotes pasted in, cut or swapped keys, live and test keys mixed, secrets under',
    'a public prefix (NEXT_PUBLIC_, VITE_ and others; in a file, of all its variables). Not found: keys of two different',
    'instances, or a key that was revoked; only Clerk knows.',
  ].join('\n'),
  effect: 'read',
  idempotent: true,
  input: {
    type: 'object',
    properties: {
      variables: {
        type: 'array',
        minItems: 1,
        description: 'What to check, by name',
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
      expect: {
        type: 'string',
        enum: ['live', 'test'],
        description: 'The mode all Clerk keys must have: live in production',
      },
      file: { type: 'string', minLength: 1, description: 'Path of a .env file to read instead of the environment' },
    },
    required: ['variables'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      ok: { type: 'boolean', description: 'No finding is a fault' },
      findings: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            name: { type: 'string' },
            verdict: { type: 'string', enum: ['ok', 'missing', 'malformed', 'exposed', 'mismatch'] },
            message: { type: 'string' },
          },
          required: ['name', 'verdict', 'message'],
          additionalProperties: false,
        },
      },
    },
    required: ['ok', 'findings'],
    additionalProperties: false,
  },
  async run({ variables, expect, file }, ctx) {
    const values = file === undefined ? ctx.env : await readEnvFile(file);
    const findings = variables.flatMap((variable) => judge(variable, values[variable.name]));
    const named = new Set(variables.map((variable) => variable.name));
    if (file !== undefined) findings.push(...exposedBeyond(values, named));
    findings.push(...mismatches(variables, values, expect));
    for (const finding of findings) ctx.log(`${finding.name}: ${finding.verdict}, ${finding.message}`);
    return { ok: findings.every((finding) => finding.verdict === 'ok'), findings };
  },
});

type Values = ActionContext['env'];
interface Variable {
  readonly name: string;
  readonly kind?: VariableKind;
  readonly required?: boolean;
}

async function readEnvFile(file: string): Promise<Values> {
  const [{ readFile }, { parseEnv }] = await Promise.all([import('node:fs/promises'), import('node:util')]);
  try {
    return parseEnv(await readFile(file, 'utf8'));
  } catch (error) {
    throw new PermanentFailure(`The file ${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

function judge({ name, kind, required }: Variable, value: string | undefined): Finding[] {
  if (value !== undefined && value !== '') return [judgeValue(name, kind ?? kindOf(name), value)];
  const how = value === undefined ? 'not set' : 'set to nothing';
  return [
    required === false
      ? { name, verdict: 'ok', message: `${how}, and optional` }
      : { name, verdict: 'missing', message: how },
  ];
}

function exposedBeyond(values: Values, named: ReadonlySet<string>): Finding[] {
  return Object.entries(values).flatMap(([name, value]) =>
    value !== undefined && !named.has(name) && isExposed(name, value) ? [judgeValue(name, kindOf(name), value)] : [],
  );
}

/** Keys that contradict the expected mode or, where none is expected, each other. */
function mismatches(variables: readonly Variable[], values: Values, expect: KeyMode | undefined): Finding[] {
  const keys = variables.flatMap(({ name }) => {
    const mode = modeOf(values[name]?.trim() ?? '');
    return mode === undefined ? [] : [{ name, mode }];
  });
  const first = keys[0];
  if (first === undefined) return [];
  const wanted = expect ?? first.mode;
  const reason = expect === undefined ? `and ${first.name} is a ${first.mode} key` : `and ${expect} keys are expected`;
  return keys.flatMap(({ name, mode }) =>
    mode === wanted ? [] : [{ name, verdict: 'mismatch' as const, message: `a ${mode} key, ${reason}` }],
  );
}
