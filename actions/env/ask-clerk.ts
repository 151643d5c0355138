// What no key says of itself, asked of Clerk: is the secret key accepted, and do the other keys belong to its instance?
// GET /instance answers 401 to a key that is not (or no longer) good; the ids of the signing keys (`kid`) that the Backend
// API's GET /jwks gives for a secret key are those of its instance, which the Frontend API of a publishable key's host serves at
// /.well-known/jwks.json (RFC 7517). Reads only, each asked once: in an outage nobody waits for a check of variables.
import { type ActionContext, isJsonObject, type Json, type JsonObject, messageOf } from '../../engine/action.ts';
import { kindOfVariable, type Values, type Variable } from './judge.ts';
import { type Finding, fault, fine, hostOf, judgeValue, modulusOf } from './variables.ts';

const DEFAULT_API_URL = 'https://api.clerk.com';
const TIMEOUT_MS = 10_000;

export interface Compared {
  readonly variables: readonly Variable[];
  readonly values: Values;
  /** Where the Frontend API is asked instead of at the publishable key's host: a proxy of the app's. */
  readonly frontendApiUrl: string | undefined;
}

interface KeySet {
  readonly ids: ReadonlySet<string>;
  readonly moduli: ReadonlySet<string>;
}

export async function compareAtClerk(ctx: ActionContext, compared: Compared): Promise<Finding[]> {
  const { variables, values } = compared;
  const sound = variables.filter((variable) => {
    const value = values[variable.name] ?? '';
    return value !== '' && judgeValue(variable.name, kindOfVariable(variable), value).verdict === 'ok';
  });
  const ofKind = (kind: string) => sound.filter((variable) => kindOfVariable(variable) === kind);
  const findings: Finding[] = [];
  let own: KeySet | undefined;
  for (const { name } of ofKind('secretKey')) {
    const secretKey = values[name] ?? '';
    const asked = await askInstance(ctx, name, secretKey);
    findings.push(asked);
    if (asked.verdict !== 'ok' || own !== undefined) continue;
    const set = await askKeys(ctx, `${apiUrlOf(ctx)}/v1/jwks`, secretKey);
    if (typeof set === 'string') findings.push(notAsked(name, `the key set of its instance: ${set}`));
    else own = set;
  }
  if (own === undefined) return findings;
  for (const { name } of ofKind('publishableKey')) {
    findings.push(await comparePublishable(ctx, { name, value: values[name] ?? '', own, compared }));
  }
  for (const { name } of ofKind('jwtKey')) {
    const isOwn = own.moduli.has(modulusOf(values[name] ?? '') ?? '');
    const text = "not among the public keys of the secret key's instance: tokens are refused";
    findings.push(isOwn ? fine(name, "of the secret key's instance") : fault(name, 'mismatch', text));
  }
  return findings;
}

async function askInstance(ctx: ActionContext, name: string, secretKey: string): Promise<Finding> {
  const answer = await ask(ctx, `${apiUrlOf(ctx)}/v1/instance`, secretKey);
  if (typeof answer === 'string') return notAsked(name, answer);
  const { status, body } = answer;
  if (status === 200 && typeof body.id === 'string') {
    const kind = typeof body.environment_type === 'string' ? ` (${body.environment_type})` : '';
    return fine(name, `accepted by Clerk, instance ${body.id}${kind}`);
  }
  // With a code of Clerk's it is Clerk that refuses the key; a 401 without one may be anybody's between us.
  const code = clerkCode(body);
  if (status === 401 && code !== undefined) return fault(name, 'refused', `Clerk refuses this key (401 ${code})`);
  return notAsked(name, `GET /instance answered ${status}`);
}

async function comparePublishable(
  ctx: ActionContext,
  {
    name,
    value,
    own,
    compared,
  }: { readonly name: string; readonly value: string; readonly own: KeySet; readonly compared: Compared },
): Promise<Finding> {
  const host = hostOf(value) ?? '';
  const base = (compared.frontendApiUrl ?? `https://${host}`).replace(/\/+$/, '');
  const served = await askKeys(ctx, `${base}/.well-known/jwks.json`, undefined);
  if (typeof served === 'string') return notAsked(name, `the key set of ${host}: ${served}`);
  const isOwn = [...served.ids].some((id) => own.ids.has(id));
  if (isOwn) return fine(name, "of the secret key's instance");
  return fault(name, 'mismatch', `${host} has other signing keys than the secret key's instance: two instances`);
}

/** @returns why not, where it could not be read. */
async function askKeys(ctx: ActionContext, url: string, secretKey: string | undefined): Promise<KeySet | string> {
  const answer = await ask(ctx, url, secretKey);
  if (typeof answer === 'string') return answer;
  const { keys } = answer.body;
  if (answer.status !== 200 || !Array.isArray(keys)) return `answered ${answer.status} without a key set`;
  const all = keys.filter(isJsonObject);
  const ids = new Set(all.flatMap(({ kid }) => (typeof kid === 'string' ? [kid] : [])));
  if (ids.size === 0) return 'holds no key with an id';
  return { ids, moduli: new Set(all.flatMap(({ n }) => (typeof n === 'string' ? [n] : []))) };
}

/** @returns why not, where no JSON object came. */
async function ask(
  ctx: ActionContext,
  url: string,
  secretKey: string | undefined,
): Promise<{ readonly status: number; readonly body: JsonObject } | string> {
  try {
    const response = await ctx.fetch(url, {
      headers: {
        Accept: 'application/json',
        ...(secretKey === undefined ? {} : { Authorization: `Bearer ${secretKey}` }),
      },
      signal: AbortSignal.any([ctx.signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    const text = await response.text();
    const body = parseObject(text);
    return body === undefined ? `answered ${response.status} without JSON` : { status: response.status, body };
  } catch (error) {
    ctx.signal.throwIfAborted();
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    return `no answer (${messageOf(cause)})`;
  }
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value = JSON.parse(text) as Json; // JSON.parse gives JSON.
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function clerkCode(body: JsonObject): string | undefined {
  const first: unknown = Array.isArray(body.errors) ? body.errors[0] : undefined;
  return isJsonObject(first) && typeof first.code === 'string' ? first.code : undefined;
}

function notAsked(name: string, why: string): Finding {
  return { name, verdict: 'not-asked', severity: 'warning', text: `could not be compared: ${why}` };
}

function apiUrlOf({ env }: Pick<ActionContext, 'env'>): string {
  return (env.CLERK_API_URL || DEFAULT_API_URL).replace(/\/+$/, '');
}
