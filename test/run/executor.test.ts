import { afterEach, beforeEach, expect, test } from 'vitest';
import { defineAction, PermanentFailure } from '../../engine/action.ts';
import { RunbookError } from '../../engine/errors.ts';
import { type Clock, systemClock } from '../../engine/run/clock.ts';
import type { People } from '../../engine/run/people.ts';
import { nobody } from '../../engine/run/people.ts';
import { RunSession } from '../../engine/run/session.ts';
import { ofType, openWorld, playbook, type World } from './harness.ts';

/** Fails as often as its input says, then succeeds; waits until aborted where told to hang. */
let calls = 0;
const flaky = defineAction({
  name: 'test.flaky',
  title: 'Flaky',
  effect: 'read',
  idempotent: true,
  input: {
    type: 'object',
    properties: { failures: { type: 'integer' }, hangs: { type: 'boolean' }, permanent: { type: 'boolean' } },
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: { calls: { type: 'integer' } },
    required: ['calls'],
    additionalProperties: false,
  },
  async run({ failures = 0, hangs = false, permanent = false }, ctx) {
    calls += 1;
    if (hangs) await ctx.sleep(60_000);
    if (calls <= failures) throw permanent ? new PermanentFailure('no good') : new Error(`failure ${calls}`);
    return { calls };
  },
});

let world: World;
beforeEach(async () => {
  calls = 0;
  world = await openWorld(flaky);
});
afterEach(() => world.close());

test('a chain of steps runs in order to its end, and a later step sees an earlier output', async () => {
  const { state, end } = await world.start(
    playbook(`  - { id: first, title: First, uses: test.echo, with: { value: hello } }
  - id: second
    title: Second
    uses: test.echo
    with: { value: "\${{ steps.first.output.value + ' world' }}" }
`),
  );
  expect(end).toMatchObject({ status: 'done', waitsFor: [], isInterrupted: false });
  const events = await world.events((await world.journal.runs())[0]?.id ?? '');
  expect(ofType(events, 'step.done').map((event) => event.step)).toEqual(['first', 'second', '']);
  expect(ofType(events, 'step.done')[1]?.data.output).toEqual({ value: { value: 'hello world' } });
  expect(state.seq).toBe(events.length);
});

test('a step whose when is false is skipped with the reason, and so is all of its group', async () => {
  const { state } = await world.start(
    playbook(
      `  - id: group
    title: Group
    when: inputs.go
    steps:
      - { id: inner, title: Inner, uses: test.echo }
  - { id: after, title: After, uses: test.echo }
`,
      'inputs: { go: { type: boolean, default: false } }\n',
    ),
    { inputs: { go: false } },
  );
  expect(state.steps.get('group')).toMatchObject({ phase: 'skipped', skip: { kind: 'when' } });
  expect(state.steps.has('group/inner')).toBe(false);
  expect(state.steps.get('after')?.phase).toBe('done');
});

test('retry tries again after a delay and ends done', async () => {
  const { state, runId } = await world.start(
    playbook(`  - { id: shaky, title: Shaky, uses: test.flaky, with: { failures: 2 }, retry: { attempts: 3, delay: 1ms } }
`),
  );
  expect(state.steps.get('shaky')).toMatchObject({ phase: 'done', attempt: 3 });
  expect(ofType(await world.events(runId), 'attempt.failed').map((event) => event.data.error.message)).toEqual([
    'failure 1',
    'failure 2',
  ]);
});

test('a permanent failure is not retried, and leaves the run open and failed', async () => {
  const { end, state, runId } = await world.start(
    playbook(`  - { id: bad, title: Bad, uses: test.flaky, with: { failures: 9, permanent: true }, retry: { attempts: 3, delay: 1ms } }
  - { id: never, title: Never, uses: test.echo }
`),
  );
  expect(end.status).toBe('failed');
  expect(calls).toBe(1);
  expect(state.steps.has('never')).toBe(false);
  expect(ofType(await world.events(runId), 'run.paused')[0]?.data.reason).toBe('failed');
});

test('onFailure continue goes on, and a later step sees the failure', async () => {
  const { end, state } = await world.start(
    playbook(`  - { id: bad, title: Bad, uses: test.flaky, with: { failures: 9 }, onFailure: continue }
  - { id: after, title: After, uses: test.echo, with: { value: "\${{ steps.bad.status }}" } }
  - { id: reader, title: Reader, uses: test.echo, when: "steps.bad.status == 'failed'" }
`),
  );
  expect(end.status).toBe('done');
  expect([...state.tolerated]).toEqual(['bad']);
  expect(state.steps.get('reader')?.phase).toBe('done');
});

test('onFailure abort ends the run aborted without starting another step', async () => {
  const { end, state } = await world.start(
    playbook(`  - { id: bad, title: Bad, uses: test.flaky, with: { failures: 9 }, onFailure: abort }
  - { id: never, title: Never, uses: test.echo }
`),
  );
  expect(end.status).toBe('aborted');
  expect(state.steps.get('bad')?.phase).toBe('failed');
  expect(state.steps.has('never')).toBe(false);
});

test('a step over its timeout is cancelled and fails with E_STEP_TIMEOUT', async () => {
  const { state, end } = await world.start(
    playbook(`  - { id: slow, title: Slow, uses: test.flaky, with: { hangs: true }, timeout: 20ms }
`),
  );
  expect(end.status).toBe('failed');
  expect(state.steps.get('slow')?.error?.code).toBe('E_STEP_TIMEOUT');
});

test('until polls until its condition holds', async () => {
  const { state, runId } = await world.start(
    playbook(`  - { id: poll, title: Poll, uses: test.flaky, until: output.calls >= 3, every: 1ms, timeout: 10s }
`),
  );
  expect(state.steps.get('poll')).toMatchObject({ phase: 'done', round: 2 });
  expect(ofType(await world.events(runId), 'attempt.polled')).toHaveLength(2);
});

test('an assert that does not hold fails the step and names the condition', async () => {
  const { state } = await world.start(
    playbook(`  - { id: sure, title: Sure, uses: test.flaky, assert: [output.calls > 5] }
`),
  );
  expect(state.steps.get('sure')?.error).toMatchObject({
    code: 'E_ASSERT',
    message: expect.stringContaining('output.calls > 5'),
  });
});

test('a pause interrupts the step under way, uses up no attempt, and a resume ends the run', async () => {
  const pause = new AbortController();
  const people: People = nobody;
  const yaml = playbook(`  - { id: slow, title: Slow, uses: test.flaky, with: { hangs: true }, timeout: 1m }
`);
  const running = world.start(yaml, { pause: pause.signal, people });
  await expect.poll(() => calls).toBe(1);
  pause.abort();
  const { end, runId, state, plan } = await running;
  expect(end).toMatchObject({ status: 'running', isInterrupted: true });
  expect(state.steps.get('slow')).toMatchObject({ phase: 'open', attempt: 0 });
  world.actions.set('test.flaky', { ...flaky, run: async () => ({ calls: 7 }) });
  const resumed = await world.resume(runId, plan);
  expect(resumed.end.status).toBe('done');
});

test('steps of a parallel group run at once and all end', async () => {
  let underWay = 0;
  let most = 0;
  world.actions.set('test.echo', {
    ...(world.actions.get('test.echo') as typeof flaky),
    async run() {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      await expect.poll(() => most).toBe(2);
      underWay -= 1;
      return { value: '' };
    },
  });
  const { end } = await world.start(
    playbook(`  - id: both
    title: Both
    parallel: 2
    steps:
      - { id: one, title: One, uses: test.echo }
      - { id: two, title: Two, uses: test.echo }
      - { id: three, title: Three, uses: test.echo }
`),
  );
  expect(end.status).toBe('done');
  expect(most).toBe(2);
});

test('a manual step without anybody there waits, is answered by another process, and a resume goes on', async () => {
  const yaml = playbook(`  - id: ask
    title: Ask
    manual: Look at it
    fields: { count: { type: integer } }
  - { id: after, title: After, uses: test.echo, with: { value: "\${{ string(steps.ask.output.count) }}" } }
`);
  const { end, runId, plan, state } = await world.start(yaml);
  expect(end).toMatchObject({ status: 'waiting', waitsFor: ['ask: an answer'] });
  await world.journal.append({
    runId,
    since: state.seq,
    fence: null,
    drafts: [
      {
        type: 'manual.answered',
        actor: 'person:ana',
        step: 'ask',
        data: { fields: { count: 4 }, evidence: [], by: 'ana' },
      },
    ],
  });
  const resumed = await world.resume(runId, plan);
  expect(resumed.end.status).toBe('done');
  expect(resumed.state.steps.get('ask')).toMatchObject({ by: 'ana', phase: 'done' });
});

test('a failed step may be tried again by a person, and the run ends', async () => {
  const people: People = {
    ...nobody,
    failure: async () => ({ kind: 'retry', actor: 'person:ana', reason: 'it was the network' }),
  };
  const { end, runId } = await world.start(
    playbook(`  - { id: shaky, title: Shaky, uses: test.flaky, with: { failures: 1 } }
`),
    { people },
  );
  expect(end.status).toBe('done');
  expect(ofType(await world.events(runId), 'step.reopened')).toHaveLength(1);
});

test('a missing required secret is named before anything starts', async () => {
  await expect(
    world.start(playbook('  - { id: one, title: One, uses: test.echo }\n', 'requires: { secrets: [MY_KEY] }\n')),
  ).rejects.toMatchObject({ code: 'E_SECRET_MISSING', message: expect.stringContaining('MY_KEY') });
});

test('a run starts without an optional secret, and the step that uses it fails and names it', async () => {
  const top = 'requires: { optionalSecrets: [MY_KEY] }\ninputs: { token: { type: boolean, default: false } }\n';
  const yaml = playbook(
    '  - { id: one, title: One, when: inputs.token, uses: test.echo, with: { value: "${{ secrets.MY_KEY }}" } }\n',
    top,
  );
  expect((await world.start(yaml, { inputs: { token: false } })).state.outcome).toBe('done');
  const { state } = await world.start(yaml, { inputs: { token: true } });
  expect(state.steps.get('one')).toMatchObject({
    phase: 'stopped',
    error: { message: expect.stringContaining('MY_KEY') },
  });
});

test('a secret reaches the action and stands in no event', async () => {
  let seen = '';
  world.actions.set('test.echo', {
    ...(world.actions.get('test.echo') as typeof flaky),
    async run(input) {
      seen = (input as { value: string }).value;
      return { value: `got ${seen}` };
    },
  });
  const { runId } = await world.start(
    playbook(
      '  - { id: one, title: One, uses: test.echo, with: { value: "${{ secrets.MY_KEY }}" } }\n',
      'requires: { secrets: [MY_KEY] }\n',
    ),
    { env: { MY_KEY: 'correct-horse-battery' } },
  );
  expect(seen).toBe('correct-horse-battery');
  const text = JSON.stringify(await world.events(runId));
  expect(text).not.toContain('correct-horse');
  expect(text).toContain('[secret:MY_KEY]');
});

test('an abort by another process stops the step under way, and nothing of it starts afterwards', async () => {
  const running = world.start(
    playbook(`  - { id: slow, title: Slow, uses: test.flaky, with: { hangs: true }, timeout: 1m }
  - { id: never, title: Never, uses: test.echo }
`),
  );
  await expect.poll(() => calls).toBe(1);
  const [run] = await world.journal.runs();
  const runId = run?.id ?? '';
  const since = (await world.events(runId)).at(-1)?.seq ?? 0;
  await world.journal.append({
    runId,
    since,
    fence: null,
    drafts: [{ type: 'abort.requested', actor: 'person:bob', data: { reason: 'false alarm', by: 'bob' } }],
  });
  const { end, state } = await running;
  expect(end.status).toBe('aborted');
  expect(state.steps.get('slow')?.phase).toBe('skipped');
  expect(state.steps.has('never')).toBe(false);
  const events = await world.events(runId);
  expect(events.at(-1)?.type).toBe('run.ended');
});

test('a renewal that fails once is tried again, so that the run keeps its lease', async () => {
  const { journal } = world;
  const { renew } = journal;
  let renewals = 0;
  journal.renew = async (runId, fence) => {
    renewals += 1;
    if (renewals === 1) throw new RunbookError({ code: 'E_STORE_BUSY', message: 'locked for a moment' });
    return renew.call(journal, runId, fence);
  };
  const pending: { at: number; callback: () => void }[] = [];
  let now = 0;
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    after(ms, callback) {
      const timer = { at: now + ms, callback };
      pending.push(timer);
      return () => void pending.splice(pending.indexOf(timer), 1);
    },
  };
  const { runId } = await world.start(playbook('  - { id: ask, title: Ask, manual: Wait }\n'));
  const holder = { id: 'h', host: 'test', pid: process.pid, operator: 'tester' };
  const session = await RunSession.open({ journal, runId, clock, holder });
  const pass = async (): Promise<void> => {
    const next = pending.toSorted((a, b) => a.at - b.at)[0];
    if (!next) throw new Error('no timer');
    pending.splice(pending.indexOf(next), 1);
    now = next.at;
    const before = renewals;
    next.callback();
    await expect.poll(() => renewals).toBe(before + 1);
    await expect.poll(() => pending.length).toBe(1);
  };
  await pass();
  expect(session.lost.aborted).toBe(false);
  await pass();
  expect(now).toBe(11_000);
  await session.close();
});

/** The system's clock, with the timers that are still armed. */
function countingClock(): { readonly clock: Clock; readonly outstanding: ReadonlySet<object> } {
  const outstanding = new Set<object>();
  const clock: Clock = {
    ...systemClock,
    after(ms, callback) {
      const timer = {};
      outstanding.add(timer);
      const cancel = systemClock.after(ms, () => {
        outstanding.delete(timer);
        callback();
      });
      return () => {
        outstanding.delete(timer);
        cancel();
      };
    },
  };
  return { clock, outstanding };
}

test('a run that has ended leaves no timer behind that would keep the process alive', async () => {
  const { clock, outstanding } = countingClock();
  const yaml = playbook('  - { id: one, title: One, uses: test.echo, with: { value: one } }\n');
  const { state } = await world.start(yaml, { clock });
  expect(state.outcome).toBe('done');
  expect(outstanding.size).toBe(0);
});

test('a pause while only others are waited for leaves no timer behind that would keep the process alive', async () => {
  const { clock, outstanding } = countingClock();
  const pause = new AbortController();
  let asked = 0;
  const people: People = {
    ...nobody,
    manual: async () => {
      asked += 1;
      return { kind: 'later' };
    },
  };
  const yaml = playbook('  - { id: ask, title: Ask, manual: Wait }\n');
  const running = world.start(yaml, { pause: pause.signal, people, waitsForOthers: true, clock });
  await expect.poll(() => asked).toBe(1);
  // A turn for the question to be put aside.
  await new Promise((resolve) => setImmediate(resolve));
  pause.abort();
  expect((await running).end.isInterrupted).toBe(true);
  expect(outstanding.size).toBe(0);
});
