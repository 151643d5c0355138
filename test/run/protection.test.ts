// Protected targets as the ledger judges them, whatever the action says.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Action, Described, DescribedTargets, Target } from '../../engine/action.ts';
import type { JsonObject } from '../../engine/json.ts';
import { nobody } from '../../engine/run/people.ts';
import { judgeTargets } from '../../engine/run/protection.ts';
import type { ProtectRules } from '../../engine/run/rules.ts';
import { act, ofType, openWorld, playbook, type StartOptions, type World } from './harness.ts';

const NOTHING: ProtectRules = { ids: [], emails: [], domains: [], metadata: [] };
const ban = { kind: 'user', verb: 'ban', after: { banned: true } } as const;
const step = playbook(
  '  - { id: act, title: Act, uses: test.act, approval: { none: a test }, retry: { attempts: 2, delay: 1ms } }\n',
);

let world: World;
let sent: string[];
beforeEach(async () => {
  world = await openWorld();
  sent = [];
});
afterEach(() => world.close());

const rules = (protect: Partial<ProtectRules>): Pick<StartOptions, 'engine'> => ({
  engine: { rules: { limits: {}, protect: { ...NOTHING, ...protect } } },
});

/** Bans these; gives the outcome of each. */
function banning(targets: () => readonly Omit<Target, 'kind'>[], more: Partial<Action> = {}): void {
  world.actions.set(
    'test.act',
    act(async (ctx) => {
      const results = await ctx.changes({ ...ban, targets: targets() }, async ([target]) => {
        sent.push(target?.id ?? '');
        return undefined;
      });
      return results.map(({ id, outcome, error }) => [id, outcome, error ?? null]);
    }, more),
  );
}

const reader =
  (known: { readonly [id: string]: JsonObject | null }) =>
  async (kind: string, ids: readonly string[]): Promise<DescribedTargets> => {
    if (kind !== 'user') return new Map();
    const entries = ids
      .filter((id) => id in known)
      .map((id): [string, Described | null] => {
        const attributes = known[id] ?? null;
        return [id, attributes === null ? null : { attributes, state: {} }];
      });
    return new Map(entries);
  };

/** Why each is refused; null where it is not. */
async function judge(
  protect: Partial<ProtectRules>,
  targets: readonly Target[],
  describe: (kind: string, ids: readonly string[]) => Promise<DescribedTargets> = reader({}),
): Promise<(string | null)[]> {
  const options = { rules: { ...NOTHING, ...protect }, describe, stop: new AbortController().signal };
  const verdicts = await judgeTargets(options, targets);
  return targets.map(({ id }) => verdicts.get(id) ?? null);
}
const user = (id: string, more: Partial<Target> = {}): Target => ({ kind: 'user', id, ...more });

test.for<[string, JsonObject, Partial<ProtectRules>, boolean]>([
  ['an address in capitals', { emails: ['CEO@Shop.example'] }, { emails: ['ceo@shop.example'] }, true],
  ['a single address', { email: 'ceo@shop.example' }, { emails: ['ceo@shop.example'] }, true],
  ['any of several addresses', { emails: ['a@b.c', 'x@shop.example'] }, { domains: ['shop.example'] }, true],
  ['a domain that only ends alike', { emails: ['x@myshop.example'] }, { domains: ['shop.example'] }, false],
  ['an address elsewhere', { emails: ['x@example.com'] }, { domains: ['shop.example'] }, false],
  ['a nested value', { meta: { role: 'admin' } }, { metadata: [{ path: 'meta.role', equals: 'admin' }] }, true],
  ['another value', { meta: { role: 'user' } }, { metadata: [{ path: 'meta.role', equals: 'admin' }] }, false],
  ['a list that holds it', { roles: ['user', 'admin'] }, { metadata: [{ path: 'roles', equals: 'admin' }] }, true],
  ['a value of another type', { staff: 'true' }, { metadata: [{ path: 'staff', equals: true }] }, false],
  ['an object', { plan: { a: 1, b: 2 } }, { metadata: [{ path: 'plan', equals: { b: 2, a: 1 } }] }, true],
  ['a path that is not there', {}, { metadata: [{ path: 'constructor.name', equals: 'Object' }] }, false],
])('%s is judged by its attributes', async ([, attributes, protect, isProtected]) => {
  const [verdict] = await judge(protect, [user('ana')], reader({ ana: attributes }));
  expect(verdict !== null).toBe(isProtected);
});

test('without rules nothing is read', async () => {
  const describe = async (): Promise<DescribedTargets> => {
    throw new Error('read');
  };
  expect(await judge({}, [user('ana')], describe)).toEqual([null]);
});

test('where attributes matter, a target that nothing can be read of counts as protected, and says why', async () => {
  const protect = { domains: ['shop.example'] };
  const unknown = 'protected: its attributes are not known, so it counts as protected';
  expect(await judge(protect, [user('ana')], async () => new Map())).toEqual([
    `${unknown} (nothing reads attributes of this user)`,
  ]);
  expect(await judge(protect, [user('ana')], reader({ ana: null }))).toEqual([expect.stringContaining(unknown)]);
  const failing = async (): Promise<DescribedTargets> => {
    throw new Error('503');
  };
  expect(await judge(protect, [user('ana')], failing)).toEqual([`${unknown} (reading them failed: 503)`]);
});

test('with ids alone, what cannot be read is judged by its id', async () => {
  const failing = async (): Promise<DescribedTargets> => {
    throw new Error('503');
  };
  expect(await judge({ ids: ['bob'] }, [user('ana'), user('bob')], failing)).toEqual([
    null,
    'protected: its id is protected',
  ]);
});

test('a target is as protected as everybody it belongs to', async () => {
  const session = (id: string, owner: Target): Target => ({ kind: 'session', id, owner, attributes: {} });
  const verdicts = await judge(
    { metadata: [{ path: 'role', equals: 'admin' }] },
    [session('s1', user('ana')), session('s2', user('root')), session('s3', user('gone'))],
    reader({ ana: { role: 'user' }, root: { role: 'admin' } }),
  );
  expect(verdicts).toEqual([
    null,
    'protected: of its owner, user root: role is "admin"',
    expect.stringMatching(/^protected: of its owner, user gone: its attributes are not known/),
  ]);
});

test('owners that go round in a circle end as protected', async () => {
  const circle = async (kind: string, ids: readonly string[]): Promise<DescribedTargets> =>
    new Map(ids.map((id) => [id, { attributes: {}, state: {}, owner: { kind, id: `${id}+` } }]));
  expect(await judge({ domains: ['shop.example'] }, [user('ana')], circle)).toEqual([
    expect.stringContaining('it has more than 8 owners'),
  ]);
});

test('an action cannot clear its own target, and can protect it', async () => {
  const describe = reader({ root: { email: 'root@shop.example' }, ana: { email: 'ana@example.com' } });
  const cleared = user('root', { attributes: { email: 'nobody@example.com' } });
  const held = user('ana', { attributes: { email: 'ana@shop.example' } });
  const verdicts = await judge({ domains: ['shop.example'] }, [cleared, held], describe);
  expect(verdicts).toEqual(Array(2).fill('protected: e-mail addresses at shop.example are protected'));
});

test('each kind is read in one go a level', async () => {
  const asked: [string, number][] = [];
  const describe = async (kind: string, ids: readonly string[]): Promise<DescribedTargets> => {
    asked.push([kind, ids.length]);
    return new Map(ids.map((id) => [id, { attributes: {}, state: {} }]));
  };
  const targets = Array.from(
    { length: 300 },
    (_, n): Target => ({ kind: 'session', id: `s${n}`, owner: user(`u${n % 7}`) }),
  );
  await judge({ emails: ['a@b.c'] }, targets, describe);
  expect(asked).toEqual([
    ['session', 300],
    ['user', 7],
  ]);
});

test('a protected target is refused before the call, recorded, and the rest goes on', async () => {
  banning(() => [{ id: 'ana' }, { id: 'root' }, { id: 'bob' }]);
  const { end, runId, state } = await world.start(step, rules({ ids: ['root'] }));
  expect([end.status, sent]).toEqual(['done', ['ana', 'bob']]);
  expect(state.steps.get('act')?.output).toEqual({
    value: [
      ['ana', 'done', null],
      ['root', 'protected', 'protected: its id is protected'],
      ['bob', 'done', null],
    ],
  });
  const settled = ofType(await world.events(runId), 'change.settled').flatMap(({ data }) => data.results);
  expect(settled.find(({ id }) => id === 'root')).toEqual({
    id: 'root',
    outcome: 'protected',
    error: 'protected: its id is protected',
  });
});

test('an action without a reader changes nothing where attributes matter', async () => {
  banning(() => [{ id: 'ana', attributes: { email: 'ana@example.com' } }]);
  const { state } = await world.start(step, rules({ domains: ['shop.example'] }));
  expect(sent).toEqual([]);
  expect(state.changes.get('act')?.values().next().value?.outcome).toBe('protected');
});

test('a retry judges anew what was protected, and says once what stays so', async () => {
  let attempt = 0;
  const describe = async (_kind: string, ids: readonly string[]): Promise<DescribedTargets> => {
    if (attempt === 1) throw new Error('503');
    return new Map(ids.map((id) => [id, { attributes: {}, state: {} }]));
  };
  world.actions.set(
    'test.act',
    act(
      async (ctx) => {
        attempt += 1;
        const results = await ctx.changes({ ...ban, targets: [{ id: 'ana' }, { id: 'root' }] }, async ([target]) => {
          sent.push(target?.id ?? '');
          return undefined;
        });
        if (results[0]?.outcome === 'protected') throw new Error('again');
      },
      { describe },
    ),
  );
  const { end, runId } = await world.start(step, rules({ ids: ['root'], domains: ['shop.example'] }));
  expect([end.status, sent]).toEqual(['done', ['ana']]);
  const settled = ofType(await world.events(runId), 'change.settled').flatMap(({ data }) => data.results);
  expect(settled.filter(({ id }) => id === 'root')).toHaveLength(1);
});

test('what was sent before it was protected is not forgotten, and not sent again', async () => {
  let attempt = 0;
  world.actions.set(
    'test.act',
    act(async (ctx) => {
      attempt += 1;
      const { outcome } = await ctx.change({ ...ban, id: 'root' }, async () => {
        sent.push('root');
        throw new Error('socket hang up');
      });
      if (outcome !== 'done') throw new Error('again');
    }),
  );
  const once = playbook('  - { id: act, title: Act, uses: test.act, approval: { none: a test } }\n');
  const first = await world.start(once);
  expect(first.end.status).toBe('failed');
  let asked = false;
  const retried = await world.resume(first.runId, first.plan, {
    ...rules({ ids: ['root'] }),
    people: {
      ...nobody,
      failure: async () => {
        if (asked) return { kind: 'later' };
        asked = true;
        return { kind: 'retry', actor: 'person:ana', reason: 'again' };
      },
    },
  });
  expect([retried.end.status, sent, attempt]).toEqual(['waiting', ['root'], 2]);
  expect(retried.state.changes.get('act')?.values().next().value?.outcome).toBe('unknown');
});

test('a kind that nothing reads is judged by ids alone, unless the rules are about it', async () => {
  const node = { kind: 'node', id: 'web-1' };
  expect(await judge({ domains: ['shop.example'] }, [node])).toEqual([null]);
  expect(await judge({ domains: ['shop.example'], ids: ['web-1'] }, [node])).toEqual([
    expect.stringContaining('its id is protected'),
  ]);
  expect(await judge({ domains: ['shop.example'], kinds: ['node'] }, [node])).toEqual([
    expect.stringContaining('nothing reads attributes of this node'),
  ]);
  const failing = async (): Promise<DescribedTargets> => {
    throw new Error('no answer');
  };
  expect(await judge({ domains: ['shop.example'] }, [node], failing)).toEqual([
    expect.stringContaining('reading them failed: no answer'),
  ]);
});

test('a user, and a kind that the rules name, is read whatever owner and attributes the action gives of it', async () => {
  const acme = { kind: 'org', id: 'acme' };
  const describe = async (_kind: string, ids: readonly string[]): Promise<DescribedTargets> =>
    new Map(ids.map((id) => [id, { attributes: id === 'acme' ? {} : { email: `${id}@shop.example` }, state: {} }]));
  const targets = [
    user('root', { owner: acme, attributes: { plan: 'pro' } }),
    { kind: 'account', id: 'till', owner: acme, attributes: {} },
    { kind: 'session', id: 's1', owner: user('root', { owner: acme, attributes: {} }), attributes: {} },
  ];
  const protect = { emails: ['root@shop.example', 'till@shop.example'], kinds: ['account'] };
  expect(await judge(protect, targets, describe)).toEqual([
    'protected: its e-mail address is protected',
    'protected: its e-mail address is protected',
    'protected: of its owner, user root: its e-mail address is protected',
  ]);
});

test('a protected user is not touched because an action puts an organisation and attributes beside it', async () => {
  const describe = reader({ root: { email: 'root@shop.example' } });
  banning(() => [{ id: 'root', owner: { kind: 'org', id: 'acme' }, attributes: { plan: 'pro' } }], { describe });
  const { state } = await world.start(step, rules({ emails: ['root@shop.example'] }));
  expect(sent).toEqual([]);
  expect(state.changes.get('act')?.values().next().value?.outcome).toBe('protected');
});

test.for<[string, Partial<ProtectRules>]>([
  ['an id', { ids: ['root'] }],
  ['an address', { emails: ['root@shop.example'] }],
])('where the action and the reader name different owners, both are judged, by %s', async ([, protect]) => {
  const describe = async (kind: string, ids: readonly string[]): Promise<DescribedTargets> =>
    new Map(
      ids.map((id) => [
        id,
        {
          attributes: kind === 'user' ? { email: `${id}@shop.example` } : {},
          state: {},
          ...(id === 's1' ? { owner: user('root') } : id === 's2' ? { owner: user('ana') } : {}),
        },
      ]),
    );
  const targets = [
    { kind: 'session', id: 's1', owner: user('bob') },
    { kind: 'session', id: 's2', owner: user('root') },
    { kind: 'session', id: 's2b', owner: user('bob') },
  ];
  expect(await judge(protect, targets, describe)).toEqual([
    expect.stringMatching(/^protected: of its owner, user root/),
    expect.stringMatching(/^protected: of its owner, user root/),
    null,
  ]);
});
