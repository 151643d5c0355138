// Manual steps and approvals in the engine: whose word counts, and for what.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defineAction } from '../../engine/action.ts';
import type { Actor } from '../../engine/run/events.ts';
import { nobody, type People } from '../../engine/run/people.ts';
import { act, ofType, openWorld, playbook, type World } from './harness.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const answers = (...values: number[]): Pick<People, 'manual'> => {
  const left = [...values];
  return { manual: async () => ({ kind: 'answered', actor: 'person:ana', fields: { n: left.shift() ?? 0 } }) };
};
const approvedAnswer = playbook(`  - id: ask
    title: Ask
    manual: How many?
    fields: { n: { type: integer } }
    assert: [output.n < 100]
    approval: { by: 1 }
`);

test('a denied approval of a manual step fails the step once', async () => {
  const people: People = {
    ...nobody,
    ...answers(1),
    approval: async () => ({ kind: 'denied', actor: 'person:boss', reason: 'no' }),
  };
  const { end, runId } = await world.start(approvedAnswer, { people });
  expect(end.status).toBe('failed');
  expect(ofType(await world.events(runId), 'approval.requested')).toHaveLength(1);
});

const approving: People['approval'] = async () => ({ kind: 'given', actor: 'person:boss' });

test('a manual step is approved before anybody is asked to do it, for the words that person reads', async () => {
  const first = await world.start(approvedAnswer, { people: { ...nobody, ...answers(1) } });
  expect(first.end).toMatchObject({ status: 'waiting', waitsFor: ['ask: the approval of one other person'] });
  const people = { ...nobody, ...answers(1), approval: approving };
  const { end } = await world.resume(first.runId, first.plan, { people });
  expect(end.status).toBe('done');
  const events = (await world.events(first.runId)).filter(({ type }) => /^(approval|manual)\./.test(type));
  expect(events.map(({ type }) => type)).toEqual(['approval.requested', 'approval.given', 'manual.answered']);
  expect(ofType(events, 'approval.requested')[0]?.data.inputs).toEqual({ text: 'How many?' });
});

test('an approval of what is to be done holds while somebody answers it again', async () => {
  const { runId, plan, state } = await world.start(approvedAnswer, { people: { ...nobody, approval: approving } });
  // Straight into the journal, as a process of another version might: the answer breaks the assert.
  await world.journal.append({
    runId,
    since: state.seq,
    fence: null,
    drafts: [
      {
        type: 'manual.answered',
        actor: 'person:ana',
        step: 'ask',
        data: { fields: { n: 500 }, evidence: [], by: 'ana' },
      },
    ],
  });
  const second = await world.resume(runId, plan);
  expect(second.state.steps.get('ask')?.error?.code).toBe('E_MANUAL_ANSWER');
  const retry: People['failure'] = async () => ({ kind: 'retry', actor: 'person:ana', reason: 'a slip' });
  const third = await world.resume(runId, plan, { people: { ...nobody, ...answers(7), failure: retry } });
  expect(third.end.status).toBe('done');
  expect(ofType(await world.events(runId), 'approval.requested')).toHaveLength(1);
});

test('an approval of some words does not hold for others', async () => {
  const { runId } = await world.start(approvedAnswer, { people: { ...nobody, approval: approving } });
  const other = world.compile(approvedAnswer.replace('How many?', 'How many, and delete them?'));
  const second = await world.resume(runId, other, { people: { ...nobody, ...answers(1) } });
  expect(second.end.waitsFor).toEqual(['ask: the approval of one other person']);
  const people = { ...nobody, ...answers(1), approval: approving };
  expect((await world.resume(runId, other, { people })).end.status).toBe('done');
  const requests = ofType(await world.events(runId), 'approval.requested');
  expect(requests.map((event) => event.data.inputs)).toEqual([
    { text: 'How many?' },
    { text: 'How many, and delete them?' },
  ]);
});

const contacts = {
  people: {
    lead: { name: 'Lee', roles: ['lead', 'security'], email: 'lee@example.org' },
    cto: { name: 'Cy', roles: ['security'], slack: '@cy' },
    on_call: { name: 'Ola', roles: ['operator'], slack: '@ola' },
  },
};
const voting = (...actors: Actor[]): People => {
  const left = [...actors];
  return {
    ...nobody,
    approval: async () => {
      const actor = left.shift();
      return actor === undefined ? { kind: 'later' } : { kind: 'given', actor, role: 'security' };
    },
  };
};
const asksFor = (approval: string): string =>
  playbook(`  - { id: act, title: Act, uses: test.act, approval: ${approval} }\n`);

describe('an approval in a role', () => {
  beforeEach(() => {
    world.actions.set(
      'test.act',
      act(async () => null),
    );
  });
  const votes = async (runId: string) =>
    ofType(await world.events(runId), 'approval.given').map(({ data }) => [data.by, data.role, data.roleIsChecked]);

  test('counts from those alone who have it in the contacts, by id, name or e-mail', async () => {
    for (const name of ['lead', 'Lee', 'LEE@example.org']) {
      const { end, runId } = await world.start(asksFor('{ role: security }'), {
        contacts,
        people: voting(`person:${name}`),
      });
      expect(end.status).toBe('done');
      expect(await votes(runId)).toEqual([[name, 'security', true]]);
    }
    for (const name of ['Ola', 'mallory']) {
      const { end, runId } = await world.start(asksFor('{ role: security }'), {
        contacts,
        people: voting(`person:${name}`),
      });
      expect(end.status).toBe('waiting');
      expect(ofType(await world.events(runId), 'step.log').map(({ data }) => data.text)).toEqual([
        `Not taken: ${name} does not have the role security in the run's contacts; it is had by lead (Lee), cto (Cy)`,
      ]);
    }
  });

  test('that no contact has is given by nobody, and how to go on is said', async () => {
    const others = { people: { on_call: contacts.people.on_call } };
    const { end, runId } = await world.start(asksFor('{ role: security }'), {
      contacts: others,
      people: voting('person:Ola'),
    });
    expect(end.status).toBe('waiting');
    expect(ofType(await world.events(runId), 'step.log')[0]?.data.text).toContain(
      'nobody in the contacts that this run was started with has the role security; change the approval of the step',
    );
  });

  test('is what people say of themselves where no contact has a role, and the event says so', async () => {
    const people = { on_call: { name: 'Ola', slack: '@ola' } };
    for (const known of [undefined, { people }]) {
      const { end, runId } = await world.start(asksFor('{ role: security }'), {
        ...(known === undefined ? {} : { contacts: known }),
        people: voting('person:boss'),
      });
      expect(end.status).toBe('done');
      expect(await votes(runId)).toEqual([['boss', 'security', false]]);
    }
  });

  test("is a drill's scenario's to say of its people", async () => {
    const { runId } = await world.start(asksFor('{ role: security }'), {
      contacts,
      people: voting('scenario:Robin Sato'),
    });
    expect(await votes(runId)).toEqual([['Robin Sato', 'security', true]]);
  });

  test('counts once from one person, whatever name they use', async () => {
    const yaml = asksFor('{ by: 2, role: security }');
    const first = await world.start(yaml, { contacts, people: voting('person:lead', 'person:Lee') });
    expect(first.end.status).toBe('waiting');
    const second = await world.resume(first.runId, first.plan, { people: voting('person:cto') });
    expect(second.end.status).toBe('done');
    expect((await votes(first.runId)).map(([by]) => by)).toEqual(['lead', 'cto']);
  });

  test('is not given by who runs the run under another name', async () => {
    const { end } = await world.start(asksFor('{ role: security }'), {
      contacts,
      operator: 'lead',
      people: voting('person:lee@example.org'),
    });
    expect(end.status).toBe('waiting');
  });
});

test('the first answer counts; a second one changes nothing', async () => {
  const { runId, plan, state } = await world.start(
    playbook(`  - { id: ask, title: Ask, manual: "How many?", fields: { n: { type: integer } } }
`),
  );
  const answer = (n: number, by: string) =>
    world.journal.append({
      runId,
      since: state.seq,
      fence: null,
      drafts: [
        { type: 'manual.answered', actor: `person:${by}`, step: 'ask', data: { fields: { n }, evidence: [], by } },
      ],
    });
  await answer(1, 'ana');
  await answer(2, 'bob');
  const { state: after } = await world.resume(runId, plan);
  expect(after.steps.get('ask')).toMatchObject({ by: 'ana', output: { value: { n: 1 } } });
});

test('a text that cannot be made fails its own step, under its onFailure, and nothing else', async () => {
  const anything = defineAction({
    name: 'test.anything',
    title: 'Anything',
    effect: 'read',
    idempotent: true,
    input: { type: 'object', additionalProperties: false },
    output: {},
    async run() {
      return { here: 1 } as never;
    },
  });
  world.actions.set('test.anything', anything);
  const { end, state } = await world.start(
    playbook(`  - { id: any, title: Any, uses: test.anything }
  - { id: ask, title: Ask, manual: "\${{ steps.any.output.there.deep }}", onFailure: continue }
  - { id: after, title: After, uses: test.echo }
`),
  );
  expect(state.steps.get('ask')).toMatchObject({ phase: 'failed', error: { code: 'E_EXPRESSION' } });
  expect(end.status).toBe('done');
});

test('an answer that breaks an assert is refused to whoever gives it', async () => {
  let problems: readonly string[] = [];
  const people: People = {
    ...nobody,
    approval: approving,
    manual: async (request) => {
      const checked = request.check({ n: 500 });
      if ('problems' in checked) problems = checked.problems;
      return { kind: 'later' };
    },
  };
  const { end } = await world.start(approvedAnswer, { people });
  expect(problems).toEqual(['assert does not hold: output.n < 100']);
  expect(end.status).toBe('waiting');
});

test('an approval by two people needs two votes of different people', async () => {
  const voters = ['boss', 'boss', 'carl'];
  world.actions.set(
    'test.act',
    act(async () => null),
  );
  const people: People = {
    ...nobody,
    approval: async () => {
      const by = voters.shift();
      return by === undefined ? { kind: 'later' } : { kind: 'given', actor: `person:${by}` };
    },
  };
  const yaml = playbook('  - { id: act, title: Act, uses: test.act, approval: { by: 2 } }\n');
  const first = await world.start(yaml, { people });
  expect(first.end).toMatchObject({ status: 'waiting', waitsFor: ['act: the approval of one other person'] });
  const second = await world.resume(first.runId, first.plan, { people });
  expect(second.end.status).toBe('done');
  expect(ofType(await world.events(first.runId), 'approval.given').map((event) => event.data.by)).toEqual([
    'boss',
    'carl',
  ]);
});

test('a plan that merely fails asks for no approval of everything, but is tried again', async () => {
  let plans = 0;
  world.actions.set(
    'test.act',
    act(async (ctx) => {
      if (ctx.planning && ++plans === 1) throw new Error('503');
      return ctx.changes(
        { kind: 'user', verb: 'ban', after: { banned: true }, targets: [{ id: 'a' }] },
        async () => undefined,
      );
    }),
  );
  const { runId } = await world.start(
    playbook('  - { id: act, title: Act, uses: test.act, approval: { by: 1 }, retry: { attempts: 2, delay: 1ms } }\n'),
  );
  const requests = ofType(await world.events(runId), 'approval.requested');
  expect(requests.map((event) => event.data.targets?.map((target) => target.id))).toEqual([['a']]);
});

test('an approval of one deed does not cover another on the same target', async () => {
  const sent: string[] = [];
  let isApproved = false;
  world.actions.set(
    'test.act',
    act(async (ctx) => {
      const change = (verb: string) =>
        ctx.change({ kind: 'user', id: 'u1', verb, after: { [verb]: true } }, async () => sent.push(verb));
      await change('tag');
      // What its plan did not show.
      if (!ctx.planning || isApproved) await change('delete');
      return null;
    }),
  );
  const people: People = {
    ...nobody,
    approval: async ({ request }) => {
      if (request.request > 1) return { kind: 'later' };
      isApproved = true;
      return { kind: 'given', actor: 'person:other' };
    },
  };
  const { end } = await world.start(playbook('  - { id: act, title: Act, uses: test.act, approval: { by: 1 } }\n'), {
    people,
  });
  expect(end.status).toBe('waiting');
  expect(sent).toEqual(['tag']);
});
