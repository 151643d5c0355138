import { describe, expect, test } from 'vitest';
import { CLERK_ROUTES } from '../../engine/drill/clerk/emulator.ts';
import type { DrillWorld } from '../../engine/drill/world.ts';
import type { Json } from '../../engine/json.ts';
import { ask, liveSessionIds, must, rows, startTestWorld } from './helpers.ts';
import { hasOpenApi, loadOpenApi, type OpenApi } from './openapi.ts';

interface Case {
  readonly method: string;
  /** As in the OpenAPI file. */
  readonly operation: string;
  readonly path: string;
  readonly body?: Json;
  readonly status: number;
}

const UNKNOWN_USER = 'user_2aaaaaaaaaaaaaaaaaaaaaaaaaa';
const UNKNOWN_SESSION = 'sess_2aaaaaaaaaaaaaaaaaaaaaaaaaa';

async function casesFor(world: DrillWorld): Promise<readonly Case[]> {
  const live = world.facts().concerned.filter(({ role, liveSessions }) => role === 'compromised' && liveSessions > 0);
  const victim = must(live[0]).id;
  const session = must((await liveSessionIds(world, victim))[0]);
  const user = must(live[1]).id;
  const onUser = (what: string, body?: Json): Case => ({
    method: 'POST',
    operation: `/users/{user_id}/${what}`,
    path: `/v1/users/${user}/${what}`,
    ...(body === undefined ? {} : { body }),
    status: 200,
  });
  const get = (operation: string, path: string, status = 200): Case => ({ method: 'GET', operation, path, status });
  const post = (operation: string, path: string, status: number, body?: Json): Case => ({
    method: 'POST',
    operation,
    path,
    status,
    ...(body === undefined ? {} : { body }),
  });
  return [
    get('/users', '/v1/users?limit=500'),
    get('/users', '/v1/users?limit=501', 422),
    get('/users/count', '/v1/users/count'),
    get('/users/count', '/v1/users/count?banned=maybe', 422),
    get('/users/{user_id}', `/v1/users/${victim}`),
    get('/users/{user_id}', `/v1/users/${UNKNOWN_USER}`, 404),
    get('/sessions', `/v1/sessions?user_id=${victim}&limit=500`),
    get('/sessions', '/v1/sessions', 422),
    get('/sessions/{session_id}', `/v1/sessions/${session}`),
    get('/sessions/{session_id}', `/v1/sessions/${UNKNOWN_SESSION}`, 404),
    post('/sessions/{session_id}/tokens', `/v1/sessions/${session}/tokens`, 200),
    post('/sessions/{session_id}/tokens', `/v1/sessions/${UNKNOWN_SESSION}/tokens`, 404),
    post('/sessions/{session_id}/revoke', `/v1/sessions/${session}/revoke`, 200),
    post('/sessions/{session_id}/revoke', `/v1/sessions/${UNKNOWN_SESSION}/revoke`, 404),
    get('/instance', '/v1/instance'),
    get('/jwks', '/v1/jwks'),
    onUser('lock'),
    onUser('unlock'),
    onUser('password/set_compromised', { revoke_all_sessions: true }),
    post('/users/{user_id}/password/set_compromised', `/v1/users/${user}/password/set_compromised`, 422, { other: 1 }),
    onUser('password/unset_compromised'),
    onUser('ban'),
    onUser('unban'),
    post('/users/ban', '/v1/users/ban', 200, { user_ids: [victim] }),
    post('/users/ban', '/v1/users/ban', 400, ['not an object']),
    post('/users/unban', '/v1/users/unban', 200, { user_ids: [victim] }),
    {
      method: 'PATCH',
      operation: '/users/{user_id}/metadata',
      path: `/v1/users/${user}/metadata`,
      body: { public_metadata: { a: { b: 1 } } },
      status: 200,
    },
    {
      method: 'PATCH',
      operation: '/users/{user_id}/metadata',
      path: `/v1/users/${user}/metadata`,
      body: { first_name: 'x' },
      status: 422,
    },
  ];
}

async function checkCase(world: DrillWorld, api: OpenApi, one: Case): Promise<void> {
  const answer = await ask(world, one.method, one.path, one.body);
  const name = `${one.method} ${one.path}`;
  expect(answer.status, `${name}: ${JSON.stringify(answer.body).slice(0, 300)}`).toBe(one.status);
  expect(answer.headers.get('content-type'), name).toBe('application/json');
  const validate = api.validator(one.method, one.operation, one.status);
  expect(validate(answer.body) ? [] : validate.errors, name).toEqual([]);
  if (one.status >= 400) {
    expect(answer.body, name).toMatchObject({ clerk_trace_id: expect.stringMatching(/^[0-9a-f]{32}$/) });
  }
}

describe.skipIf(!hasOpenApi)('the emulator and the Backend API file of 2026-05-12', () => {
  const api = hasOpenApi ? loadOpenApi() : undefined;

  test('every answer of every emulated operation satisfies its schema', async () => {
    const world = await startTestWorld();
    const cases = await casesFor(world);
    for (const one of cases) await checkCase(world, must(api), one);
    const covered = new Set(cases.map(({ method, operation }) => `${method} ${operation}`));
    const emulated = CLERK_ROUTES.map(({ method, path }) => `${method} ${operationPath(path)}`);
    expect(emulated.filter((operation) => !covered.has(operation))).toEqual([]);
  });

  test('every emulated operation is one of the file', () => {
    const known = new Set(must(api).operations());
    expect(
      CLERK_ROUTES.map(({ method, path }) => `${method} ${operationPath(path)}`).filter((o) => !known.has(o)),
    ).toEqual([]);
  });
});

/** `/v1/users/:userId/ban` as the file writes it. */
function operationPath(path: string): string {
  return path.replace('/v1', '').replace(':userId', '{user_id}').replace(':sessionId', '{session_id}');
}

test('ids have a prefix and 27 word characters', async () => {
  const world = await startTestWorld();
  for (const user of rows(await ask(world, 'GET', '/v1/users?limit=50'))) {
    expect(user.id).toMatch(/^user_\w{27}$/);
    for (const session of rows(await ask(world, 'GET', `/v1/sessions?user_id=${String(user.id)}&limit=50`))) {
      expect(session.id).toMatch(/^sess_\w{27}$/);
    }
  }
});

test('what is not emulated answers 501 in the error form', async () => {
  const world = await startTestWorld();
  const answer = await ask(world, 'DELETE', `/v1/users/${must(world.ground.compromised[0])}`);
  expect(answer.status).toBe(501);
  expect(answer.body).toMatchObject({ errors: [{ code: 'drill_not_implemented' }] });
});

test('a wrong key answers 401 clerk_key_invalid everywhere but on the key set', async () => {
  const world = await startTestWorld();
  const wrong = await ask(world, 'GET', '/v1/instance', undefined, 'sk_live_wrong');
  expect(wrong.status).toBe(401);
  expect(wrong.body).toMatchObject({ errors: [{ code: 'clerk_key_invalid' }] });
  expect((await ask(world, 'GET', '/v1/jwks', undefined, 'sk_live_wrong')).status).toBe(200);
});

test('a body that is no JSON answers 400 and changes nothing', async () => {
  const world = await startTestWorld();
  const response = await fetch(`${world.apiUrl}/v1/users/ban`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${world.secretKey}` },
    body: '{"user_ids": [',
  });
  expect(response.status).toBe(400);
  expect(world.facts().concerned.flatMap(({ effects }) => effects)).toEqual([]);
});
