// A plan changes nothing: every built-in action against the drill's world, and actions of a team's own that try to cheat.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as plainRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { builtInActions } from '../../actions/index.ts';
import { type Action, type ActionContext, messageOf } from '../../engine/action.ts';
import { type DrillWorld, startWorld } from '../../engine/drill/world.ts';
import { installGate } from '../../engine/run/gate.ts';
import { SAMPLES } from '../actions/clerk/sample-runs.ts';
import { ownTemplates } from '../actions/notify/setup.ts';
import { ask, scenarioWith } from '../drill/helpers.ts';
import { act, byPath, dryRun, playbook, reader } from './preview/dry-run.ts';

let removeGate: () => void;
beforeAll(() => {
  removeGate = installGate();
});
afterAll(() => removeGate());

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runbook-plan-safety-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A step of each built-in action that would do the most harm it can. */
function stepsAgainst(world: DrillWorld): { readonly [action: string]: readonly string[] } {
  const users = JSON.stringify(world.ground.compromised);
  const banned = JSON.stringify(
    world
      .facts()
      .concerned.filter((one) => one.banned)
      .map(({ id }) => id),
  );
  const authorization = `{ authorization: "Bearer \${{ secrets.CLERK_SECRET_KEY }}" }`;
  const change = 'effect: change, target: { kind: service, id: clerk }, approval: {}';
  const api = `${world.apiUrl}/v1`;
  const first = world.ground.compromised[0] ?? '';
  return {
    'clerk.ban-users': [`approval: {}, with: { users: ${users} }`],
    'clerk.unban-users': [`with: { users: ${banned} }`],
    'clerk.revoke-sessions': [`approval: {}, with: { users: ${users} }`],
    'clerk.find-suspicious-sessions': ['with: { ips: ["198.51.100.0/24"] }'],
    'clerk.count-active-sessions': [`with: { users: ${users} }`],
    'clerk.list-users': ['with: { banned: false }'],
    'clerk.find-added-credentials': [`with: { users: ${users}, since: "2020-01-01T00:00:00Z" }`],
    'clerk.export-access-log': [`with: { users: ${users} }`],
    'clerk.token-lifetimes': [''],
    'clerk.check-key': ['with: { current: "${{ secrets.CLERK_SECRET_KEY }}" }'],
    'clerk.probe-api': [''],
    'clerk.status': [''],
    'env.check': ['with: { variables: [{ name: CLERK_SECRET_KEY }] }'],
    'http.probe': [`with: { url: "${world.statusUrl}" }`],
    'outage.verdict': ['with: { api: { state: up } }'],
    'http.request': [
      `effect: read, with: { url: "${api}/users/count", headers: ${authorization} }`,
      `${change}, with: { url: "${api}/users/ban", method: POST, headers: ${authorization}, json: { user_ids: ${users} } }`,
      `${change}, with: { url: "${api}/users/${first}", method: PATCH, headers: ${authorization}, json: { first_name: X } }`,
      `${change}, with: { url: "${api}/users/${first}", method: DELETE, headers: ${authorization} }`,
    ],
    'notify.email': ['with: { title: T, to: [ana@example.com], from: oncall@example.com }'],
    'notify.pagerduty': ['with: { title: T }'],
    'notify.slack': ['with: { title: T }'],
    'notify.statuspage': ['with: { title: T }'],
    'notify.webhook': [`with: { title: T, url: "${world.env?.SLACK_WEBHOOK_URL ?? 'http://127.0.0.1'}" }`],
    'shell.run': [
      `${change}, with: { command: [touch, "${folder}/made"] }`,
      `effect: read, with: { command: [cat, "${folder}/kept"] }`,
    ],
    wait: ['with: { for: 1h }'],
  };
}

test('every built-in action has its place in the next test, or among the samples of those that change Clerk', () => {
  const world = { ground: { compromised: [] }, facts: () => ({ concerned: [] }) } as unknown as DrillWorld;
  const placed = new Set([...Object.keys(stepsAgainst(world)), ...Object.keys(SAMPLES)]);
  expect([...placed].sort()).toEqual(builtInActions.map(({ name }) => name).sort());
});

test('a plan with every built-in action leaves the world as it was, byte for byte', async () => {
  writeFileSync(join(folder, 'kept'), 'kept');
  const stateFile = join(folder, 'world.jsonl');
  const services = { slack: {}, pagerduty: {}, smtp: {}, statuspage: {} };
  const world = await startWorld({ scenario: scenarioWith({ services }), stateFile });
  try {
    const before = { file: readFileSync(stateFile), facts: world.facts() };
    const steps = Object.entries(stepsAgainst(world)).flatMap(([uses, variants]) =>
      variants.map((more, index) => {
        const id = `${uses.replaceAll(/[.-]/g, '_')}_${index}`;
        return `  - { id: ${id}, title: ${id}, uses: ${uses}${more === '' ? '' : `, ${more}`} }\n`;
      }),
    );
    const result = await dryRun(playbook(steps.join(''), 'requires: { secrets: [CLERK_SECRET_KEY] }\n'), {
      actions: builtInActions,
      env: { PATH: process.env.PATH ?? '', ...world.env },
      templateSource: ownTemplates,
      drill: { scenario: 'test', seed: 7, worldFile: 'none', isUnattended: true },
    });
    const failed = [...byPath(result).values()].filter(({ verdict }) => verdict !== 'runs');
    expect(failed.map(({ path, why }) => `${path}: ${why}`)).toEqual([]);
    // Something would have changed, by each of the actions that can.
    const changing = [...byPath(result).values()].filter(({ action }) => action?.effect !== 'read');
    expect(changing).toHaveLength(12);
    for (const { path, action } of changing)
      expect([path, action?.changes.map(({ outcome }) => outcome)]).toEqual([
        path,
        expect.arrayContaining(['planned']),
      ]);
    expect(world.changeRequests()).toEqual([]);
    expect(readFileSync(stateFile).equals(before.file)).toBe(true);
    expect(world.facts()).toEqual(before.facts);
    expect(existsSync(join(folder, 'made'))).toBe(false);
    // The same comparison sees a change that is made.
    expect((await ask(world, 'POST', `/v1/users/${world.ground.compromised.at(-1)}/ban`)).status).toBe(200);
    expect(readFileSync(stateFile).equals(before.file)).toBe(false);
  } finally {
    await world.stop();
  }
});

interface Site {
  readonly url: string;
  readonly received: string[];
}

let site: Site;
let server: Server;
beforeEach(async () => {
  const received: string[] = [];
  server = createServer((request, response) => {
    received.push(`${request.method} ${request.url}`);
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  site = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

const thing = { kind: 'thing', id: 't1', verb: 'set', after: { set: true } };

async function planOf(action: Action): Promise<{ readonly verdict: string | undefined; readonly why: string }> {
  const result = await dryRun(playbook(`  - { id: cheat, title: Cheat, uses: ${action.name} }\n`), {
    actions: [action],
    env: { PATH: process.env.PATH ?? '' },
  });
  const step = byPath(result).get('cheat');
  return { verdict: step?.verdict, why: step?.why ?? '' };
}

type Cheat = (ctx: ActionContext, url: string) => Promise<unknown>;

test.for<[string, Cheat]>([
  ['sends a POST outside a change', (ctx, url) => ctx.fetch(url, { method: 'POST' })],
  ['sends a POST by the global fetch', (_ctx, url) => fetch(url, { method: 'POST' })],
  ['sends a DELETE as a Request', (_ctx, url) => fetch(new Request(url, { method: 'DELETE' }))],
  ['swallows the refusal', (ctx, url) => ctx.fetch(url, { method: 'PUT' }).catch(() => 'fine')],
  [
    'sends a POST after planning a change',
    async (ctx, url) => {
      await ctx.change(thing, async () => 1);
      await ctx.fetch(url, { method: 'POST' });
    },
  ],
  [
    'sends a POST beside a change that is planned',
    (ctx, url) => Promise.all([ctx.change(thing, async () => 1), ctx.fetch(url, { method: 'POST' })]),
  ],
])('an action that %s is refused in a plan', async ([, cheat]) => {
  const { verdict, why } = await planOf(act((ctx) => cheat(ctx, site.url)));
  expect(verdict).toBe('fails');
  expect(why).toContain('was not sent');
  expect(site.received).toEqual([]);
});

test.for<[string, Cheat]>([
  ['ctx.change', (ctx, url) => ctx.change(thing, () => ctx.fetch(url, { method: 'POST' }))],
  [
    'ctx.changes',
    (ctx, url) =>
      ctx.changes({ ...thing, targets: [{ id: 'a' }, { id: 'b' }] }, async () => {
        await fetch(url, { method: 'POST' });
        return undefined;
      }),
  ],
  ['ctx.exec inside a change', (ctx) => ctx.change(thing, () => ctx.exec('touch', [join(folder, 'made')]))],
])('what stands in the callback of a change never runs in a plan: %s', async ([, cheat]) => {
  const { verdict } = await planOf(act((ctx) => cheat(ctx, site.url)));
  expect(verdict).toBe('runs');
  expect(site.received).toEqual([]);
  expect(existsSync(join(folder, 'made'))).toBe(false);
});

test('an action that goes on after its end is refused', async () => {
  const over = Promise.withResolvers<void>();
  const late = Promise.withResolvers<string>();
  const action = act(async (ctx) => {
    void over.promise.then(() =>
      ctx.fetch(site.url, { method: 'POST' }).then(
        () => late.resolve('sent'),
        (error: unknown) => late.resolve(messageOf(error)),
      ),
    );
    return 1;
  });
  await planOf(action);
  over.resolve();
  expect(await late.promise).toContain('its step has ended');
  expect(site.received).toEqual([]);
});

test('a process outside a change is refused to an action that is no read', async () => {
  const { verdict, why } = await planOf(act((ctx) => ctx.exec('touch', [join(folder, 'made')])));
  expect(verdict).toBe('fails');
  expect(why).toContain('E_GATE_EXEC');
  expect(existsSync(join(folder, 'made'))).toBe(false);
});

test('an action that says it reads is refused a change, and a POST that it does not declare', async () => {
  const changing = reader('test.liar', async (ctx) => {
    await ctx.change(thing, async () => 1);
    return {};
  });
  expect((await planOf(changing)).why).toContain('E_ACTION_EFFECT');
  const posting = reader('test.liar', async (ctx) => {
    await ctx.fetch(site.url, { method: 'POST' });
    return {};
  });
  expect((await planOf(posting)).why).toContain('was not sent');
  expect(site.received).toEqual([]);
});

test('a reader of earlier states that sends a POST is refused', async () => {
  const action = act((ctx) => ctx.change(thing, async () => 1), {
    describe: async (_kind, _ids, ctx) => {
      await ctx.fetch(site.url, { method: 'POST' });
      return new Map();
    },
  });
  expect((await planOf(action)).why).toContain('was not sent');
  expect(site.received).toEqual([]);
});

test('a POST that is declared as a read leaves, and the plan shows its reason', async () => {
  const reads = [{ method: 'POST', path: '/search', reason: 'Searches only' }];
  const action: Action = {
    ...reader('test.search', async (ctx) => {
      await ctx.fetch(`${site.url}/search`, { method: 'POST' });
      return { users: [], count: 0 };
    }),
    reads,
  };
  const result = await dryRun(playbook('  - { id: search, title: Search, uses: test.search }\n'), {
    actions: [action],
  });
  expect(byPath(result).get('search')?.action?.reads).toEqual(reads);
  expect(site.received).toEqual(['POST /search']);
});

// What is not enforced: see "Security model" in ARCHITECTURE.md.
test.for<[string, Action['effect'], Cheat]>([
  [
    'a GET, which may change something on a server that breaks the rules',
    'change',
    (ctx, url) => ctx.fetch(`${url}/delete?id=1`),
  ],
  [
    'a POST by node:http',
    'change',
    (_ctx, url) =>
      new Promise((resolve, reject) => {
        plainRequest(`${url}/delete`, { method: 'POST' }, (response) => resolve(response.resume()))
          .on('error', reject)
          .end();
      }),
  ],
])('not enforced: %s leaves', async ([, effect, cheat]) => {
  await planOf(
    act(
      async (ctx) => {
        await cheat(ctx, site.url);
        return 1;
      },
      { effect },
    ),
  );
  expect(site.received).toHaveLength(1);
});

test('not enforced: a process of an action that says it reads runs, whatever it does', async () => {
  const action = act(
    async (ctx) => {
      await ctx.exec('touch', [join(folder, 'made')]);
      return 1;
    },
    { effect: 'read' },
  );
  expect((await planOf(action)).verdict).toBe('runs');
  expect(existsSync(join(folder, 'made'))).toBe(true);
});
