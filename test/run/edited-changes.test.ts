// A step run again with other inputs, and an action that changes one target twice: what is wanted now is done, and nothing
// is called done that was not.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Action } from '../../engine/action.ts';
import type { JsonObject } from '../../engine/json.ts';
import { nobody, type People } from '../../engine/run/people.ts';
import type { Change } from '../../engine/run/state.ts';
import { act, openWorld, playbook, type World } from './harness.ts';
import { takeBack } from './undo-world.ts';

let world: World;
/** What left, in order. */
let sent: string[];
/** The state on the outside. */
let values: Map<string, string>;
let isLost: boolean;
let fails: boolean;
beforeEach(async () => {
  world = await openWorld();
  sent = [];
  values = new Map();
  isLost = false;
  fails = false;
});
afterEach(() => world.close());

const describe: NonNullable<Action['describe']> = async (_kind, ids) =>
  new Map(ids.map((id) => [id, { attributes: {}, state: { value: values.get(id) ?? 'none' } }]));

/** Sets each of `ids` to each of `to`, one value after the other. */
function useSet(more: Partial<Action> = {}): void {
  const input: JsonObject = {
    type: 'object',
    properties: {
      ids: { type: 'array', items: { type: 'string' } },
      to: { type: 'array', items: { type: 'string' } },
    },
    required: ['ids', 'to'],
  };
  const action = act(async () => null, { input, isUndoable: true, ...more });
  world.actions.set('test.act', {
    ...action,
    async run(given, ctx) {
      // As the schema says.
      const { ids, to } = given as { ids: string[]; to: string[] };
      for (const value of to) {
        const targets = ids.map((id) => ({ id }));
        const undo = { uses: 'test.act', with: { to: ['none'] }, each: 'ids' };
        const spec = { kind: 'item', verb: 'set', after: { value }, targets, undo };
        const results = await ctx.changes(spec, async ([target]) => {
          const id = target?.id ?? '';
          sent.push(`${id}=${value}`);
          values.set(id, value);
          if (isLost) throw new Error('socket hang up');
          return undefined;
        });
        if (results.some(({ outcome }) => outcome !== 'done' && outcome !== 'already'))
          throw new Error('not all are done');
      }
      if (fails) throw new Error('the check afterwards failed');
      return ctx.ledger().map(({ id, after }) => `${id} ${JSON.stringify(after)}`) as never;
    },
  });
}

const step = (ids: string, to: string): string =>
  playbook(
    `  - { id: act, title: Act, uses: test.act, approval: { none: a test }, with: { ids: [${ids}], to: [${to}] } }\n`,
  );

/** Retries once, with other inputs where they are given; then leaves it. */
function retrying(inputs?: { ids: string[]; to: string[] }, doubt: People['doubt'] = nobody.doubt): People {
  let tries = 0;
  return {
    ...nobody,
    doubt,
    failure: async () => {
      tries += 1;
      if (tries > 1) return { kind: 'later' };
      return { kind: 'retry', actor: 'person:ana', reason: 'mended', ...(inputs === undefined ? {} : { inputs }) };
    },
  };
}

const says =
  (kind: 'done' | 'repeat' | 'skip'): People['doubt'] =>
  async () => ({ kind, actor: 'person:ana', reason: 'I looked' });

const changes = async (runId: string): Promise<readonly Change[]> => {
  const { changes: all } = await world.fold(runId);
  return [...(all.get('act')?.values() ?? [])];
};
const standing = async (runId: string): Promise<readonly string[]> =>
  (await changes(runId)).map(({ id, after, outcome }) => `${id}=${after?.value} ${outcome}`);

test('what was done with the inputs before is done anew with the edited ones, and both are in the ledger', async () => {
  useSet();
  fails = true;
  const first = await world.start(step('x', '"1"'));
  fails = false;
  const people = retrying({ ids: ['x'], to: ['2'] });
  const { end, state } = await world.resume(first.runId, first.plan, { people });
  expect(end.status).toBe('done');
  expect(sent).toEqual(['x=1', 'x=2']);
  expect(await standing(first.runId)).toEqual(['x=1 done', 'x=2 done']);
  expect((await changes(first.runId)).map(({ before }) => before)).toEqual([undefined, { value: '1' }]);
  expect(state.steps.get('act')?.output).toEqual({ value: ['x {"value":"2"}'] });
});

test('edited back to what was done first, it is done again', async () => {
  useSet();
  fails = true;
  const { runId, plan } = await world.start(step('x', '"1"'));
  await world.resume(runId, plan, { people: retrying({ ids: ['x'], to: ['2'] }) });
  fails = false;
  const { end } = await world.resume(runId, plan, { people: retrying({ ids: ['x'], to: ['1'] }) });
  expect(end.status).toBe('done');
  expect(sent).toEqual(['x=1', 'x=2', 'x=1']);
});

test('a retry without edits sends nothing that is done', async () => {
  useSet();
  fails = true;
  const { runId, plan } = await world.start(step('x, y', '"1", "2"'));
  fails = false;
  const { end } = await world.resume(runId, plan, { people: retrying() });
  expect(end.status).toBe('done');
  expect(sent).toEqual(['x=1', 'y=1', 'x=2', 'y=2']);
});

test('an edit of the targets alone sends only to those that are new', async () => {
  useSet();
  fails = true;
  const { runId, plan } = await world.start(step('x', '"1"'));
  fails = false;
  await world.resume(runId, plan, { people: retrying({ ids: ['x', 'y'], to: ['1'] }) });
  expect(sent).toEqual(['x=1', 'y=1']);
});

test('one target set to one state, to another and back, is sent three times by one action', async () => {
  useSet();
  const { end, runId } = await world.start(step('app', 'maintenance, live, maintenance'));
  expect(end.status).toBe('done');
  expect(sent).toEqual(['app=maintenance', 'app=live', 'app=maintenance']);
  expect(await standing(runId)).toEqual(['app=maintenance done', 'app=live done', 'app=maintenance done']);
});

test('a target that was taken off the list with its answer lost is not given what the others get', async () => {
  useSet();
  isLost = true;
  const { runId, plan } = await world.start(step('ana', 'viewer'));
  isLost = false;
  const people = retrying({ ids: ['bob'], to: ['admin'] }, says('done'));
  const { end } = await world.resume(runId, plan, { people });
  expect(sent).toEqual(['ana=viewer', 'bob=admin']);
  expect(end.status).toBe('done');
  expect(await standing(runId)).toEqual(['ana=viewer done', 'bob=admin done']);
});

test('where the reader sees that it happened, nobody is asked about it', async () => {
  // Nothing reads it while the answer is lost, so that it stays open.
  useSet();
  isLost = true;
  const asked = says('done');
  let questions = 0;
  const doubt: People['doubt'] = async (request, signal) => {
    questions += 1;
    return asked(request, signal);
  };
  const { runId, plan } = await world.start(step('ana', 'viewer'));
  isLost = false;
  useSet({ describe });
  const { end } = await world.resume(runId, plan, { people: retrying({ ids: ['bob'], to: ['admin'] }, doubt) });
  expect([end.status, questions]).toEqual(['done', 0]);
  expect(sent).toEqual(['ana=viewer', 'bob=admin']);
});

test('one that a person wants sent again, and that no attempt sends any more, does not pass for done', async () => {
  useSet();
  isLost = true;
  const { runId, plan } = await world.start(step('ana', 'viewer'));
  isLost = false;
  const people = retrying({ ids: ['bob'], to: ['admin'] }, says('repeat'));
  const { end, state } = await world.resume(runId, plan, { people });
  expect(sent).toEqual(['ana=viewer', 'bob=admin']);
  expect(end.status).toBe('failed');
  expect(state.steps.get('act')?.error?.code).toBe('E_CHANGES_UNSETTLED');
});

test('a lost answer is not told of what was sent after it with other inputs', async () => {
  useSet();
  isLost = true;
  const { runId, plan } = await world.start(step('x', '"1"'));
  isLost = false;
  const { end } = await world.resume(runId, plan, { people: retrying({ ids: ['x'], to: ['2'] }) });
  expect(end.status).toBe('done');
  expect(sent).toEqual(['x=1', 'x=2']);
  expect(await standing(runId)).toEqual(['x=2 done']);
});

test.for([
  ['done', ['x=1 done', 'x=2 done']],
  ['repeat', ['x=2 done']],
  ['skip', ['x=2 done']],
] as const)(
  'what must not be sent twice is asked about before the edited one is sent; said to be %s, that one leaves once',
  async ([kind, expected]) => {
    useSet({ idempotent: false });
    isLost = true;
    const { runId, plan } = await world.start(step('x', '"1"'));
    isLost = false;
    const people: People = { ...nobody, doubt: says(kind) };
    fails = true;
    await world.resume(runId, plan, { people });
    fails = false;
    sent = [];
    const { end } = await world.resume(runId, plan, { people: retrying({ ids: ['x'], to: ['2'] }) });
    expect(end.status).toBe('done');
    expect(sent).toEqual(['x=2']);
    expect((await standing(runId)).at(-1)).toBe(expected.at(-1));
  },
);

test('an undo takes back what was done with either inputs', async () => {
  useSet({ describe });
  fails = true;
  const { runId, plan } = await world.start(step('x, y', '"1"'));
  fails = false;
  await world.resume(runId, plan, { people: retrying({ ids: ['x'], to: ['2'] }) });
  expect(Object.fromEntries(values)).toEqual({ x: '2', y: '1' });
  const { state } = await takeBack(world, runId, { plan });
  expect(state.undo).toBeNull();
  expect(Object.fromEntries(values)).toEqual({ x: 'none', y: 'none' });
});
