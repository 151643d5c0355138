// Whom the project protects is not touched by any action of the family, in whole runs over real HTTP.
import { afterEach, beforeEach, expect, test } from 'vitest';
import banUsers from '../../../actions/clerk/ban-users.ts';
import revokeSessions from '../../../actions/clerk/revoke-sessions.ts';
import { defineAction } from '../../../engine/action.ts';
import { installGate } from '../../../engine/run/gate.ts';
import { nobody } from '../../../engine/run/people.ts';
import type { ProtectRules } from '../../../engine/run/rules.ts';
import { ofType, openWorld, playbook, type Started, type World } from '../../run/harness.ts';
import { FakeClock } from '../fake-context.ts';
import { ClerkServer } from './clerk-server.ts';
import { SECRET_KEY } from './setup.ts';

/** Ends sessions by their ids alone, and says nothing of whose they are. */
const endSessions = defineAction({
  name: 'custom.end-sessions',
  title: 'End sessions',
  effect: 'destructive',
  idempotent: true,
  input: { type: 'object', properties: { users: { type: 'array', items: { type: 'string' } } }, required: ['users'] },
  output: {},
  secrets: revokeSessions.secrets,
  env: revokeSessions.env,
  ...(revokeSessions.describe === undefined ? {} : { describe: revokeSessions.describe }),
  async run(_input, ctx) {
    const targets = [...clerk.sessions.keys()].map((id) => ({ id, attributes: {}, before: { status: 'active' } }));
    await ctx.changes({ kind: 'session', verb: 'end', after: { status: 'revoked' }, targets }, async ([session]) => {
      await ctx.fetch(`${url}/v1/sessions/${session?.id}/revoke`, { method: 'POST' });
      return undefined;
    });
    return null;
  },
});

let clerk: ClerkServer;
let url: string;
let world: World;
let uninstall: () => void;
beforeEach(async () => {
  uninstall = installGate();
  clerk = new ClerkServer(new FakeClock());
  url = await clerk.start();
  world = await openWorld(banUsers, revokeSessions, endSessions);
});
afterEach(async () => {
  uninstall();
  await world.close();
  await clerk.stop();
});

const NOTHING: ProtectRules = { ids: [], emails: [], domains: [], metadata: [] };

function run(
  uses: string,
  users: readonly string[],
  protect: Partial<ProtectRules>,
  more = 'none: a test',
): Promise<Started> {
  return world.start(
    playbook(
      `  - { id: act, title: Act, uses: ${uses}, with: { users: "\${{ inputs.users }}" }, approval: { ${more} } }\n`,
      'inputs: { users: { type: array, items: { type: string } } }\n',
    ),
    {
      inputs: { users },
      env: { CLERK_SECRET_KEY: SECRET_KEY, CLERK_API_URL: url },
      engine: { rules: { limits: {}, protect: { ...NOTHING, ...protect } } },
    },
  );
}

function addCrowd(): { readonly users: readonly string[]; readonly admin: string } {
  const users = Array.from({ length: 199 }, (_, n) => clerk.addUser(`u${n}`, { sessions: 1 }));
  const admin = clerk.addUser('admin', {
    sessions: 2,
    email: 'Root@Shop.Example',
    publicMetadata: { role: 'admin' },
    privateMetadata: { teams: ['platform'] },
  });
  return { users: users.toSpliced(120, 0, admin), admin };
}

const RULES: [string, Partial<ProtectRules>, string][] = [
  ['id', { ids: ['user_admin'] }, 'its id is protected'],
  ['e-mail address', { emails: ['root@shop.example'] }, 'its e-mail address is protected'],
  ['domain', { domains: ['shop.example'] }, 'e-mail addresses at shop.example are protected'],
  [
    'public metadata',
    { metadata: [{ path: 'publicMetadata.role', equals: 'admin' }] },
    'publicMetadata.role is "admin"',
  ],
  [
    'private metadata that lists it',
    { metadata: [{ path: 'privateMetadata.teams', equals: 'platform' }] },
    'privateMetadata.teams is "platform"',
  ],
  ["operator's address", { operator: { ids: [], emails: ['root@shop.example'] } }, "it is an operator's own account"],
  ["operator's id", { operator: { ids: ['user_admin'], emails: [] } }, "it is an operator's own account"],
];

for (const [how, protect, why] of RULES) {
  test(`an admin in a list of 200 who is protected by ${how} keeps sessions and access, and the others do not`, async () => {
    const { users, admin } = addCrowd();
    for (const uses of ['clerk.revoke-sessions', 'custom.end-sessions', 'clerk.ban-users']) {
      const { end, state } = await run(uses, users, protect);
      expect(end.status).toBe('done');
      expect(
        clerk.requests.filter(({ method, path, body }) => method === 'POST' && `${path} ${body}`.includes('admin')),
      ).toEqual([]);
      const refused = [...(state.changes.get('act')?.values() ?? [])].filter(({ outcome }) => outcome === 'protected');
      expect(refused.length).toBe(uses === 'custom.end-sessions' ? 2 : 1);
      const whose = uses === 'custom.end-sessions' ? `of its owner, user ${admin}: ` : '';
      for (const { error } of refused) expect(error).toBe(`protected: ${whose}${why}`);
    }
    expect(clerk.openSessionsOf(admin)).toBe(2);
    expect([...clerk.users.values()].filter(({ banned }) => !banned).map(({ id }) => id)).toEqual([admin]);
    expect([...clerk.sessions.values()].filter(({ status }) => status === 'active').length).toBe(2);
  });
}

test('what cannot be read counts as protected, and the rest of the list goes on', async () => {
  const users = [clerk.addUser('a'), 'user_gone', clerk.addUser('b')];
  const { state } = await run('clerk.ban-users', users, { domains: ['shop.example'] });
  expect(clerk.users.get('user_b')?.banned).toBe(true);
  expect(state.steps.get('act')?.output).toMatchObject({ value: { banned: 2, failed: ['user_gone'] } });
});

test('the plan of an approval shows who is protected, and does not count them', async () => {
  const { users } = addCrowd();
  const { end, runId } = await run('clerk.ban-users', users, { domains: ['shop.example'] }, 'by: 1');
  expect(end.status).toBe('waiting');
  const [request] = ofType(await world.events(runId), 'approval.requested');
  expect(request?.data.counts).toEqual([{ verb: 'ban', kind: 'user', count: 199 }]);
  expect(request?.data.targets?.some(({ id }) => id === 'user_admin')).toBe(false);
  expect(request?.data.refused).toMatchObject([
    { kind: 'user', id: 'user_admin', error: 'protected: e-mail addresses at shop.example are protected' },
  ]);
  expect(clerk.sent('POST')).toEqual([]);
});

test('a revoke plans its users beside their sessions, so that a session begun later needs no new approval', async () => {
  const user = clerk.addUser('a', { sessions: 2 });
  const first = await run('clerk.revoke-sessions', [user], {}, 'by: 1');
  const [request] = ofType(await world.events(first.runId), 'approval.requested');
  expect(request?.data.counts).toEqual([
    { verb: 'revoke sessions of', kind: 'user', count: 1 },
    { verb: 'revoke', kind: 'session', count: 2 },
  ]);
  clerk.addSession(user, 'late');
  const { end } = await world.resume(first.runId, first.plan, {
    env: { CLERK_SECRET_KEY: SECRET_KEY, CLERK_API_URL: url },
    people: { ...nobody, approval: async () => ({ kind: 'given', actor: 'person:boss' }) },
  });
  expect(end.status).toBe('done');
  expect(clerk.openSessionsOf(user)).toBe(0);
  expect(ofType(await world.events(first.runId), 'approval.requested')).toHaveLength(1);
});
