// Every operation that is emulated and that Clerk's own SDK has a method for, through that method.
import { createClerkClient } from '@clerk/backend';
import { expect, test } from 'vitest';
import { CLERK_ROUTES } from '../../engine/drill/clerk/emulator.ts';
import type { DrillWorld } from '../../engine/drill/world.ts';
import { shape } from './conformance/case.ts';
import { credentialsTopic } from './conformance/credentials.ts';
import { KEY_WORLD } from './conformance/keys.ts';
import { sdkCalls } from './conformance/sdk-calls.ts';
import { sdkCredentialCalls } from './conformance/sdk-credential-calls.ts';
import { scenarioWith, startTestWorld } from './helpers.ts';

/** The SDK has no method that sends one request for these: they are called beside it. */
const BESIDE_THE_SDK = [
  'POST /users/ban',
  'POST /users/unban',
  'GET /instance/protect',
  'PATCH /instance/protect',
  'POST /webhooks/svix_url',
  'GET /users/{user_id}/trusted_devices',
  'DELETE /users/{user_id}/trusted_devices/{trusted_device_id}',
];
/** Read only by tests; the actions list them. */
const NOT_CALLED = ['GET /api_keys/{apiKeyID}', 'GET /machines/{machine_id}'];

function counts(world: DrillWorld): Map<string, number> {
  const found = new Map<string, number>();
  for (const { route, requests } of world.requests()) {
    const name = shape(route);
    found.set(name, (found.get(name) ?? 0) + requests);
  }
  return found;
}

const GROUPS = [
  ['users, settings and keys', { keys: KEY_WORLD }, sdkCalls],
  ['ways in', credentialsTopic.world, sdkCredentialCalls],
] as const;

async function start([, parts, make]: (typeof GROUPS)[number]) {
  const world = await startTestWorld({ scenario: scenarioWith(parts) });
  const sdk = createClerkClient({ secretKey: world.secretKey, apiUrl: world.apiUrl, telemetry: { disabled: true } });
  return { world, calls: await make(world, sdk) };
}

test.for(GROUPS.map((group) => [group[0], group] as const))(
  'each method understands its answer, and sends one request, the user list two: %s',
  async ([, group]) => {
    const { world, calls } = await start(group);
    for (const { operation, call, also = [] } of calls) {
      const before = counts(world);
      const answer = await call().catch((error: unknown) => {
        throw new Error(`${operation}: ${JSON.stringify(error)}`, { cause: error });
      });
      // For an answer that it cannot parse the SDK returns a string, silently.
      expect(typeof answer, operation).not.toBe('string');
      const sent = [...counts(world)].flatMap(([route, count]) =>
        Array.from({ length: count - (before.get(route) ?? 0) }, () => route),
      );
      expect(sent.sort(), operation).toEqual([operation, ...also].map(shape).sort());
    }
  },
);

test('no emulated operation is left out but those that are called beside the SDK', async () => {
  const called = (await Promise.all(GROUPS.map(start))).flatMap(({ calls }) => calls.map(({ operation }) => operation));
  const reached = new Set([...called, ...BESIDE_THE_SDK, ...NOT_CALLED].map(shape));
  const emulated = CLERK_ROUTES.map(({ method, path }) => shape(`${method} ${path}`));
  expect(emulated.filter((operation) => !reached.has(operation))).toEqual([]);
});
