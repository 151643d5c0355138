// What the score takes from a real world: each thing left undone, judged by the world and not by who looked last.
import { expect, test } from 'vitest';
import { loadScenario } from '../../engine/drill/scenario.ts';
import { type RunFacts, type Score, scoreDrill } from '../../engine/drill/score.ts';
import type { DrillWorld } from '../../engine/drill/world.ts';
import { ask, must, scenarioWith, startTestWorld } from './helpers.ts';
import { appOf, call, startAppWorld, untilApp } from './services/app-world.ts';

const QUIET = { compromised: { count: 0 }, decoys: 0 };

function runIn({ startedAt }: DrillWorld): RunFacts {
  const times = { startedAt, endedAt: startedAt + 1000 };
  return { ...times, outcome: 'done', steps: 10, stepsSkipped: [], stepsNotReached: [], failedSteps: [] };
}

function topicsOf({ deductions }: Score): readonly string[] {
  return deductions.map(({ topic }) => topic);
}

test('one way in that was left of five costs less than all five', async () => {
  const world = await startTestWorld({
    scenario: scenarioWith({ credentials: { addedByAttacker: { emails: 3, externalAccounts: 2 } } }),
  });
  const { success } = scenarioWith();
  const facts = { ...world.facts(), concerned: [] };
  const all = must(facts.attackerCredentials);
  expect(all).toHaveLength(5);
  const [one] = all;
  expect(scoreDrill(facts, runIn(world), success).points).toBe(75);
  await ask(world, 'DELETE', `/v1/email_addresses/${must(all.find(({ kind }) => kind === 'email_address')).id}`);
  expect(world.facts()).toMatchObject({ attackerCredentialsEver: 5, attackerCredentials: { length: 4 } });
  const left = { ...facts, attackerCredentials: [must(one)] };
  expect(scoreDrill(left, runIn(world), success)).toMatchObject({
    points: 95,
    deductions: [{ reason: '1 of 5 ways to sign in that the attacker added are left' }],
  });
});

test('whoever takes a compromised user a way in that is their own touched them without need', async () => {
  const scenario = scenarioWith({ compromised: { count: 1 }, credentials: { addedByAttacker: { emails: 1 } } });
  const world = await startTestWorld({ scenario });
  const user = must(world.ground.compromised[0]);
  const { body } = await ask(world, 'GET', `/v1/users/${user}`);
  const { email_addresses: own } = body as { email_addresses: { id: string; email_address: string }[] };
  const { id, email_address: address } = must(own[0]);
  expect(await ask(world, 'DELETE', `/v1/email_addresses/${id}`)).toMatchObject({ status: 200 });
  const score = world.score(runIn(world));
  expect(score.collateral).toEqual([
    { user, role: 'compromised', effects: [`lost their own email_address ${address} (${id})`] },
  ]);
  expect(score.deductions.find(({ topic }) => topic === 'collateral')).toMatchObject({
    points: 10,
    reason: '1 compromised user lost what was their own before the attack',
  });
  const other = await startTestWorld({ scenario });
  const attackers = must(must(other.facts().attackerCredentials)[0]);
  expect(await ask(other, 'DELETE', `/v1/email_addresses/${attackers.id}`)).toMatchObject({ status: 200 });
  expect(other.score(runIn(other)).collateral).toEqual([]);
});

test('tokens of machines that a leaked key could make are to be revoked; without a leak they cost nothing', async () => {
  const world = await startTestWorld({ scenario: loadScenario('playbooks/drills/leaked-secret-key.yaml') });
  const score = world.score(runIn(world));
  expect(score.deductions.find(({ topic }) => topic === 'tokens')).toMatchObject({
    points: 25,
    evidence: ['15 of 15 tokens of machines'],
  });
  expect(score.left).toHaveProperty('tokens');
  const calm = await startTestWorld({
    scenario: scenarioWith({ ...QUIET, keys: { machines: 1, tokensPerMachine: 2 } }),
  });
  expect(topicsOf(calm.score(runIn(calm)))).toEqual([]);
});

test('an app that is broken costs points although nobody looked, and none once it is mended, although nobody looked again', async () => {
  const world = await startAppWorld({
    ...QUIET,
    app: { bad: { pages: 'failing' } },
    services: { vercel: { buildSeconds: 0, promoteSeconds: 0 } },
  });
  expect(world.score(runIn(world))).toMatchObject({ points: 60, left: { app: ['the deployment is broken'] } });
  expect((await fetch(`${world.appUrl}/api/health/clerk`)).status).toBe(500);
  const { VERCEL_API_URL: url, VERCEL_TOKEN: token, VERCEL_PROJECT_ID: project } = world.env;
  const { body } = await call(url, token, ['GET', `/v6/deployments?projectId=${project}`]);
  const { deployments } = body as { deployments: { uid: string }[] };
  await call(url, token, ['POST', `/v1/projects/${project}/rollback/${must(deployments.at(-1)).uid}`]);
  expect(appOf(world)).toMatchObject({ health: 'unhealthy', trouble: null, deployment: { code: 'good' } });
  expect(world.score(runIn(world))).toMatchObject({ points: 100, passed: true });
});

test.each([
  [{ CLERK_SECRET_KEY: null }, 'CLERK_SECRET_KEY is not set'],
  [{ CLERK_SECRET_KEY: 'sk_live_of_another_instance' }, 'Clerk refuses its CLERK_SECRET_KEY'],
  [{ CLERK_JWT_KEY: null }, 'CLERK_JWT_KEY is not set'],
  [{ CLERK_JWT_KEY: 'another' }, "CLERK_JWT_KEY is not the instance's"],
])('a deployment with %j is not well', async (variables, trouble) => {
  const world = await startAppWorld({ ...QUIET, app: { bad: { variables } }, services: { vercel: {} } });
  expect(world.score(runIn(world)).left).toEqual({ app: [trouble] });
});

test('wrong rows cost their share of those of the start: all of 1,000 more than the pass mark leaves', async () => {
  const world = await startAppWorld({ ...QUIET, users: 2000, app: { table: { missing: 1000 } } });
  expect(appOf(world).wrongRows).toEqual({ atStart: 1000, now: 1000 });
  expect(world.score(runIn(world))).toMatchObject({
    points: 75,
    deductions: [{ reason: "1000 rows of the app's user table disagree with Clerk, of 1000 at the start" }],
  });
});

test('a row whose message is under way costs nothing', async () => {
  const world = await startTestWorld({
    scenario: scenarioWith(
      { ...QUIET, app: { table: {} }, services: { webhooks: {} } },
      {
        faults: [{ match: { server: 'app', path: '/api/webhooks/clerk' }, kind: 'latency', latencyMs: 600 }],
        timeline: [{ at: '0s', do: [{ what: 'users.update' }, { what: 'users.sign-up', count: 1 }] }],
      },
    ),
  });
  await untilApp(world, ({ webhooks }) => webhooks.pending === 2);
  expect(appOf(world)).toMatchObject({ table: { missing: 1, stale: 1 }, wrongRows: { atStart: 0, now: 0 } });
  expect(world.score(runIn(world)).points).toBe(100);
  await untilApp(world, ({ webhooks }) => webhooks.pending === 0);
  expect(world.score(runIn(world)).points).toBe(100);
});

test('where nobody asks for the sessions to end, neither when they did nor what was claimed of it counts', async () => {
  const world = await startTestWorld({ scenario: scenarioWith({}, { success: { requires: ['exposed-key'] } }) });
  const run = { ...runIn(world), containedAt: world.startedAt + 500 };
  expect(topicsOf(world.score(run))).toEqual([]);
  const asked = await startTestWorld({ scenario: scenarioWith({}, { success: { requires: ['sessions'] } }) });
  expect(topicsOf(asked.score({ ...runIn(asked), containedAt: asked.startedAt + 500 }))).toEqual(['sessions', 'claim']);
});
