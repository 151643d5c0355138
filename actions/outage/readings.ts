// What each witness says, in one word, read from the outputs of other steps. Loosely: a witness may be absent, or be another
// action's output of the same form. Pure.
import { isJsonObject, type Json, type JsonObject } from '../../engine/action.ts';

export interface Witnesses {
  readonly status?: JsonObject | null | undefined;
  readonly api?: JsonObject | null | undefined;
  readonly app?: JsonObject | null | undefined;
  readonly page?: JsonObject | null | undefined;
  readonly frontend?: JsonObject | null | undefined;
  readonly env?: JsonObject | null | undefined;
  readonly network?: JsonObject | null | undefined;
  readonly deployments?: JsonObject | null | undefined;
  readonly logs?: { readonly [kind in LogKind]?: number } | null | undefined;
}
export const LOG_KINDS = ['clerk', 'configuration', 'application', 'network'] as const;
export type LogKind = (typeof LOG_KINDS)[number];

/** `vague`: trouble that may be with signing in. `elsewhere`: trouble that is not. */
export type StatusWord =
  | 'absent'
  | 'good'
  | 'trouble'
  | 'maintenance'
  | 'elsewhere'
  | 'vague'
  | 'unreadable'
  | 'unreachable';
export type ApiWord = 'absent' | 'up' | 'slow' | 'down' | 'silent' | 'key' | 'refused' | 'limited' | 'unreachable';
/** `clerk`: it says that Clerk fails it. `key`: that Clerk refuses its key. `unwell`: 502 to 504, without a reason. */
export type AppWord =
  | 'absent'
  | 'healthy'
  | 'clerk'
  | 'key'
  | 'limited'
  | 'unwell'
  | 'broken'
  | 'slow'
  | 'certificate'
  | 'unreachable';
export type PageWord = 'absent' | 'well' | 'broken' | 'slow' | 'certificate' | 'unreachable';
export type FrontendWord = 'absent' | 'well' | 'slow' | 'down' | 'unreachable';

export interface Readings {
  readonly status: { readonly word: StatusWord; readonly isStale: boolean };
  /** `silent`: down without a single answer (time-outs, connections that broke off). */
  readonly api: { readonly word: ApiWord; readonly hasKeySet: boolean | undefined };
  readonly app: { readonly word: AppWord; readonly isReached: boolean };
  readonly page: { readonly word: PageWord; readonly isReached: boolean };
  readonly frontend: { readonly word: FrontendWord; readonly isReached: boolean };
  /** Names of variables with faults that keep an app from working. */
  readonly env: { readonly word: 'absent' | 'well' | 'faults'; readonly faults: readonly string[] };
  readonly network: { readonly word: 'absent' | 'well' | 'slow' | 'failing' };
  readonly deployment: { readonly word: 'absent' | 'recent' | 'old'; readonly minutes: number };
  readonly logs: readonly LogKind[];
}

/** Such a deployment can be what broke it; most faults of one show within the first minutes. */
const RECENT_MINUTES = 120;
/** Faults of variables that stop nothing by themselves: a key that browsers see, a bypass that is on. */
const HARMLESS_HERE = new Set<Json | undefined>(['ok', 'exposed', 'bypass', 'unreadable', 'not-asked']);

export function readWitnesses(given: Witnesses): Readings {
  const { status, api, app, page, frontend, env, network, deployments, logs } = given;
  return {
    status: { word: statusWord(status), isStale: status?.isStale === true },
    api: { word: apiWord(api), hasKeySet: isJsonObject(api?.jwks) ? api.jwks.ok === true : undefined },
    app: { word: appWord(app), isReached: isReached(app) },
    page: { word: pageWord(page), isReached: isReached(page) },
    frontend: { word: frontendWord(frontend), isReached: isReached(frontend) },
    env: envReading(env),
    network: { word: networkWord(network) },
    deployment: deploymentReading(deployments),
    logs: LOG_KINDS.filter((kind) => (logs?.[kind] ?? 0) > 0),
  };
}

function statusWord(status: Witnesses['status']): StatusWord {
  if (isAbsent(status)) return 'absent';
  if (status.known !== true) return status.page === 'unreachable' ? 'unreachable' : 'unreadable';
  switch (status.signIn) {
    case 'operational':
      return status.indicator === 'none' ? 'good' : 'elsewhere';
    case 'degraded':
    case 'down':
      return 'trouble';
    case 'maintenance':
      return 'maintenance';
    default:
      return 'vague';
  }
}

function apiWord(api: Witnesses['api']): ApiWord {
  if (isAbsent(api)) return 'absent';
  const { state, key, failures } = api;
  if (state === 'refused') return key === 'invalid' ? 'key' : 'refused';
  if (state === 'up' || state === 'slow' || state === 'limited' || state === 'unreachable') return state;
  if (state !== 'down') return 'absent';
  return isJsonObject(failures) && typeof failures['server-error'] === 'number' ? 'down' : 'silent';
}

function appWord(app: Witnesses['app']): AppWord {
  if (isAbsent(app)) return 'absent';
  if (app.ok === true) return 'healthy';
  const without = failureWord(app);
  if (without !== undefined) return without;
  return reasonIn(app) ?? (isBetween(app.status, 502, 504) ? 'unwell' : 'broken');
}

/** Of an answer that came, why the app is not well, by what it says. */
function reasonIn({ status, picked, said }: JsonObject): 'key' | 'limited' | 'clerk' | undefined {
  const values = isJsonObject(picked) ? Object.values(picked) : [];
  const text = [...values.filter((one) => typeof one === 'string'), typeof said === 'string' ? said : ''].join(' ');
  const says = (code: number): boolean => values.some((one) => Number(one) === code) || codeIn(text) === code;
  if (status === 401 || says(401) || KEY_WORDS.test(text)) return 'key';
  if (says(429)) return 'limited';
  const failed = values.some((one) => isBetween(Number(one), 500, 599)) || isBetween(codeIn(text), 500, 599);
  if (failed || (/clerk|auth/i.test(text) && NO_ANSWER_WORDS.test(text))) return 'clerk';
  return undefined;
}

const KEY_WORDS = /clerk_key_invalid|CLERK_SECRET_KEY|(secret|api).?key (is )?(invalid|missing|not set|wrong)/i;
const NO_ANSWER_WORDS = /no answer|time.?d? ?out|unreachable|unavailable|fetch failed|ECONN|ENOTFOUND/i;

/** `"clerk":401`: what it says of Clerk's answer, not any number that stands there. */
function codeIn(text: string): number | undefined {
  const found = /"?(?:clerk\w*|upstream|code|status(?:Code|_code)?)"?\s*[:=]\s*"?(\d{3})\b/i.exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

function pageWord(page: Witnesses['page']): PageWord {
  if (isAbsent(page)) return 'absent';
  return page.ok === true ? 'well' : (failureWord(page) ?? 'broken');
}

/** Any answer below 500 shows that the Frontend API is there: it wants a browser. */
function frontendWord(frontend: Witnesses['frontend']): FrontendWord {
  if (isAbsent(frontend)) return 'absent';
  const { status, failure } = frontend;
  if (failure === 'slow' || failure === 'timeout') return failure === 'slow' ? 'slow' : 'down';
  if (isBetween(status, 100, 499)) return 'well';
  return isBetween(status, 500, 599) || failure === 'reset' ? 'down' : 'unreachable';
}

function networkWord(network: Witnesses['network']): Readings['network']['word'] {
  if (isAbsent(network)) return 'absent';
  // Whatever it says: it was reached.
  if (!isReached(network)) return 'failing';
  return network.failure === 'slow' ? 'slow' : 'well';
}

/** undefined: an answer came, and is judged by what it says. */
function failureWord({ failure, status }: JsonObject): 'slow' | 'certificate' | 'unreachable' | undefined {
  if (failure === 'slow' || failure === 'timeout') return 'slow';
  if (failure === 'tls' || failure === 'certificate') return 'certificate';
  return status === 0 ? 'unreachable' : undefined;
}

function isReached(probe: JsonObject | null | undefined): boolean {
  return isBetween(probe?.status, 100, 599);
}

function envReading(env: Witnesses['env']): Readings['env'] {
  if (isAbsent(env)) return { word: 'absent', faults: [] };
  const findings = Array.isArray(env.findings) ? env.findings.filter((one) => isJsonObject(one)) : [];
  const faults = findings.flatMap(({ name, verdict, severity }) => {
    const isFault = severity === undefined || severity === 'fault' || severity === 'error';
    return isFault && !HARMLESS_HERE.has(verdict) && typeof name === 'string' ? [name] : [];
  });
  return { word: faults.length > 0 ? 'faults' : 'well', faults: [...new Set(faults)] };
}

function deploymentReading(deployments: Witnesses['deployments']): Readings['deployment'] {
  const minutes = deployments?.liveMinutes;
  if (typeof minutes !== 'number' || minutes < 0) return { word: 'absent', minutes: -1 };
  return { word: minutes <= RECENT_MINUTES ? 'recent' : 'old', minutes };
}

/** An empty object too: what an expression gives in the place of a step that was skipped. */
function isAbsent(given: JsonObject | null | undefined): given is null | undefined {
  return given === null || given === undefined || Object.keys(given).length === 0;
}

function isBetween(value: Json | undefined, from: number, to: number): boolean {
  return typeof value === 'number' && value >= from && value <= to;
}
