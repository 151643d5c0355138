// Keys and tokens in whole runs of the engine: protection, limits, doubts.
import { afterEach, beforeEach, expect, test } from 'vitest';
import revokeApiKeys from '../../../actions/clerk/revoke-api-keys.ts';
import revokeMachineTokens from '../../../actions/clerk/revoke-machine-tokens.ts';
import rotateSecretKey from '../../../actions/clerk/rotate-secret-key.ts';
import { installGate } from '../../../engine/run/gate.ts';
import { nobody, type People } from '../../../engine/run/people.ts';
import type { ProtectRules } from '../../../engine/run/rules.ts';
import { must } from '../../drill/helpers.ts';
import { openWorld, playbook, type StartOptions, type World } from '../../run/harness.ts';
import { fault, type KeyDrill, startKeyDrill } from './key-drill.ts';

let uninstall: () => void;
let world: World;
beforeEach(async () => {
  uninstall = installGate();
  world = await openWorld(revokeApiKeys, revokeMachineTokens, rotateSecretKey);
});
afterEach(async () => {
  uninstall();
  await world.close();
});

const NOTHING: ProtectRules = { ids: [], emails: [], domains: [], metadata: [] };

const revokeThose = playbook(
  '  - { id: act, title: Act, uses: clerk.revoke-api-keys, with: { users: "${{ inputs.users }}" }, approval: { none: a test } }\n',
  'inputs: { users: { type: array, items: { type: string } } }\n',
);

const rotateIt = ({ world: drill }: KeyDrill): string =>
  playbook(
    `  - { id: act, title: Act, uses: clerk.rotate-secret-key, approval: { none: a test }, with: { application: ${must(drill.env.CLERK_APPLICATION_ID)}, instance: production } }\n`,
  );

const inDrill = ({ world: drill }: KeyDrill, more: StartOptions = {}): StartOptions => ({ env: drill.env, ...more });

test("a user whom a rule about addresses protects keeps API keys; others' and their organizations' are revoked", async () => {
  const drill = await startKeyDrill();
  const [user, other] = drill.world.ground.compromised;
  const email = await emailOf(drill, must(user));
  const rules = { limits: {}, protect: { ...NOTHING, emails: [email] } };
  const options = inDrill(drill, { inputs: { users: [must(user), must(other)] }, engine: { rules } });
  const { end, state } = await world.start(revokeThose, options);
  expect(end.status).toBe('done');
  const changes = [...(state.changes.get('act')?.values() ?? [])];
  expect(changes.filter(({ kind }) => kind === 'user')).toMatchObject([{ id: user, outcome: 'protected' }]);
  const keys = must(drill.world.facts().keys).attackerApiKeys;
  expect(keys.find(({ subject }) => subject === user)).toMatchObject({ revokedAt: null });
  expect(keys.find(({ subject }) => subject === other)?.revokedAt).not.toBeNull();
  expect(
    changes.some(
      ({ kind, outcome, owner }) => kind === 'api-key' && outcome === 'done' && owner?.kind === 'organization',
    ),
  ).toBe(true);
});

test('more users than the limit are asked about before the first key is revoked', async () => {
  const drill = await startKeyDrill();
  const rules = { limits: { user: 2 }, protect: NOTHING };
  const options = inDrill(drill, { inputs: { users: drill.world.ground.compromised }, engine: { rules } });
  expect((await world.start(revokeThose, options)).end.status).toBe('waiting');
  expect(drill.world.changeRequests()).toEqual([]);
});

test.for(['drop-answer', 'reset'])(
  'a rotation whose answer is lost (%s) waits for a person, and is not sent again',
  async (kind) => {
    const drill = await startKeyDrill({ faults: [fault('POST', '/v1/platform/**', { kind, count: 1 })] });
    const { end, state, runId, plan } = await world.start(rotateIt(drill), inDrill(drill));
    expect(end.status).toBe('waiting');
    expect(state.steps.get('act')?.doubts).toMatchObject([{ kind: 'instance-secret-key', verb: 'rotate' }]);
    expect(drill.world.changeRequests()).toHaveLength(1);

    const doubt: People['doubt'] = async () => ({
      kind: 'done',
      actor: 'person:ana',
      reason: 'The dashboard shows it',
    });
    const after = await world.resume(runId, plan, inDrill(drill, { people: { ...nobody, doubt } }));
    expect(after.state.steps.get('act')?.error?.message).toMatch(/rotated by an earlier attempt/);
    expect(drill.world.changeRequests()).toHaveLength(1);
  },
);

test('a person who found that nothing happened has it sent again', async () => {
  const drill = await startKeyDrill({ faults: [fault('POST', '/v1/platform/**', { kind: 'reset', count: 1 })] });
  const first = await world.start(rotateIt(drill), inDrill(drill));
  const before = drill.world.secretKey;
  const doubt: People['doubt'] = async () => ({ kind: 'repeat', actor: 'person:ana', reason: 'No new key there' });
  const after = await world.resume(first.runId, first.plan, inDrill(drill, { people: { ...nobody, doubt } }));
  expect(after.end.status).toBe('done');
  expect(drill.world.secretKey).not.toBe(before);
  expect(JSON.stringify(await world.events(first.runId))).not.toContain(drill.world.secretKey.slice(8));
});

test('without a platform token the step fails with the way by hand', async () => {
  const drill = await startKeyDrill({ keys: { hasPlatformAccess: false } });
  const { end, state } = await world.start(rotateIt(drill), inDrill(drill));
  expect(end.status).toBe('failed');
  expect(state.steps.get('act')?.error?.message).toMatch(/no CLERK_PLATFORM_TOKEN.*Rotate it by hand/);
});

async function emailOf({ world: drill }: KeyDrill, user: string): Promise<string> {
  const headers = { Authorization: `Bearer ${drill.secretKey}` };
  const response = await fetch(`${drill.apiUrl}/v1/users/${user}`, { headers });
  const body = (await response.json()) as { email_addresses: { email_address: string }[] };
  return must(body.email_addresses[0]).email_address;
}
