// Undo of changes that nobody knows the outcome of: looked at first, and then taken back, or known not to have happened.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Action, defineAction } from '../../engine/action.ts';
import { nobody, type People } from '../../engine/run/people.ts';
import { undoable } from '../../engine/run/undo.ts';
import { ofType, openWorld, playbook, type World } from './harness.ts';
import { dyingJournal, Service, takeBack } from './undo-world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const use = (...actions: Action[]): void => {
  for (const action of actions) world.actions.set(action.name, action);
};
const outcomes = async (runId: string, path = 'ban'): Promise<Record<string, string>> => {
  const { changes } = await world.fold(runId);
  const all = [...(changes.get(path)?.values() ?? [])];
  return Object.fromEntries(
    all.map(({ id, outcome, error, undone, left }) => [
      id,
      [outcome, error, undone === undefined ? undefined : 'undone', left].filter(Boolean).join(': '),
    ]),
  );
};
const BAN = playbook(
  '  - { id: ban, title: Ban, uses: test.ban, approval: { none: a test }, with: { users: [u0, u1, u2, u3] } }\n',
);

/** Killed when two of four batches have taken effect and only one outcome is written; three were intended. */
async function killedInTheMiddle(service: Service): Promise<string> {
  use(...service.actions(1));
  let settled = 0;
  const journal = dyingJournal(world.journal, (drafts) => {
    if (drafts.some(({ type }) => type === 'change.settled')) settled += 1;
    return settled > 1;
  });
  await expect(world.start(BAN, { journal })).rejects.toThrow('killed');
  return (await world.journal.runs())[0]?.id ?? '';
}

test('what was intended when its process was killed is looked at: what happened is taken back, the rest did not happen', async () => {
  const service = new Service(4);
  const runId = await killedInTheMiddle(service);
  expect(service.snapshot()).toEqual({ u0: true, u1: true, u2: false, u3: false });
  const plan = world.compile(BAN);
  expect(undoable(await world.fold(runId), plan, null).reversible.map(({ id }) => id)).toContain('u1');
  const { state } = await takeBack(world, runId, { plan });
  expect(state.undo).toBeNull();
  expect(service.snapshot()).toEqual({ u0: false, u1: false, u2: false, u3: false });
  const known = await outcomes(runId);
  expect(known).toMatchObject({ u0: 'done: undone', u1: 'done: undone' });
  for (const outcome of [known.u2, known.u3].filter(Boolean)) expect(outcome).toMatch(/^failed: /);
  const sent = service.calls.filter((call) => call.startsWith('unban')).sort();
  expect(sent).toEqual(['unban u0', 'unban u1']);
});

/** A bypass that is opened, and whose answer is lost; `reads`: the action that closes it can be asked how it stands. */
function bypass(reads: boolean): {
  readonly door: { isOpen: boolean };
  readonly opens: Action;
  readonly closes: Action;
} {
  const door = { isOpen: false };
  const input = { type: 'object', properties: {}, additionalProperties: false } as const;
  const opens = defineAction({
    name: 'test.open',
    title: 'Open',
    effect: 'change',
    idempotent: true,
    isUndoable: true,
    input,
    output: {},
    run: async (_input, ctx) => {
      const change = { kind: 'bypass', id: 'app', verb: 'open', before: { open: false }, after: { open: true } };
      await ctx.change({ ...change, undo: { uses: 'test.close' } }, async () => {
        door.isOpen = true;
        throw new Error('socket hang up');
      });
      throw new Error('no answer');
    },
  });
  const closes = defineAction({
    name: 'test.close',
    title: 'Close',
    effect: 'change',
    idempotent: true,
    input,
    output: {},
    run: async (_input, ctx) => {
      await ctx.change({ kind: 'bypass', id: 'app', verb: 'close', after: { open: false } }, async () => {
        door.isOpen = false;
      });
      return null as never;
    },
    ...(reads
      ? {
          describe: async (_kind: string, ids: readonly string[]) =>
            new Map(ids.map((id) => [id, { attributes: {}, state: { open: door.isOpen } }])),
        }
      : {}),
  });
  return { door, opens, closes };
}
const OPEN = (more = ''): string =>
  playbook(`  - { id: open, title: Open, uses: test.open, onFailure: continue${more} }\n`);

test('without a reader it is left, and taken back only where a person says so', async () => {
  const { door, opens, closes } = bypass(false);
  use(opens, closes);
  const { runId, plan } = await world.start(OPEN());
  const first = await takeBack(world, runId, { plan });
  expect(first.state.undo).toBeNull();
  expect(door.isOpen).toBe(true);
  expect((await outcomes(runId, 'open')).app).toContain('nothing can look whether it happened');
  await takeBack(world, runId, { plan, isUnchecked: true });
  expect(door.isOpen).toBe(false);
  expect((await outcomes(runId, 'open')).app).toContain('undone');
});

test('a temporary change whose answer was lost is taken back before the run ends', async () => {
  const { door, opens, closes } = bypass(true);
  use(opens, closes);
  const { runId, end } = await world.start(OPEN(', temporary: 1h'));
  expect(end.status).toBe('done');
  expect(door.isOpen).toBe(false);
  expect(await outcomes(runId, 'open')).toEqual({ app: 'done: undone' });
});

test('one that nobody can look at keeps the run from ending until a person says to take it back all the same', async () => {
  const { door, opens, closes } = bypass(false);
  use(opens, closes);
  const { runId, plan, end } = await world.start(OPEN(', temporary: 1h'));
  expect(end.status).toBe('waiting');
  expect(end.waitsFor.join()).toContain('nothing can look whether it happened');
  expect(door.isOpen).toBe(true);
  const people: People = { ...nobody, temporary: async () => ({ kind: 'undo', actor: 'person:ana', anyway: true }) };
  const resumed = await world.resume(runId, plan, { people });
  expect(resumed.end.status).toBe('done');
  expect(door.isOpen).toBe(false);
});

test('a person who takes all back without being asked of each does not say it of what nobody can look at', async () => {
  const { opens, closes } = bypass(false);
  use(opens, closes);
  const people: People = { ...nobody, temporary: async () => ({ kind: 'undo', actor: 'person:ana' }) };
  const { end, runId } = await world.start(OPEN(', temporary: 1h'), { people });
  expect(end.status).toBe('waiting');
  expect(ofType(await world.events(runId), 'undo.started')).toHaveLength(1);
});
