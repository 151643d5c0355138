// A run does not end over a temporary change that is still in effect, for whatever reason an undo left it.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { temporariesOf, temporaryCommand, temporaryText } from '../../engine/cli/runs/still-in-effect.ts';
import { nobody, type People } from '../../engine/run/people.ts';
import { choicesOf } from '../../engine/ui/ask-temporary.ts';
import { act, ofType, openWorld, playbook, type World } from './harness.ts';
import { Service, takeBack } from './undo-world.ts';

let world: World;
let service: Service;
beforeEach(async () => {
  service = new Service(1);
  world = await openWorld(...service.actions());
});
afterEach(() => world.close());

const FOR_A_TIME = playbook(
  '  - { id: ban, title: Ban, uses: test.ban, approval: { none: a test }, with: { users: [u0] }, temporary: 1h }\n',
);
const heldElsewhere = async () => new Map([[JSON.stringify(['user', 'u0']), 'OTHER']]);
const saying = (temporary: People['temporary']): People => ({ ...nobody, temporary });

test('one that another open run holds leaves the run waiting, and says why', async () => {
  const { end, state, runId, plan } = await world.start(FOR_A_TIME, { engine: { heldElsewhere } });
  expect(end.status).toBe('waiting');
  expect(end.waitsFor.join()).toContain('ban user u0: the open run OTHER changed it too');
  const [temporary] = temporariesOf(state, runId, Date.now());
  expect(temporary && temporaryText(temporary)).toContain('not taken back: the open run OTHER changed it too');
  expect(temporary && temporaryCommand(temporary)).toBe(`runbook undo ${runId} ban --overwrite`);
  // Taken up again with nobody there, it waits on and is not tried in circles.
  expect((await world.resume(runId, plan, { engine: { heldElsewhere } })).end.status).toBe('waiting');
  expect(ofType(await world.events(runId), 'undo.started')).toHaveLength(1);
});

test('kept on purpose, taken back all the same, or by an undo that overwrites, it lets the run end', async () => {
  const endings: { readonly banned: boolean; readonly end: (runId: string) => Promise<string> }[] = [
    {
      banned: true,
      end: async (runId) => {
        const people = saying(async () => ({ kind: 'keep', actor: 'person:ana', reason: 'the other needs it' }));
        return (await world.resume(runId, plan, { people, engine: { heldElsewhere } })).end.status;
      },
    },
    {
      banned: false,
      end: async (runId) => {
        const people = saying(async () => ({ kind: 'undo', actor: 'person:ana', anyway: true }));
        return (await world.resume(runId, plan, { people, engine: { heldElsewhere } })).end.status;
      },
    },
    {
      banned: false,
      end: async (runId) => {
        await takeBack(world, runId, { plan, overwrites: true, engine: { heldElsewhere } });
        return (await world.resume(runId, plan, { engine: { heldElsewhere } })).end.status;
      },
    },
  ];
  const plan = world.compile(FOR_A_TIME);
  for (const { banned, end } of endings) {
    service.banned.set('u0', false);
    const { runId } = await world.start(FOR_A_TIME, { engine: { heldElsewhere } });
    expect(await end(runId)).toBe('done');
    expect(service.snapshot()).toEqual({ u0: banned });
  }
});

test('one that somebody has taken back already lets the run end', async () => {
  const people = saying(async () => {
    service.banned.set('u0', false);
    return { kind: 'later' };
  });
  expect((await world.start(FOR_A_TIME, { people })).end.status).toBe('done');
});

test('one that nothing takes back leaves the run waiting until it is kept on purpose', async () => {
  world.actions.set(
    'test.act',
    act(
      async (ctx) => {
        await ctx.change({ kind: 'bypass', id: 'b', verb: 'open', before: {}, after: { open: true } }, async () => {});
      },
      { isUndoable: true },
    ),
  );
  const { end, runId, plan, state } = await world.start(
    playbook('  - { id: act, title: Act, uses: test.act, approval: { none: a test }, temporary: 1h }\n'),
  );
  expect(end.status).toBe('waiting');
  const left = [...(state.changes.get('act')?.values() ?? [])];
  expect(choicesOf(left).map(({ value }) => value)).toEqual(['keep', 'pause']);
  const people = saying(async () => ({ kind: 'keep', actor: 'person:ana', reason: 'no way back' }));
  expect((await world.resume(runId, plan, { people })).end.status).toBe('done');
});

test('a person is offered to take back all the same only what an undo has left', async () => {
  const { state } = await world.start(FOR_A_TIME, { engine: { heldElsewhere } });
  const left = [...(state.changes.get('ban')?.values() ?? [])];
  expect(choicesOf(left).map(({ value }) => value)).toEqual(['anyway', 'keep', 'pause']);
  const untried = left.map(({ left: _why, leftWhy: _code, ...change }) => change);
  expect(choicesOf(untried).map(({ value }) => value)).toEqual(['undo', 'keep', 'pause']);
});
