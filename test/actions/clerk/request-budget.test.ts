// What containment costs in requests, in whole runs: Clerk's limit is what the time of it depends on.
import { afterEach, beforeEach, expect, test } from 'vitest';
import banUsers from '../../../actions/clerk/ban-users.ts';
import lockoutUsers from '../../../actions/clerk/lockout-users.ts';
import unbanUsers from '../../../actions/clerk/unban-users.ts';
import { installGate } from '../../../engine/run/gate.ts';
import type { ProtectRules } from '../../../engine/run/rules.ts';
import { createSecrets } from '../../../engine/run/secrets.ts';
import { openWorld, playbook, type World } from '../../run/harness.ts';
import { takeBack } from '../../run/undo-world.ts';
import { FakeClock } from '../fake-context.ts';
import { ClerkServer } from './clerk-server.ts';
import { SECRET_KEY } from './setup.ts';

let clerk: ClerkServer;
let env: { readonly [name: string]: string };
let world: World;
let uninstall: () => void;
beforeEach(async () => {
  uninstall = installGate();
  clerk = new ClerkServer(new FakeClock());
  env = { CLERK_SECRET_KEY: SECRET_KEY, CLERK_API_URL: await clerk.start() };
  world = await openWorld(banUsers, unbanUsers, lockoutUsers);
});
afterEach(async () => {
  uninstall();
  await world.close();
  await clerk.stop();
});

const NOTHING: ProtectRules = { ids: [], emails: [], domains: [], metadata: [] };
const BY_DOMAIN: ProtectRules = { ...NOTHING, domains: ['shop.example'] };

function contain(uses: string): string {
  return playbook(
    `  - { id: act, title: Act, uses: ${uses}, with: { users: "\${{ inputs.users }}" }, approval: { none: a test } }\n`,
    'inputs: { users: { type: array, items: { type: string } } }\n',
  );
}

async function run(uses: string, users: readonly string[], protect: ProtectRules) {
  return await world.start(contain(uses), { inputs: { users }, env, engine: { rules: { limits: {}, protect } } });
}

for (const [how, protect] of [
  ['nobody protected', NOTHING],
  ['a domain protected', BY_DOMAIN],
] as const) {
  test(`with ${how}, banning 10,000 users takes one listing and 200 bans`, async () => {
    const users = Array.from({ length: 10_000 }, (_, n) => clerk.addUser(`u${n}`));
    const { end } = await run('clerk.ban-users', users, protect);
    expect(end.status).toBe('done');
    expect(clerk.sent('GET')).toHaveLength(100);
    expect(clerk.sent('POST')).toHaveLength(200);
    expect([...clerk.users.values()].every(({ banned }) => banned)).toBe(true);
  });

  test(`with ${how}, locking 300 users out takes one listing, six bans, and one request a user for the proof`, async () => {
    const users = Array.from({ length: 300 }, (_, n) => clerk.addUser(`u${n}`, { sessions: 1 }));
    const { end, state } = await run('clerk.lockout-users', users, protect);
    expect(end.status).toBe('done');
    expect(state.steps.get('act')?.output).toMatchObject({ value: { lockedOut: 300, proved: 300 } });
    expect(clerk.sent('GET', /\/users$/)).toHaveLength(3);
    expect(clerk.sent('POST')).toHaveLength(6);
    expect(clerk.sent('GET', /\/sessions$/)).toHaveLength(300);
  });
}

test('what was listed is not taken for the state after the bans, by an undo either', async () => {
  const users = [clerk.addUser('a'), clerk.addUser('b')];
  const { runId } = await run('clerk.ban-users', users, BY_DOMAIN);
  // Somebody else lifts one of the bans: the undo must see that, and not what any listing showed before.
  const lifted = clerk.users.get('user_a');
  if (lifted !== undefined) lifted.banned = false;
  const { state } = await takeBack(world, runId, {
    plan: world.compile(contain('clerk.ban-users')),
    isUnchecked: false,
    engine: { env, secrets: createSecrets({ env, onResolved: () => undefined }) },
  });
  const changes = [...(state.changes.get('act')?.values() ?? [])];
  expect(changes.find(({ id }) => id === 'user_a')?.undone).toBeUndefined();
  expect(changes.find(({ id }) => id === 'user_b')?.undone).toBeDefined();
  const [unban] = clerk.sent('POST', /unban$/);
  expect(unban?.body).toBe(JSON.stringify({ user_ids: ['user_b'] }));
});

test('an attempt that follows one in doubt reads the users anew', async () => {
  const users = [clerk.addUser('a'), clerk.addUser('b')];
  let bans = 0;
  let readsAfter = 0;
  clerk.fault = ({ path }) => {
    if (path === '/v1/users/ban') {
      bans++;
      return { status: 200, text: '[]', after: true };
    }
    // Whom the ban's answer leaves out cannot be read within the same attempt.
    return bans === 1 && readsAfter++ === 0 ? { status: 403, code: 'forbidden' } : undefined;
  };
  const yaml = contain('clerk.ban-users').replace('approval:', 'retry: { attempts: 2, delay: 1ms }, approval:');
  const { end, state } = await world.start(yaml, {
    inputs: { users },
    env,
    engine: { rules: { limits: {}, protect: BY_DOMAIN } },
  });
  expect(end.status).toBe('done');
  expect(state.steps.get('act')?.attempt).toBe(2);
  const changes = [...(state.changes.get('act')?.values() ?? [])];
  expect(changes.map(({ outcome, before }) => [outcome, before])).toEqual(users.map(() => ['done', { banned: false }]));
});
