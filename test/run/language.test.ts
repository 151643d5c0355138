// The language beyond plain steps, through the real compiler, journal and executor.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defineAction } from '../../engine/action.ts';
import { type Clock, systemClock } from '../../engine/run/clock.ts';
import { nobody, type People } from '../../engine/run/people.ts';
import type { RunState } from '../../engine/run/state.ts';
import { ofType, openWorld, playbook, type World } from './harness.ts';

let underWay = 0;
let most = 0;
let failing = new Set<string>();
const tried: string[] = [];
const work = defineAction({
  name: 'test.work',
  title: 'Work',
  effect: 'read',
  idempotent: true,
  input: {
    type: 'object',
    properties: { name: { type: 'string' }, hangs: { type: 'boolean' } },
    required: ['name'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: { name: { type: 'string' }, length: { type: 'integer' } },
    required: ['name', 'length'],
    additionalProperties: false,
  },
  async run({ name, hangs = false }, ctx) {
    tried.push(name);
    underWay += 1;
    most = Math.max(most, underWay);
    try {
      await ctx.sleep(hangs ? 60_000 : 1);
      if (failing.has(name)) throw new Error(`${name} failed`);
      return { name, length: name.length };
    } finally {
      underWay -= 1;
    }
  },
});

let world: World;
beforeEach(async () => {
  underWay = 0;
  most = 0;
  failing = new Set();
  tried.length = 0;
  world = await openWorld(work);
});
afterEach(() => world.close());

function phases(state: RunState): Record<string, string> {
  return Object.fromEntries([...state.steps].filter(([path]) => path !== '').map(([path, step]) => [path, step.phase]));
}

/** Time passes when `pass` says so: every timer up to then fires. */
function manualClock(): Clock & { pass(ms: number): void } {
  let now = 0;
  const timers = new Set<{ readonly at: number; readonly callback: () => void }>();
  return {
    now: () => Date.UTC(2026, 0, 1) + now,
    monotonic: () => now,
    after(ms, callback) {
      const timer = { at: now + ms, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    pass(ms) {
      now += ms;
      for (const timer of [...timers]) {
        if (timer.at > now) continue;
        timers.delete(timer);
        timer.callback();
      }
    },
  };
}

const EACH = `  - id: each
    title: Each
    forEach: inputs.names
    as: name
    concurrency: 2
    uses: test.work
    with: { name: "\${{ name }}" }
    onFailure: continue
  - id: after
    title: After
    uses: test.echo
    with:
      value: "\${{ steps.each.output.map(e, has(e.output) ? e.item + ':' + string(e.output.length) : e.item + ' ' + e.status).join(',') }}"
`;
const NAMES = 'inputs: { names: { type: array, items: { type: string } } }\n';

test('forEach runs its step once an item, two at a time, and gives a list with what each gave', async () => {
  failing = new Set(['bo']);
  const { state, end, runId } = await world.start(playbook(EACH, NAMES), {
    inputs: { names: ['ann', 'bo', 'carla', 'd'] },
  });
  expect(end.status).toBe('done');
  expect(most).toBe(2);
  expect(phases(state)).toEqual({
    each: 'done',
    'each[0]': 'done',
    'each[1]': 'failed',
    'each[2]': 'done',
    'each[3]': 'done',
    after: 'done',
  });
  const done = ofType(await world.events(runId), 'step.done').find((event) => event.step === 'after');
  expect(done?.data.output).toEqual({ value: { value: 'ann:3,bo failed,carla:5,d:1' } });
});

test('a list is evaluated once: a resume goes on with the items that are left', async () => {
  failing = new Set(['bo']);
  const yaml = playbook(
    EACH.replace('    onFailure: continue\n', '').replace('concurrency: 2', 'concurrency: 1'),
    NAMES,
  );
  const first = await world.start(yaml, { inputs: { names: ['ann', 'bo', 'carla'] } });
  expect(first.end).toMatchObject({ status: 'failed', waitsFor: ['each[1]: a decision: bo failed'] });
  expect(tried).toEqual(['ann', 'bo']);
  failing = new Set();
  const retrying: People = {
    ...nobody,
    failure: async () => ({ kind: 'retry', actor: 'person:tester', reason: 'mended' }),
  };
  const second = await world.resume(first.runId, first.plan, { people: retrying });
  expect(second.end.status).toBe('done');
  expect(tried).toEqual(['ann', 'bo', 'bo', 'carla']);
  const opened = ofType(await world.events(first.runId), 'step.opened').filter((event) => event.step === 'each');
  expect(opened).toHaveLength(1);
});

test('an empty list is done at once, with an empty output', async () => {
  const { state } = await world.start(playbook(EACH, NAMES), { inputs: { names: [] } });
  expect(phases(state)).toEqual({ each: 'done', after: 'done' });
});

test('inside an instance a step sees its own siblings, and outer items by their names', async () => {
  const { state, runId } = await world.start(
    playbook(
      `  - id: outer
    title: Outer
    forEach: inputs.names
    as: one
    steps:
      - { id: made, title: Made, uses: test.work, with: { name: "\${{ one }}" } }
      - id: inner
        title: Inner
        forEach: "[1, 2]"
        as: number
        uses: test.echo
        with: { value: "\${{ one + string(number) + string(steps.made.output.length) + string(item) }}" }
  - id: after
    title: After
    uses: test.echo
    with: { value: "\${{ string(size(steps.outer.output)) + steps.outer.output[1].item }}" }
`,
      NAMES,
    ),
    { inputs: { names: ['a', 'bb'] } },
  );
  const values = ofType(await world.events(runId), 'step.done')
    .filter((event) => /inner\[\d\]|after/.test(event.step ?? ''))
    .map((event) => [event.step, event.data.output]);
  expect(values).toEqual([
    ['outer[0]/inner[0]', { value: { value: 'a111' } }],
    ['outer[0]/inner[1]', { value: { value: 'a212' } }],
    ['outer[1]/inner[0]', { value: { value: 'bb121' } }],
    ['outer[1]/inner[1]', { value: { value: 'bb222' } }],
    ['after', { value: { value: '2bb' } }],
  ]);
  expect(state.steps.get('outer[1]')?.title).toBe('Outer: bb');
});

const GREET = `apiVersion: runbook/v1
name: greet
title: Greet
category: other
severity: P3
inputs: { who: { type: string }, mark: { type: string, default: "!" } }
vars: { text: "\${{ 'hello ' + inputs.who + inputs.mark }}" }
steps:
  - { id: say, title: Say, uses: test.echo, with: { value: "\${{ vars.text }}" } }
outputs: { said: "\${{ steps.say.output.value }}" }
finally:
  - { id: bye, title: Bye, uses: test.work, with: { name: "\${{ inputs.who }}" } }
`;

test('a called playbook has inputs, vars and steps of its own, and only its outputs are seen outside', async () => {
  world.playbooks.set('greet', GREET);
  const said = "steps.each.output.map(e, has(e.output) ? e.output.said : e.status).join(' ')";
  const { state, runId, end } = await world.start(
    playbook(
      `  - id: each
    title: Each
    forEach: inputs.names
    playbook: greet
    with: { who: "\${{ item + vars.tail }}" }
  - { id: say, title: Say, uses: test.echo, with: { value: "\${{ ${said} }}" } }
`,
      `${NAMES}vars: { tail: "\${{ '-' + inputs.names[0] }}" }\n`,
    ),
    { inputs: { names: ['ann', 'bo'] } },
  );
  expect(end.status).toBe('done');
  expect(phases(state)).toMatchObject({ 'each[0]/say': 'done', 'each[1]/finally/bye': 'done', say: 'done' });
  expect(tried).toEqual(['ann-ann', 'bo-ann']);
  const done = ofType(await world.events(runId), 'step.done').find((event) => event.step === 'say');
  expect(done?.data.output).toEqual({ value: { value: 'hello ann-ann! hello bo-ann!' } });
});

const FINALLY = `${`  - { id: first, title: First, uses: test.work, with: { name: first } }
  - { id: bad, title: Bad, uses: test.work, with: { name: bad }, onFailure: abort }
  - { id: last, title: Last, uses: test.work, with: { name: last } }
finally:
  - id: tidy
    title: Tidy
    uses: test.work
    with: { name: "\${{ steps.first.status == 'done' ? 'tidy ' + steps.first.output.name : 'nothing' }}" }
`}`;

test('finally runs once after an abort, and the outcome stays aborted', async () => {
  failing = new Set(['bad']);
  const { state, end, runId } = await world.start(playbook(FINALLY));
  expect(end.status).toBe('aborted');
  expect(phases(state)).toEqual({ first: 'done', bad: 'failed', finally: 'done', 'finally/tidy': 'done' });
  expect(tried).toEqual(['first', 'bad', 'tidy first']);
  const types = (await world.events(runId)).map((event) => event.type);
  expect(types.indexOf('run.ending')).toBeLessThan(types.lastIndexOf('step.opened'));
  expect(types.at(-1)).toBe('run.ended');
});

test('a failure in finally leaves the run failed with its outcome kept; resume goes on there', async () => {
  failing = new Set(['tidy first']);
  const first = await world.start(playbook(FINALLY));
  expect(first.end.status).toBe('failed');
  expect(first.state.outcome).toBe('done');
  failing = new Set();
  const people: People = {
    ...nobody,
    failure: async () => ({ kind: 'retry', actor: 'person:tester', reason: 'mended' }),
  };
  const second = await world.resume(first.runId, first.plan, { people });
  expect(second.end.status).toBe('done');
  expect(tried).toEqual(['first', 'bad', 'last', 'tidy first', 'tidy first']);
});

test('a group that runs out of time fails as a whole; run again, only what was cut comes again', async () => {
  const clock = manualClock();
  const yaml = playbook(
    `  - id: group
    title: Group
    timeout: 10s
    steps:
      - { id: quick, title: Quick, uses: test.echo, with: { value: x } }
      - { id: slow, title: Slow, uses: test.work, with: { name: slow, hangs: "\${{ inputs.hangs }}" } }
      - { id: last, title: Last, uses: test.echo, with: { value: y } }
`,
    'inputs: { hangs: { type: boolean, default: true } }\n',
  );
  const running = world.start(yaml, { clock, inputs: { hangs: true } });
  await expect.poll(() => tried).toEqual(['slow']);
  clock.pass(11_000);
  const first = await running;
  expect(first.end).toMatchObject({ status: 'failed', waitsFor: [expect.stringContaining('group: a decision')] });
  expect(phases(first.state)).toEqual({ group: 'stopped', 'group/quick': 'done', 'group/slow': 'skipped' });
  let isAsked = false;
  const people: People = {
    ...nobody,
    failure: async (request) => {
      expect(request).toMatchObject({ path: 'group', error: { code: 'E_STEP_TIMEOUT' } });
      if (isAsked) return { kind: 'later' };
      isAsked = true;
      return { kind: 'retry', actor: 'person:tester', reason: 'more time' };
    },
  };
  const resumed = world.resume(first.runId, first.plan, { clock, people });
  await expect.poll(() => tried).toEqual(['slow', 'slow']);
  clock.pass(5_000);
  const edited = await Promise.race([resumed, systemPause()]);
  expect(edited).toBe('still running');
  clock.pass(6_000);
  const second = await resumed;
  expect(second.end.status).toBe('failed');
  expect(
    ofType(await world.events(first.runId), 'step.done').filter((event) => event.step === 'group/quick'),
  ).toHaveLength(1);
});

/** Long enough for whatever would end the run by mistake to do so. */
function systemPause(): Promise<string> {
  return new Promise((resolve) => systemClock.after(50, () => resolve('still running')));
}

test('a step left out whose output is needed waits for it, and takes what a person gives', async () => {
  const yaml = playbook(`  - { id: first, title: First, uses: test.work, with: { name: first } }
  - { id: second, title: Second, uses: test.echo, with: { value: "\${{ steps.first.output.name }}" } }
`);
  const first = await world.start(yaml, { selection: { from: 'second' } });
  expect(first.end).toMatchObject({
    status: 'waiting',
    waitsFor: ['first: its output, which a later step reads'],
  });
  const people: People = {
    ...nobody,
    output: async ({ check }) => {
      expect(check({ name: 1 })).not.toEqual([]);
      return { kind: 'given', actor: 'person:tester', output: { name: 'by hand', length: 7 } };
    },
  };
  const { state, end } = await world.resume(first.runId, first.plan, { people });
  expect(end.status).toBe('done');
  expect(state.steps.get('first')).toMatchObject({ phase: 'skipped', skip: { kind: 'selection' } });
  const done = ofType(await world.events(first.runId), 'step.done').find((event) => event.step === 'second');
  expect(done?.data.output).toEqual({ value: { value: 'by hand' } });
  expect(tried).toEqual([]);
});

test('only what was chosen runs, by id or tag; a finally runs all the same', async () => {
  const { state } = await world.start(
    playbook(`  - { id: one, title: One, uses: test.echo }
  - id: group
    title: Group
    steps:
      - { id: two, title: Two, uses: test.echo, tags: [network] }
      - { id: three, title: Three, uses: test.echo }
finally:
  - { id: tidy, title: Tidy, uses: test.echo }
`),
    { selection: { only: ['network'] } },
  );
  expect(phases(state)).toEqual({
    one: 'skipped',
    group: 'done',
    'group/two': 'done',
    'group/three': 'skipped',
    finally: 'done',
    'finally/tidy': 'done',
  });
  expect(state.steps.get('one')?.skip).toEqual({ kind: 'selection', text: 'only network was to run' });
});

test('a failed step is retried with other inputs that a person gives', async () => {
  failing = new Set(['typo']);
  const people: People = {
    ...nobody,
    failure: async ({ inputs }) => {
      expect(inputs?.value).toEqual({ name: 'typo' });
      return { kind: 'retry', actor: 'person:tester', reason: 'misspelt', inputs: { name: 'right' } };
    },
  };
  const { end } = await world.start(playbook(`  - { id: one, title: One, uses: test.work, with: { name: typo } }\n`), {
    people,
  });
  expect(end.status).toBe('done');
  expect(tried).toEqual(['typo', 'right']);
});

test('contacts stand in expressions', async () => {
  const { runId } = await world.start(
    playbook(`  - { id: one, title: One, uses: test.echo, with: { value: "\${{ contacts.lead.name }}" } }\n`),
    { contacts: { lead: { name: 'Ana' } } },
  );
  expect(ofType(await world.events(runId), 'step.done')[0]?.data.output).toEqual({ value: { value: 'Ana' } });
});

test('the operator may confirm each step, and skip one', async () => {
  const asked: string[] = [];
  const people: People = {
    ...nobody,
    confirm: async ({ path }) => {
      asked.push(path);
      return path === 'two'
        ? { kind: 'skip', actor: 'person:tester', reason: 'not now' }
        : { kind: 'go', actor: 'person:tester' };
    },
  };
  const { state } = await world.start(
    playbook(`  - { id: one, title: One, uses: test.echo }
  - { id: two, title: Two, uses: test.echo }
`),
    { people, confirmsEach: true },
  );
  expect(asked).toEqual(['one', 'two']);
  expect(phases(state)).toEqual({ one: 'done', two: 'skipped' });
});

test('a step inside a group that was skipped counts as skipped, and so does one that an abort left unstarted', async () => {
  failing = new Set(['bad']);
  const { state, end } = await world.start(
    playbook(`  - id: group
    title: Group
    when: "false"
    steps:
      - { id: inner, title: Inner, uses: test.echo }
  - { id: reader, title: Reader, when: steps.inner.status == 'done', uses: test.echo }
  - { id: bad, title: Bad, uses: test.work, with: { name: bad }, onFailure: abort }
  - { id: never, title: Never, uses: test.echo }
finally:
  - { id: tidy, title: Tidy, when: steps.never.status == 'skipped', uses: test.echo }
`),
  );
  expect(end.status).toBe('aborted');
  expect(phases(state)).toMatchObject({ reader: 'skipped', bad: 'failed', 'finally/tidy': 'done' });
});

test('a failed branch ends the waits beside it, which start again when the run goes on', async () => {
  failing = new Set(['bad']);
  const text = playbook(
    `  - id: both
    title: Both
    parallel: true
    steps:
      - { id: long, title: Long, uses: test.work, with: { name: long, hangs: "\${{ inputs.hangs }}" } }
      - { id: bad, title: Bad, uses: test.work, with: { name: bad } }
`,
    'inputs: { hangs: { type: boolean, default: true } }\n',
  );
  const { end, runId } = await world.start(text, { inputs: { hangs: true } });
  expect(end).toMatchObject({ status: 'failed', waitsFor: ['both/bad: a decision: bad failed'] });
  const [cut] = ofType(await world.events(runId), 'attempt.interrupted');
  expect(cut).toMatchObject({ step: 'both/long', data: { message: expect.stringContaining('starts again') } });
});
