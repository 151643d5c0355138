// Before a change is taken back its target is looked at; what cannot be, or must not be touched, is left and said.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Action, ChangeRefused, defineAction } from '../../engine/action.ts';
import { undoneLines, undoPlanLines, undoPlanOf } from '../../engine/cli/runs/undo-lines.ts';
import { nobody } from '../../engine/run/people.ts';
import { undoable } from '../../engine/run/undo.ts';
import { createPalette } from '../../engine/ui/palette.ts';
import { waitingFor } from '../../engine/ui/waiting.ts';
import { openWorld, playbook, type World } from './harness.ts';
import { flagService, reopen, Service, takeBack } from './undo-world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const use = (...actions: Action[]): void => {
  for (const action of actions) world.actions.set(action.name, action);
};
const BAN = playbook(
  '  - { id: ban, title: Ban, uses: test.ban, approval: { none: a test }, with: { users: "${{ inputs.users }}" } }\n',
  'inputs:\n  users: { type: array, items: { type: string } }\n',
);
const leftOf = async (runId: string, path = 'ban'): Promise<readonly unknown[]> => {
  const { changes } = await world.fold(runId);
  return [...(changes.get(path)?.values() ?? [])]
    .filter(({ left }) => left !== undefined)
    .map(({ id, leftWhy, left }) => [id, leftWhy, left]);
};
const rules = { limits: {}, protect: { ids: ['u2'], emails: [], domains: [], metadata: [] } };

test('who is protected since is left with that reason, and the others are taken back', async () => {
  const service = new Service(4);
  use(...service.actions());
  const { runId, plan } = await world.start(BAN, { inputs: { users: [...service.ids()] } });
  const { state } = await takeBack(world, runId, { plan, engine: { rules } });
  expect(state.undo).toBeNull();
  expect(service.snapshot()).toEqual({ u0: false, u1: false, u2: true, u3: false });
  expect(await leftOf(runId)).toEqual([['u2', 'protected', 'protected: its id is protected']]);
});

test('an inverse that a person says to leave in doubt as it is ends the undo, and its change is left', async () => {
  const sets: string[] = [];
  let isLost = false;
  const put = defineAction({
    name: 'test.put',
    title: 'Put',
    effect: 'change',
    idempotent: false,
    input: { type: 'object', properties: { to: { type: 'string' } }, required: ['to'], additionalProperties: false },
    output: {},
    run: async ({ to }, ctx) => {
      await ctx.change({ kind: 'value', id: 'a', verb: 'put', before: {}, after: { v: to } }, async () => {
        sets.push(to);
        if (isLost) throw new Error('lost');
      });
      return null as never;
    },
  });
  use(put);
  const { runId, plan } = await world.start(
    playbook('  - { id: put, title: P, uses: test.put, with: { to: y }, undo: { uses: test.put, with: { to: n } } }\n'),
  );
  isLost = true;
  const doubt = async () => ({ kind: 'skip', actor: 'person:ana', reason: 'leave it' }) as const;
  const { state } = await takeBack(world, runId, { plan, isUnchecked: true, engine: { people: { ...nobody, doubt } } });
  expect(state.undo).toBeNull();
  expect(await leftOf(runId, 'put')).toEqual([['a', 'skipped', expect.stringContaining('leave it')]]);
});

test('where an inverse fails in the middle, what it has taken back is said to be', async () => {
  const service = new Service(3);
  use(...service.actions(1));
  const { runId, plan } = await world.start(BAN, { inputs: { users: [...service.ids()] } });
  service.onCall = (_call, [id]) => {
    if (id === 'u0') throw new ChangeRefused('no');
  };
  const engine = { random: () => 0 };
  const { state } = await takeBack(world, runId, { plan, engine });
  expect([...state.stopped]).toEqual(['undo1/1']);
  expect([...(state.changes.get('ban')?.values() ?? [])].map(({ id, undone }) => [id, undone])).toEqual([
    ['u0', undefined],
    ['u1', 1],
    ['u2', 1],
  ]);
  const lines = undoneLines({ state, runId, chosen: null, irreversible: [] }).join('\n');
  expect(lines).toContain('Taken back:\n  ban 2 users');
  expect(lines).toContain('Not finished: 1 are still to be taken back');
  // An abort is no way out of it: it ends the run, not the undo.
  expect(waitingFor(plan, state, runId).flatMap(({ commands }) => commands)).toEqual([
    `runbook retry ${runId} undo1/1`,
    `runbook skip ${runId} undo1/1 --reason WHY`,
  ]);
  service.onCall = () => undefined;
  await reopen(world, runId, 'undo1/1');
  const again = await takeBack(world, runId, { plan, goesOn: true });
  expect(again.state.undo).toBeNull();
  expect(service.calls.filter((call) => call.startsWith('unban'))).toHaveLength(3);
}, 20_000);

test('what an undo had not sent when it was paused is looked at anew: somebody may have changed it', async () => {
  const service = new Service(4);
  use(...service.actions(1));
  const { runId, plan } = await world.start(BAN, { inputs: { users: [...service.ids()] } });
  const pause = new AbortController();
  service.onCall = () => pause.abort();
  const paused = await takeBack(world, runId, { plan, engine: { pause: pause.signal } });
  expect(paused.state.undo).not.toBeNull();
  const [unsent] = service.ids().filter((id) => service.banned.get(id) === true);
  service.onCall = () => undefined;
  // Unbanned and deleted, by somebody else.
  service.banned.delete(unsent ?? '');
  service.calls.length = 0;
  const { state } = await takeBack(world, runId, { plan, goesOn: true });
  expect(state.undo).toBeNull();
  expect(service.calls).not.toContain(`unban ${unsent}`);
  expect(await leftOf(runId)).toEqual([[unsent, 'gone', 'it no longer exists']]);
});

test('the plan tells what can be looked at first from what cannot, and both from what may not have happened', async () => {
  const service = new Service(2);
  const { set } = flagService();
  use(...service.actions(1), set);
  const flag =
    '{ id: flag, title: F, uses: test.set, with: { to: "on" }, undo: { uses: test.set, with: { to: "off" } } }';
  service.onCall = (_call, [id]) => {
    if (id === 'u1') throw new Error('hang up');
  };
  const lenient = BAN.replace(/ \}\n$/, ', onFailure: continue }\n');
  const { runId, state, plan } = await world.start(`${lenient}  - ${flag}\n`, {
    inputs: { users: [...service.ids()] },
  });
  const shown = undoPlanOf(undoable(state, plan, null), { plan, actions: world.actions, overwrites: false });
  const text = undoPlanLines({ runId, state }, shown, createPalette(false)).join('\n');
  expect(text).toMatch(/Would take back, newest first:\n {2}ban 1 user /);
  expect(text).toMatch(/Would look whether these happened, and take back those that did:\n {2}ban 1 user /);
  expect(text).toMatch(/taken back only with --unchecked:\n {2}set 1 flag /);
  const overwriting = undoPlanOf(undoable(state, plan, null), { plan, actions: world.actions, overwrites: true });
  expect(overwriting.uncheckable).toEqual([]);
});

test('what nothing can look at is not overwritten unasked', async () => {
  const { flag, set } = flagService();
  use(set);
  const { runId, plan } = await world.start(
    playbook(
      '  - { id: flag, title: F, uses: test.set, with: { to: "on" }, undo: { uses: test.set, with: { to: "off" } } }\n',
    ),
  );
  flag.value = 'blue, by somebody else';
  const { state } = await takeBack(world, runId, { plan });
  expect(flag.value).toBe('blue, by somebody else');
  expect(state.undo).toBeNull();
  expect(await leftOf(runId, 'flag')).toEqual([['beta', 'not-checkable', expect.stringContaining('--unchecked')]]);
  const told = undoneLines({ state, runId, chosen: null, irreversible: [] }).join('\n');
  expect(told).toContain(`runbook undo ${runId} --unchecked`);
  await takeBack(world, runId, { plan, isUnchecked: true });
  expect(flag.value).toBe('off');
});

/** Sets a key that looks like a secret, so that the journal does not keep it. */
function keeper(state: { key: string; owner: string }): Action {
  return defineAction({
    name: 'test.key',
    title: 'Key',
    effect: 'change',
    idempotent: true,
    isUndoable: true,
    describe: async (_kind, ids) => new Map(ids.map((id) => [id, { attributes: {}, state: { ...state } }])),
    input: { type: 'object', properties: { back: { type: 'string' } }, additionalProperties: false },
    output: {},
    run: async ({ back }, ctx) => {
      const after = { key: back ?? `sk_${'live'}_abcdefghijklmnopqrstuvwx`, owner: 'us' };
      const undo = { uses: 'test.key', with: { back: state.key } };
      await ctx.change({ kind: 'key', id: 'k', verb: 'set', after, undo }, async () => {
        Object.assign(state, after);
      });
      return null as never;
    },
  });
}

test('a value that the journal does not keep cannot be compared: no stranger is blamed for it', async () => {
  const state = { key: 'none', owner: 'nobody' };
  use(keeper(state));
  const { runId, plan } = await world.start(playbook('  - { id: key, title: K, uses: test.key }\n'));
  await takeBack(world, runId, { plan });
  expect(await leftOf(runId, 'key')).toEqual([['k', 'not-checkable', expect.stringContaining('nothing can look')]]);
  await takeBack(world, runId, { plan, isUnchecked: true });
  expect(state.key).toBe('none');
});

test('what is kept beside such a value still tells that somebody changed it', async () => {
  const state = { key: 'none', owner: 'nobody' };
  use(keeper(state));
  const { runId, plan } = await world.start(playbook('  - { id: key, title: K, uses: test.key }\n'));
  state.owner = 'them';
  await takeBack(world, runId, { plan, isUnchecked: true });
  expect(await leftOf(runId, 'key')).toEqual([['k', 'changed-since', expect.stringContaining('them')]]);
});

test('a batch that a person says was done by hand is taken back', async () => {
  const { flag, set } = flagService();
  use(set);
  const { runId, plan } = await world.start(
    playbook(
      '  - { id: flag, title: F, uses: test.set, with: { to: "on" }, undo: { uses: test.set, with: { to: "off" } } }\n',
    ),
  );
  flag.refuses = true;
  const failure = async () => ({ kind: 'done', actor: 'person:ana', reason: 'did it in the console' }) as const;
  const { state } = await takeBack(world, runId, {
    plan,
    isUnchecked: true,
    engine: { people: { ...nobody, failure } },
  });
  expect(state.undo).toBeNull();
  expect([...(state.changes.get('flag')?.values() ?? [])].map(({ undone }) => undone)).toEqual([1]);
});
