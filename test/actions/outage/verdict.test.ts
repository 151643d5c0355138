// The judgement by itself: every case that a responder may meet, each witness in the form in which its action gives it.
import { expect, test } from 'vitest';
import verdict from '../../../actions/outage/verdict.ts';
import type { JsonObject } from '../../../engine/action.ts';
import { fakeRun } from '../fake-context.ts';

const judge = (input: JsonObject): Promise<JsonObject> => fakeRun().run(verdict, input);

const status = (indicator: string, signIn: string, more: JsonObject = {}): JsonObject => ({
  known: true,
  page: 'read',
  indicator,
  signIn,
  isStale: false,
  summary: `The status page says ${indicator}`,
  ...more,
});
const GOOD = status('none', 'operational');
const STALE = status('none', 'operational', { isStale: true, ageMinutes: 240 });
const RED = status('critical', 'down');
const BILLING = status('major', 'operational', { affected: ['Billing'] });
const HTML: JsonObject = { known: false, page: 'unreadable', indicator: 'unknown', signIn: 'unknown', summary: 'HTML' };
const NO_PAGE: JsonObject = { ...HTML, page: 'unreachable', summary: 'no page' };

const api = (state: string, failures: JsonObject = {}, more: JsonObject = {}): JsonObject => ({
  ok: state === 'up',
  state,
  key: state === 'up' || state === 'slow' ? 'valid' : 'unknown',
  failures,
  jwks: { ok: state === 'up' || state === 'slow', failures: {} },
  summary: `Clerk's API is ${state}`,
  ...more,
});
const UP = api('up');
const SLOW = api('slow');
const DOWN = api('down', { 'server-error': 5 });
const SILENT = api('down', { timeout: 5 });
const NO_API = api('unreachable', { dns: 5 });
const OUR_KEY = api('refused', { key: 5 }, { key: 'invalid', jwks: { ok: true, failures: {} } });
const LIMITED = api('limited', { limited: 1 }, { key: 'valid', jwks: { ok: true, failures: {} } });
const NO_KEY_SET = api('up', {}, { jwks: { ok: false, failures: { 'server-error': 5 } } });

const probe = (status: number, failure: string, more: JsonObject = {}): JsonObject => ({
  ok: failure === 'none',
  status,
  failure,
  picked: {},
  summary: `GET answered ${status} (${failure})`,
  ...more,
});
const WELL = probe(200, 'none');
const BROKEN = probe(500, 'status', { said: '{"error":"Internal Server Error"}' });
const UNWELL = probe(503, 'status');
const says = (clerk: string | number): JsonObject =>
  probe(503, 'status', { picked: { clerk }, said: `{"status":"unhealthy","clerk":${JSON.stringify(clerk)}}` });
const APP_401 = says(401);
const APP_503 = says(503);
const APP_NO_ANSWER = says('no answer');
const GONE = probe(0, 'refused');
const NO_NAME = probe(0, 'dns');
const LATE = probe(0, 'timeout');
const HEAVY = probe(200, 'slow');
const EXPIRED = probe(0, 'tls');

const env = (...findings: JsonObject[]): JsonObject => ({ ok: findings.length === 0, findings });
const WRONG_MODE = env({ name: 'CLERK_SECRET_KEY', verdict: 'mismatch', severity: 'fault', text: 'a test key' });
const CLEAN = env({ name: 'CLERK_SECRET_KEY', verdict: 'ok', severity: 'info', text: 'well formed' });
const deployed = (liveMinutes: number): JsonObject => ({ liveMinutes });

type Case = readonly [name: string, input: JsonObject, verdict: string, how: string, confidence: string];

const CASES: readonly Case[] = [
  // Clerk, whatever its page says.
  ['Clerk is down and says so', { status: RED, api: DOWN, app: APP_503, network: WELL }, 'clerk', 'down', 'high'],
  ['Clerk is down, its page says all is well', { status: GOOD, api: DOWN, app: APP_503 }, 'clerk', 'down', 'high'],
  ['Clerk is down, its page is stale', { status: STALE, api: DOWN, app: UNWELL }, 'clerk', 'down', 'medium'],
  ['Clerk is down, its page is HTML', { status: HTML, api: DOWN, app: APP_503 }, 'clerk', 'down', 'high'],
  ['Clerk is down, its page too', { status: NO_PAGE, api: SILENT, app: APP_NO_ANSWER }, 'clerk', 'down', 'high'],
  ['Clerk is down, its page is red for billing', { status: BILLING, api: DOWN, app: APP_503 }, 'clerk', 'down', 'high'],
  [
    'Clerk is silent, and another address answers',
    { api: api('down', { reset: 5 }, { jwks: { ok: false } }), network: WELL },
    'clerk',
    'down',
    'high',
  ],
  ['Clerk is down, nothing else was asked', { api: DOWN }, 'clerk', 'down', 'medium'],
  [
    'Clerk is under maintenance',
    { status: status('maintenance', 'maintenance'), api: DOWN },
    'clerk',
    'maintenance',
    'high',
  ],
  ['Clerk fails us and not the app', { status: GOOD, api: DOWN, app: WELL }, 'clerk', 'down', 'low'],
  [
    'Clerk is down, the app breaks with it',
    { status: RED, api: DOWN, app: BROKEN, deployments: deployed(5) },
    'clerk',
    'down',
    'high',
  ],
  ['Clerk is slow, the app gives up', { status: GOOD, api: SLOW, app: APP_NO_ANSWER }, 'clerk', 'slow', 'high'],
  ['Clerk is slow, the app is late', { status: GOOD, api: SLOW, app: LATE }, 'clerk', 'slow', 'high'],
  ['Clerk is slow and says so', { status: status('minor', 'degraded'), api: SLOW }, 'clerk', 'slow', 'high'],
  ['Clerk is slow, the app does not notice', { status: GOOD, api: SLOW, app: WELL }, 'clerk', 'slow', 'low'],
  [
    'the name of the API is gone for all',
    { status: RED, api: NO_API, app: APP_NO_ANSWER, network: WELL },
    'clerk',
    'down',
    'high',
  ],
  ['the API is not reached, the page is red', { status: RED, api: NO_API }, 'clerk', 'down', 'medium'],
  ['the API alone is not reached', { status: GOOD, api: NO_API, network: WELL }, 'clerk', 'unreachable', 'low'],
  ['the key set is gone', { status: GOOD, api: NO_KEY_SET, app: WELL }, 'clerk', 'degraded', 'medium'],
  ['the Frontend API is down', { status: GOOD, api: UP, app: WELL, frontend: BROKEN }, 'clerk', 'down', 'medium'],
  ['the page is red, what we ask works', { status: RED, api: UP, app: WELL }, 'clerk', 'degraded', 'low'],
  ['the page is red, the app was not asked', { status: RED, api: UP }, 'clerk', 'degraded', 'medium'],
  ['nobody asked Clerk but the app', { status: RED, app: APP_503 }, 'clerk', 'down', 'medium'],
  // The application.
  [
    'a bad deployment',
    { status: GOOD, api: UP, app: BROKEN, page: BROKEN, env: CLEAN, deployments: deployed(10) },
    'application',
    'broken',
    'high',
  ],
  [
    'a broken app, long live',
    { status: GOOD, api: UP, app: BROKEN, deployments: deployed(9000) },
    'application',
    'broken',
    'medium',
  ],
  [
    'a bad deployment while the page is red for billing',
    { status: BILLING, api: UP, app: BROKEN, deployments: deployed(10) },
    'application',
    'broken',
    'high',
  ],
  [
    'a bad deployment, no status page',
    { status: HTML, api: UP, app: BROKEN, deployments: deployed(10) },
    'application',
    'broken',
    'high',
  ],
  [
    'a bad deployment while Clerk is a little slow',
    { status: GOOD, api: SLOW, app: BROKEN, deployments: deployed(10) },
    'application',
    'broken',
    'medium',
  ],
  [
    'only its pages break',
    { status: GOOD, api: UP, app: WELL, page: BROKEN, deployments: deployed(10) },
    'application',
    'broken',
    'high',
  ],
  ['unwell without a reason', { status: GOOD, api: UP, app: UNWELL }, 'application', 'broken', 'medium'],
  ['the app is gone', { status: GOOD, api: UP, app: GONE, page: GONE }, 'application', 'unreachable', 'high'],
  ['the app is slow by itself', { status: GOOD, api: UP, app: HEAVY, page: HEAVY }, 'application', 'slow', 'high'],
  ['the app does not get through', { status: GOOD, api: UP, app: APP_NO_ANSWER }, 'application', 'cut-off', 'medium'],
  ["the app's certificate has ended", { status: GOOD, api: UP, app: EXPIRED }, 'application', 'certificate', 'high'],
  ['the limit is used up', { status: GOOD, api: LIMITED, app: says(429) }, 'application', 'rate-limited', 'high'],
  // The configuration.
  ['a wrong key in the app', { status: GOOD, api: UP, app: APP_401 }, 'configuration', 'key', 'high'],
  [
    'a wrong key since a deployment',
    { status: GOOD, api: UP, app: APP_401, deployments: deployed(5) },
    'configuration',
    'key',
    'high',
  ],
  [
    'no key in the app',
    { status: GOOD, api: UP, app: says('not asked: CLERK_SECRET_KEY is not set') },
    'configuration',
    'key',
    'high',
  ],
  [
    'a wrong key while the page is red for billing',
    { status: BILLING, api: UP, app: APP_401 },
    'configuration',
    'key',
    'high',
  ],
  ['a wrong key while Clerk is slow', { status: GOOD, api: SLOW, app: APP_401 }, 'configuration', 'key', 'high'],
  [
    'everybody has the key that was revoked',
    { status: GOOD, api: OUR_KEY, app: APP_401 },
    'configuration',
    'key',
    'high',
  ],
  ['our key is refused, the app was not asked', { status: GOOD, api: OUR_KEY }, 'configuration', 'key', 'medium'],
  [
    'variables have faults and the app is unwell',
    { status: GOOD, api: UP, app: UNWELL, env: WRONG_MODE },
    'configuration',
    'variables',
    'high',
  ],
  [
    'variables have faults, the app was not asked',
    { api: UP, env: WRONG_MODE },
    'configuration',
    'variables',
    'medium',
  ],
  [
    'the log says that keys are refused',
    { api: UP, app: BROKEN, logs: { configuration: 12 } },
    'configuration',
    'key',
    'medium',
  ],
  [
    'the domain of the Frontend API does not lead there',
    { status: GOOD, api: UP, app: WELL, frontend: NO_NAME },
    'configuration',
    'domain',
    'medium',
  ],
  // The network here.
  [
    'nothing is reached',
    { status: NO_PAGE, api: NO_API, app: NO_NAME, network: NO_NAME },
    'network',
    'unreachable',
    'high',
  ],
  [
    'nothing answers in time',
    { status: NO_PAGE, api: SILENT, app: LATE, network: LATE },
    'network',
    'unreachable',
    'high',
  ],
  [
    'nothing is reached, no neutral address given',
    { status: NO_PAGE, api: NO_API },
    'network',
    'unreachable',
    'medium',
  ],
  ['the app reaches Clerk, we do not', { status: GOOD, api: NO_API, app: WELL }, 'network', 'unreachable', 'medium'],
  [
    'our way to Clerk is silent, the app has its own',
    { status: GOOD, api: SILENT, app: WELL },
    'network',
    'unreachable',
    'medium',
  ],
  [
    'everything is slow from here',
    { status: GOOD, api: SLOW, app: HEAVY, network: HEAVY },
    'network',
    'slow',
    'medium',
  ],
  [
    'a proxy breaks TLS',
    { status: NO_PAGE, api: api('unreachable', { tls: 5 }), app: EXPIRED, network: WELL },
    'network',
    'certificate',
    'medium',
  ],
  // Nobody, or nobody knows.
  [
    'all is well',
    { status: GOOD, api: UP, app: WELL, page: WELL, env: CLEAN, network: WELL },
    'healthy',
    'none',
    'high',
  ],
  ['all is well but billing', { status: BILLING, api: UP, app: WELL }, 'healthy', 'none', 'high'],
  ['all is well, without a page', { status: NO_PAGE, api: UP, app: WELL }, 'healthy', 'none', 'high'],
  [
    'trouble that may be with signing in',
    { status: status('major', 'unknown'), api: UP, app: WELL },
    'healthy',
    'none',
    'medium',
  ],
  [
    'our key is outdated, the app has the right one',
    { status: GOOD, api: OUR_KEY, app: WELL },
    'healthy',
    'none',
    'medium',
  ],
  [
    'faults that wait for the next deployment',
    { status: GOOD, api: UP, app: WELL, env: WRONG_MODE },
    'healthy',
    'none',
    'medium',
  ],
  ['Clerk is well, the app was not asked', { status: GOOD, api: UP }, 'unclear', 'none', 'low'],
  ['only the page was asked', { status: GOOD }, 'unclear', 'none', 'low'],
  ['one witness, and not reached', { api: NO_API }, 'unclear', 'none', 'low'],
  ['the app is gone, and nobody else was asked', { app: GONE, page: GONE }, 'unclear', 'none', 'low'],
  ['nothing was asked', { status: null, api: {}, app: null }, 'unclear', 'none', 'low'],
];

test.for(CASES)('%s', async ([, input, side, how, confidence]) => {
  const output = await judge(input);
  expect([output.verdict, output.how, output.confidence]).toEqual([side, how, confidence]);
  expect([output.claim, output.next].every((text) => typeof text === 'string' && text.length > 10)).toBe(true);
});

test('each witness that there is has its say, in its own words; absent ones have none', async () => {
  const { evidence, summary } = await judge({ status: GOOD, api: DOWN, app: null, network: WELL, env: {} });
  expect(evidence).toMatchObject([
    { witness: 'status', says: 'The status page says none', weight: 'weak' },
    { witness: 'api', says: "Clerk's API is down", weight: 'strong', fits: ['clerk'] },
    { witness: 'network', weight: 'weak' },
  ]);
  expect(summary).toBe(
    'Clerk is down (confidence: medium).\n\n' +
      '- status: The status page says none (speaks against it)\n' +
      "- api: Clerk's API is down\n" +
      '- network: GET answered 200 (none)',
  );
});

test('a page that says all is well is told to speak against it, and that it may lag behind', async () => {
  const { contradicts } = await judge({ status: STALE, api: DOWN, app: APP_503 });
  expect(contradicts).toEqual(['status: The status page says none: it may lag behind']);
});

test.for<[string, JsonObject]>([
  ['unreadable', HTML],
  ['red for what does not matter', BILLING],
])('a page that is %s weighs nothing', async ([, page]) => {
  const { evidence, contradicts } = await judge({ status: page, api: UP, app: BROKEN });
  expect(evidence).toContainEqual(expect.objectContaining({ witness: 'status', weight: 'none', fits: [] }));
  expect(contradicts).toEqual([]);
});

test('what speaks against a verdict is named with its witness', async () => {
  const { contradicts } = await judge({ status: RED, api: UP, app: BROKEN });
  expect(contradicts).toEqual(['status: The status page says critical']);
});

test.for<[string, JsonObject]>([
  ['exposed', { name: 'NEXT_PUBLIC_X', verdict: 'exposed', severity: 'fault', text: 'x' }],
  ['a warning', { name: 'CLERK_JWT_KEY', verdict: 'not-asked', severity: 'warning', text: 'x' }],
])('a variable that stops nothing is not what broke the app: %s', async ([, finding]) => {
  expect(await judge({ api: UP, app: BROKEN, env: env(finding) })).toMatchObject({ verdict: 'application' });
});

test('a number in a health answer is no status of Clerk unless it is called one', async () => {
  const app = probe(503, 'status', {
    said: '{"healthy":false,"uptime":401,"users":429,"at":"2026-05-12T03:00:00.401Z"}',
  });
  expect(await judge({ api: UP, app })).toMatchObject({ verdict: 'application', how: 'broken' });
});

test.for<[string, JsonObject]>([
  ['a text', { api: 'up' }],
  ['another name', { clerk: {} }],
  ['a kind of lines that there is not', { logs: { other: 1 } }],
])('its input schema refuses %s', async ([, input]) => {
  await expect(judge(input)).rejects.toThrow(/input/);
});
