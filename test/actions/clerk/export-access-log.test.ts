import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import exportAccessLog from '../../../actions/clerk/export-access-log.ts';
import { PermanentFailure } from '../../../engine/action.ts';
import { startClerk } from './setup.ts';

test('keeps every session of the users, whatever its status and over all pages, and of nobody else', async () => {
  const { clerk, run } = await startClerk();
  const user = clerk.addUser('a', { sessions: 520 });
  clerk.addSession(user, 'old', { status: 'ended', country: 'Norway', city: 'Oslo', ip: '192.0.2.7' });
  clerk.addUser('other', { sessions: 3 });
  const exporting = run();
  const output = await exporting.run(exportAccessLog, { users: [user, user] });
  expect(output).toEqual({ file: 'access-log.csv', users: 1, sessions: 521, events: 0, unreadable: 0, failed: [] });
  const lines = exporting.artifacts.get('access-log.csv')?.trimEnd().split('\r\n') ?? [];
  expect(lines[0]).toBe('source,time,user,session,event,created,ip,city,country,device,browser,actor');
  expect(lines).toHaveLength(522);
  expect(lines.filter((line) => line.includes('sess_old'))).toEqual([
    'session,2026-11-24T03:00:00.000Z,user_a,sess_old,ended,1970-01-01T00:00:00.001Z,192.0.2.7,Oslo,Norway,,,',
  ]);
});

test('adds the stored webhook events of those users, each whole as NDJSON, and counts what is no event', async () => {
  const { clerk, run } = await startClerk();
  const user = clerk.addUser('a', { sessions: 1 });
  const mine = {
    type: 'session.created',
    timestamp: 1_700_000_000_000,
    data: { id: 'sess_9', user_id: user, extra: 1 },
  };
  const updated = { type: 'user.updated', data: { id: user, updated_at: 1_700_000_001_000 } };
  const theirs = { type: 'session.created', data: { id: 'sess_8', user_id: 'user_other' } };
  const file = eventsFile([mine, updated, theirs].map((event) => JSON.stringify(event)).concat('', 'no json', '[1]'));
  const exporting = run();
  const output = await exporting.run(exportAccessLog, { users: [user], format: 'ndjson', webhookEvents: file });
  expect(output).toMatchObject({ file: 'access-log.ndjson', sessions: 1, events: 2, unreadable: 2 });
  const rows = (exporting.artifacts.get('access-log.ndjson') ?? '')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  expect(rows.slice(1)).toEqual([
    {
      source: 'webhook',
      time: '2023-11-14T22:13:20.000Z',
      user,
      session: 'sess_9',
      event: 'session.created',
      raw: mine,
    },
    { source: 'webhook', time: '2023-11-14T22:13:21.000Z', user, event: 'user.updated', raw: updated },
  ]);
  expect(exporting.logs).toEqual([expect.stringContaining('2 lines')]);
});

test('takes events that concern a user as a member, a founder, an impersonator or a payer, and not by mere metadata', async () => {
  const { clerk, run } = await startClerk();
  const user = clerk.addUser('a');
  const events = [
    [
      'organizationMembership.created',
      { id: 'orgmem_1', organization: { created_by: 'user_z' }, public_user_data: { user_id: user } },
    ],
    ['organization.created', { id: 'org_2', created_by: user }],
    ['session.created', { id: 'sess_1', user_id: 'user_z', actor: { sub: user } }],
    ['paymentAttempt.updated', { id: 'pay_1', payer: { user_id: user } }],
    ['user.updated', { id: 'user_z', unsafe_metadata: { friend: user } }],
    ['organization.created', { id: 'org_3', created_by: 'user_z' }],
  ].map(([type, data]) => JSON.stringify({ type, data }));
  const exporting = run();
  const input = { users: [user], format: 'ndjson', webhookEvents: eventsFile(events) };
  expect(await exporting.run(exportAccessLog, input)).toMatchObject({ events: 4, unreadable: 0 });
  const rows = (exporting.artifacts.get('access-log.ndjson') ?? '').trimEnd().split('\n');
  expect(rows.map((row) => [JSON.parse(row).event, JSON.parse(row).user])).toEqual([
    ['organizationMembership.created', user],
    ['organization.created', user],
    ['session.created', user],
    ['paymentAttempt.updated', user],
  ]);
});

test.for([403, 404])(
  'a user whose sessions Clerk refuses to list (%s) is named, and the others are kept',
  async (status) => {
    const { clerk, run } = await startClerk();
    const users = ['a', 'b', 'c'].map((name) => clerk.addUser(name, { sessions: 2 }));
    clerk.fault = ({ query }) => (query.get('user_id') === 'user_b' ? { status } : undefined);
    const exporting = run();
    const output = await exporting.run(exportAccessLog, { users });
    expect(output).toMatchObject({ users: 3, sessions: 4, failed: ['user_b'] });
    expect(exporting.logs).toEqual([expect.stringMatching(new RegExp(`sessions of user_b are not.*${status}`))]);
    expect(exporting.artifacts.get('access-log.csv')).toContain('user_c');
  },
);

test('a text that a client says of itself is no formula and no second column in the CSV', async () => {
  const { clerk, run } = await startClerk();
  const user = clerk.addUser('a');
  clerk.addSession(user, 'x', { country: '=HYPERLINK("http://x")', city: 'Oslo, "old"' });
  const exporting = run();
  await exporting.run(exportAccessLog, { users: [user] });
  expect(exporting.artifacts.get('access-log.csv')).toContain(`,"Oslo, ""old""","'=HYPERLINK(""http://x"")",,,`);
});

test('refuses a file that is not there before any call, for good', async () => {
  const { clerk, run } = await startClerk();
  const attempt = run().run(exportAccessLog, { users: [clerk.addUser('a')], webhookEvents: '/nowhere/events.ndjson' });
  await expect(attempt).rejects.toBeInstanceOf(PermanentFailure);
  expect(clerk.requests).toEqual([]);
});

test('keeps nothing where Clerk refuses, and nothing in a plan', async () => {
  const { clerk, run } = await startClerk();
  const user = clerk.addUser('a', { sessions: 2 });
  const planning = run({ planning: true });
  expect(await planning.run(exportAccessLog, { users: [user] })).toMatchObject({ sessions: 2 });
  expect(planning.artifacts.size).toBe(0);
  clerk.fault = () => ({ status: 403 });
  const failing = run();
  await expect(failing.run(exportAccessLog, { users: [user] })).rejects.toThrow(/403/);
  expect(failing.artifacts.size).toBe(0);
});

test('a user without a session leaves the columns alone', async () => {
  const { clerk, run } = await startClerk();
  const exporting = run();
  await exporting.run(exportAccessLog, { users: [clerk.addUser('a')] });
  expect(exporting.artifacts.get('access-log.csv')).toMatch(/^source,[a-z,]+\r\n$/);
});

function eventsFile(lines: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'events-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'events.ndjson');
  writeFileSync(file, lines.join('\n'));
  return file;
}
