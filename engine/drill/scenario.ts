// A scenario file as data. The schema is the single source of its form and of its defaults; the types below are what it
// leaves behind.
import { readFileSync } from 'node:fs';
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import { LineCounter, parseDocument } from 'yaml';
import schema from '../../schemas/scenario.schema.json' with { type: 'json' };
import { messageOf, RunbookError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import type { Fault } from './fault-spec.ts';
import type { CredentialSpec } from './population/credentials.ts';
import { checkTimes, withTimes } from './scenario-times.ts';
import type { Success } from './scoring/spec.ts';
import type { AppSpec, ServicesSpec, StatusPageSpec } from './services/spec.ts';
import type { Happening, TimelineEntry } from './timeline/spec.ts';

export type { Fault, Tail } from './fault-spec.ts';
export type { Success } from './scoring/spec.ts';
export type { ServerName } from './server-name.ts';
export type { TimelineEntry } from './timeline/spec.ts';

/** What a plan may leave out: its operations answer 402. */
export type PlanFeature = 'bans' | 'blocklist' | 'restrictions';

/** Where Clerk's documents are silent: what the emulator answers. */
export interface Choices {
  readonly revokeEnded: 'accept' | 'refuse';
  readonly bulkUnknownUser: 'leave-out' | 'refuse';
  readonly repeatBan: 'accept' | 'refuse';
  readonly lockEndsSessions: boolean;
  readonly lockSeconds: number | null;
  readonly planRefuses: readonly PlanFeature[];
  readonly svixApp: boolean;
  readonly repeatKeyRevoke: 'accept' | 'refuse';
  readonly unknownKeySubject: 'empty' | 'refuse';
  readonly unknownSessionUser: 'empty' | 'refuse';
  readonly repeatRemoval: 'accept' | 'refuse';
  readonly deletedCursor: 'refuse' | 'go-on' | 'empty';
  readonly forcesPasswordReset: boolean;
  readonly repeatCompromise: 'accept' | 'refuse';
  readonly repeatUncompromise: 'accept' | 'refuse';
  readonly unlockUnlocked: 'accept' | 'refuse';
}

export interface Compromised {
  readonly count: number;
  readonly indexes?: readonly number[];
  readonly bannedBefore: number;
  readonly manySessions?: { readonly users: number; readonly sessions: number };
  readonly pendingSessions: number;
  readonly impersonatedSessions: number;
  readonly from: { readonly country: string; readonly city: string; readonly ipPrefix: string };
  readonly withinHours: number;
}

/** API keys, machines, tokens, the instance's secret key: see population/key-ground.ts. */
export interface KeySpec {
  readonly apiKeyShare: number;
  readonly organizations: number;
  readonly addedByAttacker: number;
  readonly machines: number;
  readonly tokensPerMachine: number;
  readonly oauthApplications: number;
  readonly signInTokens: number;
  readonly actorTokens: number;
  readonly jwtTemplates: readonly { readonly name: string; readonly lifetimeSeconds: number }[];
  readonly isSecretKeyExposed: boolean;
  readonly hasPlatformAccess: boolean;
}

export interface WorldSpec {
  readonly users: number;
  readonly instance: {
    readonly environment: 'production' | 'development';
    readonly rateLimit?: { readonly requests: number; readonly windowMs: number };
  };
  readonly compromised: Compromised;
  readonly decoys: number;
  readonly keys: KeySpec;
  readonly credentials: CredentialSpec;
  readonly statusPage: StatusPageSpec;
  readonly app?: AppSpec;
  readonly services: ServicesSpec;
  readonly choices: Choices;
}

export interface ScriptedApproval {
  /** The step's path, or `*`. */
  readonly step: string;
  readonly by: string;
  readonly role: string;
  readonly decision: 'approve' | 'deny';
  readonly reason?: string;
  readonly afterMs: number;
}

export interface Answers {
  readonly inputs: JsonObject;
  readonly steps: { readonly [path: string]: { readonly fields: JsonObject; readonly note?: string } };
  readonly approvals: readonly ScriptedApproval[];
}

/** What a user or a colleague says of the trouble, in their own words. */
export interface Complaint {
  readonly from: string;
  readonly text: string;
}

export interface Scenario {
  readonly apiVersion: 'runbook/v1';
  readonly kind: 'Scenario';
  readonly name: string;
  readonly title: string;
  readonly playbook: string;
  readonly seed: number;
  readonly difficulty: 'easy' | 'medium' | 'hard';
  /** How long a team that knows its playbook takes. */
  readonly minutes?: number;
  readonly alert: string;
  readonly complaints: readonly Complaint[];
  readonly world: WorldSpec;
  readonly faults: readonly Fault[];
  readonly timeline: readonly TimelineEntry[];
  readonly answers: Answers;
  readonly success: Success;
}

/**
 * Reads and checks a scenario file; defaults are filled in.
 * @throws RunbookError E_SCENARIO_NOT_READABLE, E_SCENARIO_SYNTAX, E_SCENARIO_INVALID
 */
export function loadScenario(file: string): Scenario {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new RunbookError({
      code: 'E_SCENARIO_NOT_READABLE',
      message: `Cannot read the scenario ${file}: ${messageOf(cause)}`,
      hint: 'Scenarios are YAML files, for example playbooks/drills/breach-response.yaml.',
      cause,
    });
  }
  return parseScenario(text, file);
}

/** As loadScenario, from text. `file` is only named in errors. */
export function parseScenario(text: string, file: string): Scenario {
  const lines = new LineCounter();
  const document = parseDocument(text, { version: '1.2', uniqueKeys: true, lineCounter: lines });
  const [syntaxError] = document.errors;
  if (syntaxError !== undefined) {
    const { line, col } = lines.linePos(syntaxError.pos[0]);
    throw new RunbookError({
      code: 'E_SCENARIO_SYNTAX',
      message: `${file}:${line}:${col}: ${syntaxError.message.split('\n')[0] ?? ''}`,
      location: { file, line, column: col },
    });
  }
  const value: unknown = document.toJS({ maxAliasCount: 100 });
  const problems = checkScenario(value);
  if (problems.length === 0) return withTimes(value as Scenario); // Checked by the very schema that the types mirror.
  const places = problems.map((problem) => {
    const node = document.getIn(problem.path, true);
    const start = hasRange(node) ? node.range[0] : 0;
    const { line, col } = lines.linePos(start);
    return { ...problem, line, column: col };
  });
  const [first] = places;
  throw new RunbookError({
    code: 'E_SCENARIO_INVALID',
    message: `The scenario is not valid:\n${places.map((p) => `  ${file}:${p.line}:${p.column}: ${p.text}`).join('\n')}`,
    hint: 'schemas/scenario.schema.json describes every field.',
    ...(first === undefined ? {} : { location: { file, line: first.line, column: first.column } }),
  });
}

/** One fault as a scenario states it, defaults filled in. @throws RunbookError E_SCENARIO_INVALID */
export function parseFault(value: unknown): Fault {
  const [fault] = withTimes(parsePart({ faults: [value] }, 'the fault')).faults;
  if (fault === undefined) throw new Error('what was checked is there');
  return fault;
}

/** One happening of a timeline. @throws RunbookError E_SCENARIO_INVALID */
export function parseHappening(value: unknown): Happening {
  const [happening] = parsePart({ timeline: [{ at: '0s', do: [value] }] }, 'what happens').timeline.flatMap(
    (one) => one.do,
  );
  if (happening === undefined) throw new Error('what was checked is there');
  return happening;
}

/** Checked by the whole schema, within a scenario that says nothing else. */
function parsePart(part: { readonly [field: string]: unknown }, what: string): Scenario {
  const base = {
    apiVersion: 'runbook/v1',
    kind: 'Scenario',
    name: 'part',
    title: '-',
    playbook: 'part',
    seed: 0,
    alert: '-',
  };
  const value = { ...base, world: { users: 1 }, ...structuredClone(part) };
  const problems = checkScenario(value);
  if (problems.length === 0) return value as unknown as Scenario; // As in parseScenario.
  throw new RunbookError({
    code: 'E_SCENARIO_INVALID',
    message: `${what} is not valid: ${problems.map(({ text }) => text).join('; ')}`,
    hint: 'schemas/scenario.schema.json describes every field.',
  });
}

function hasRange(node: unknown): node is { range: readonly [number, number, number] } {
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range);
}

interface Problem {
  readonly path: readonly string[];
  readonly text: string;
}

/** What is wrong with a parsed scenario. Fills in defaults, so it changes `value`. */
function checkScenario(value: unknown): readonly Problem[] {
  const validate = new Ajv2020({ useDefaults: true, allErrors: true, allowUnionTypes: true }).compile(schema);
  if (!validate(value)) return (validate.errors ?? []).map(problemOf);
  const scenario = value as unknown as Scenario;
  return [...checkCounts(scenario), ...checkTimes(scenario)];
}

function problemOf(error: ErrorObject): Problem {
  const path = error.instancePath.split('/').slice(1);
  const where = path.length === 0 ? 'the scenario' : path.join('.');
  const extra: unknown = error.params.additionalProperty;
  if (typeof extra === 'string') return { path: [...path, extra], text: `${where}: unknown field '${extra}'` };
  const allowed: unknown = error.params.allowedValues;
  const values = Array.isArray(allowed) ? `: ${allowed.join(', ')}` : '';
  return { path, text: `${where} ${error.message ?? 'is not valid'}${values}` };
}

/** What a schema cannot say: the parts of the population must fit into it. */
function checkCounts({ world }: Scenario): readonly Problem[] {
  const problems: Problem[] = [];
  const { compromised, users, decoys } = world;
  const path = ['world', 'compromised'];
  const count = compromised.indexes?.length ?? compromised.count;
  if (count + decoys > users) {
    problems.push({ path, text: `${count} compromised users and ${decoys} decoys do not fit into ${users} users` });
  }
  if ((compromised.indexes ?? []).some((index) => index >= users)) {
    problems.push({ path, text: `world.compromised.indexes must be below the number of users, ${users}` });
  }
  const special = compromised.bannedBefore + (compromised.manySessions?.users ?? 0);
  if (special > count) {
    problems.push({ path, text: `bannedBefore and manySessions name ${special} users, of ${count} compromised` });
  }
  if (compromised.pendingSessions > count - compromised.bannedBefore) {
    problems.push({ path, text: 'pendingSessions names more users than are compromised and not yet banned' });
  }
  return problems;
}
