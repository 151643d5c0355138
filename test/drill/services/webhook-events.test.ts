// Event bodies against Clerk's webhook file, which lies beside the checkout; skipped where it does not.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { startWorld } from '../../../engine/drill/world.ts';
import type { JsonObject } from '../../../engine/json.ts';
import { ask, liveSessionIds, must, scenarioWith, temporaryFile } from '../helpers.ts';
import { openDatabase, resumeAfter, untilApp } from './app-world.ts';

const FILE = resolve(import.meta.dirname, '../../../../shared/clerk/openapi/webhooks-2025-04-15.yml');

type Node = { [key: string]: unknown };
const isNode = (value: unknown): value is Node => typeof value === 'object' && value !== null && !Array.isArray(value);

/** OpenAPI 3.0 to JSON Schema: `nullable` becomes a union with null. */
function convert(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(convert);
  if (!isNode(value)) return value;
  const { nullable, discriminator: _d, example: _e, ...rest } = value;
  const converted: Node = Object.fromEntries(Object.entries(rest).map(([key, inner]) => [key, convert(inner)]));
  return nullable === true ? { anyOf: [{ type: 'null' }, converted] } : converted;
}

/** Validators by event type. */
function loadEvents(): (type: string) => ReturnType<Ajv['compile']> {
  const document = parse(readFileSync(FILE, 'utf8')) as {
    components: { schemas: { [name: string]: Node } };
    'x-webhooks': { [type: string]: { post: { requestBody: { content: { 'application/json': { schema: Node } } } } } };
  };
  // The file's SessionEventPayload is a Session, which allows nothing more, and a user: no body could fit both. Its parts
  // are checked with the user allowed.
  const session = must(document.components.schemas.Session);
  const properties = { ...(session.properties as Node), user: { $ref: '#/components/schemas/User' } };
  document.components.schemas.Session = { ...session, properties };
  const ajv = new Ajv({ strict: false, allErrors: true, formats: { int64: true, uri: true, email: true } });
  const text = JSON.stringify(convert(document.components)).replaceAll('"#/components', '"hooks#/components');
  ajv.addSchema({ $id: 'hooks', components: JSON.parse(text) });
  return (type) => {
    const { schema } = must(document['x-webhooks'][type]).post.requestBody.content['application/json'];
    return ajv.compile(JSON.parse(JSON.stringify(convert(schema)).replaceAll('"#/components', '"hooks#/components')));
  };
}

describe.skipIf(!existsSync(FILE))('the events that the sender sends and the webhook file of 2025-04-15', () => {
  test('every body satisfies its schema', async () => {
    const stateFile = temporaryFile();
    const scenario = scenarioWith({
      app: { table: { missing: 2, orphans: 1 } },
      services: { webhooks: { backlog: 'failed' } },
    });
    const first = await startWorld({ scenario, stateFile });
    const { SVIX_API_URL, SVIX_TOKEN, SVIX_APP_ID, SVIX_ENDPOINT_ID } = first.env;
    await fetch(`${SVIX_API_URL}/api/v1/app/${SVIX_APP_ID}/endpoint/${SVIX_ENDPOINT_ID}/recover/`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${SVIX_TOKEN}` },
      body: JSON.stringify({ since: '2020-01-01T00:00:00Z' }),
    });
    const user = must(first.ground.decoys[0]);
    await ask(first, 'PATCH', `/v1/users/${user}/metadata`, { public_metadata: { a: 1 } });
    const [session] = await liveSessionIds(first, user);
    await ask(first, 'POST', `/v1/sessions/${must(session)}/revoke`);
    await untilApp(first, ({ webhooks }) => webhooks.delivered === 5);
    const began = { type: 'session.begin', at: Date.now(), by: 'world', user, from: 'home', status: 'active' } as const;
    const world = await resumeAfter(first, began, { stateFile });
    await untilApp(world, ({ webhooks }) => webhooks.delivered === 6);

    const validator = loadEvents();
    const seen = new Set<string>();
    for (const { body } of openDatabase(world).prepare<[], { body: string }>('SELECT body FROM webhook_events').all()) {
      const event = JSON.parse(body) as JsonObject;
      const type = String(event.type);
      const validate = validator(type);
      expect(validate(event) ? [] : validate.errors, type).toEqual([]);
      seen.add(type);
    }
    expect([...seen].sort()).toEqual([
      'session.created',
      'session.revoked',
      'user.created',
      'user.deleted',
      'user.updated',
    ]);
  });
});
