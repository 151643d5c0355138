import { describe, expect, test } from 'vitest';
import { CLERK_ROUTES } from '../../engine/drill/clerk/emulator.ts';
import type { DrillWorld } from '../../engine/drill/world.ts';
import { type Case, shape } from './conformance/case.ts';
import { NEVER_EMULATED, OPERATIONS_OF_THE_TABLE } from './conformance/facts-table.ts';
import { TOPICS } from './conformance/topics.ts';
import { ask, must, rows, scenarioWith, startTestWorld } from './helpers.ts';
import { hasOpenApi, loadOpenApi, type OpenApi } from './openapi.ts';

async function checkCase(world: DrillWorld, api: OpenApi, one: Case): Promise<void> {
  const name = `${one.method} ${one.path}`;
  if (one.status === 200 && one.body !== undefined) {
    const request = api.requestValidator(one.method, one.operation);
    expect(request, `${name}: the file knows no body`).toBeDefined();
    expect(request?.(one.body) ? [] : request?.errors, `the request ${name}`).toEqual([]);
  }
  const answer = await ask(world, one.method, one.path, one.body);
  expect(answer.status, `${name}: ${JSON.stringify(answer.body).slice(0, 300)}`).toBe(one.status);
  expect(answer.headers.get('content-type'), name).toBe('application/json');
  const validate = api.validator(one.method, one.operation, one.status);
  expect(validate(answer.body) ? [] : validate.errors, name).toEqual([]);
  if (one.status < 400) return;
  expect(answer.body, name).toMatchObject({ clerk_trace_id: expect.stringMatching(/^[0-9a-f]{32}$/) });
}

const emulated = new Set(CLERK_ROUTES.map(({ method, path }) => shape(`${method} ${path}`)));

describe.skipIf(!hasOpenApi)('the emulator and the Backend API file of 2026-05-12', () => {
  const api = hasOpenApi ? loadOpenApi() : undefined;

  test.for(TOPICS.map((topic) => [topic.name, topic] as const))(
    'every answer satisfies its schema: %s',
    async ([, topic]) => {
      const world = await startTestWorld({ scenario: scenarioWith(topic.world) });
      for (const one of await topic.cases(world)) await checkCase(world, must(api), one);
    },
  );

  test('every emulated operation is one of the file, and has a case that goes well', async () => {
    const known = new Set(must(api).operations().map(shape));
    expect([...emulated].filter((operation) => !known.has(operation))).toEqual([]);
    const covered = new Set<string>();
    for (const topic of TOPICS) {
      const world = await startTestWorld({ scenario: scenarioWith(topic.world) });
      for (const one of await topic.cases(world)) {
        if (one.status < 400) covered.add(shape(`${one.method} ${one.operation}`));
      }
    }
    expect([...emulated].filter((operation) => !covered.has(operation))).toEqual([]);
  });
});

test('every operation that the actions rest on is emulated, and the one that destroys is not', () => {
  expect(OPERATIONS_OF_THE_TABLE.filter((operation) => !emulated.has(shape(operation)))).toEqual([]);
  expect(emulated.has(shape(NEVER_EMULATED))).toBe(false);
});

test('an answer says nothing of the API version that was asked for: the file is silent, ours is 2026-05-12 for all', async () => {
  const world = await startTestWorld();
  for (const version of ['2026-05-12', '2021-02-05', 'never']) {
    const headers = { Authorization: `Bearer ${world.secretKey}`, 'Clerk-API-Version': version };
    expect((await fetch(`${world.apiUrl}/v1/users?limit=1`, { headers })).status).toBe(200);
  }
});

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
