// Random playbooks through the real compiler, SQLite journal and executor, cut off at random writes and calls as a kill
// would, and resumed: the end is that of an undisturbed run.
import { expect, test } from 'vitest';
import { defineAction } from '../../engine/action.ts';
import { RunbookError } from '../../engine/errors.ts';
import type { Json } from '../../engine/json.ts';
import { createRun } from '../../engine/run/create.ts';
import type { StoredOutput } from '../../engine/run/events.ts';
import { nobody, type People } from '../../engine/run/people.ts';
import type { RunState } from '../../engine/run/state.ts';
import type { Journal } from '../../engine/store/journal.ts';
import { fate, picker } from './core-model.ts';
import { openWorld, type World } from './harness.ts';
import { randomPlaybook } from './random-playbook.ts';

const RUNS = 40;
const FIRST_SEED = 20_261_124;

/** The outside: which targets were changed, how often, and a switch that cuts the process off from it. */
class Outside {
  readonly sent = new Map<string, number>();
  isCut = false;
}

function effectOn(outside: Outside, seed: number) {
  return defineAction({
    name: 'test.effect',
    title: 'Effect',
    effect: 'destructive',
    idempotent: true,
    input: {
      type: 'object',
      properties: { value: { type: 'string' }, targets: { type: 'integer' } },
      required: ['value', 'targets'],
      additionalProperties: false,
    },
    output: {
      type: 'object',
      properties: { value: { type: 'string' }, done: { type: 'integer' }, rounds: { type: 'integer' } },
      required: ['value', 'done', 'rounds'],
      additionalProperties: false,
    },
    async run({ value, targets }, ctx) {
      const { step, attempt } = ctx.run;
      await ctx.changes(
        {
          kind: 'thing',
          verb: 'change',
          after: { changed: true },
          targets: Array.from({ length: targets }, (_, n) => ({
            id: `${step}.${n}`,
            ...(fate(seed, `already ${step} ${n}`) < 0.2 ? { before: { changed: true } } : {}),
          })),
          batch: 2,
          concurrency: 2,
        },
        async (chunk) => {
          await Promise.resolve();
          if (outside.isCut) throw new Error('cut off');
          for (const { id } of chunk) outside.sent.set(id, (outside.sent.get(id) ?? 0) + 1);
          return undefined;
        },
      );
      if (outside.isCut) throw new Error('cut off');
      if (!ctx.planning && fate(seed, `fails ${step} ${attempt}`) < 0.25) throw new Error('it fails');
      const results = ctx.ledger();
      // Each round of `until` has changes of its own.
      const rounds = targets === 0 ? 3 : results.length / targets;
      return { value, done: results.filter((result) => result.outcome === 'done').length, rounds };
    },
  });
}

/** Answers by the seed and the step. */
function people(seed: number): People {
  const actor = 'person:tester';
  return {
    ...nobody,
    approval: async () => ({ kind: 'given', actor: 'person:other' }),
    failure: async ({ path }) => {
      if (fate(seed, `decides ${path}`) < 0.5) return { kind: 'skip', actor, reason: 'no use' };
      return { kind: 'done', actor, reason: 'by hand', output: { value: path, done: 0, rounds: 3 } };
    },
    output: async ({ path }) => ({ kind: 'given', actor, output: { value: path, done: 0, rounds: 3 } }),
  };
}

/** A journal that stops answering after so many writes, before or after the last one is kept. */
function cutAfter(journal: Journal, outside: Outside, writes: number, keepsLast: boolean): Journal {
  let left = writes;
  const dead = new RunbookError({ code: 'E_STORE_CUT', message: 'the process was killed' });
  return new Proxy(journal, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      if (key !== 'append') return value.bind(target);
      return async (request: Parameters<Journal['append']>[0]) => {
        if (outside.isCut) throw dead;
        left -= 1;
        if (left > 0) return target.append(request);
        outside.isCut = true;
        if (keepsLast) await target.append(request);
        throw dead;
      };
    },
  });
}

function endOf(state: RunState): Json {
  const steps = [...state.steps].map(([path, step]) => [path, step.phase, outputOf(step.output)]);
  const changes = [...state.changes].map(([path, ledger]) => [
    path,
    [...ledger.values()].map((change) => `${change.id} ${change.outcome}`).sort(),
  ]);
  const byPath = (a: unknown[], b: unknown[]): number => (String(a[0]) < String(b[0]) ? -1 : 1);
  return { outcome: state.outcome, steps: steps.sort(byPath), changes: changes.sort(byPath) } as Json;
}

function outputOf(output: StoredOutput | undefined): Json {
  return output !== undefined && 'value' in output ? output.value : null;
}

async function undisturbed(text: string, seed: number): Promise<{ end: Json; sent: Map<string, number> }> {
  const outside = new Outside();
  const world = await openWorld(effectOn(outside, seed));
  try {
    const { end, state } = await world.start(text, { people: people(seed) });
    expect(end.status, end.waitsFor.join('; ')).toBe('done');
    return { end: endOf(state), sent: outside.sent };
  } finally {
    await world.close();
  }
}

/** Cut off again and again, each time resumed by what would be a new process. */
async function cutAgainAndAgain(text: string, seed: number, world: World, outside: Outside): Promise<number> {
  const plan = world.compile(text);
  const chance = picker(seed);
  const { journal } = world;
  const { runId } = await createRun({
    journal,
    plan,
    inputs: {},
    operator: 'tester',
    env: {},
    random: Math.random,
    version: 'test',
  });
  for (let cuts = 0; cuts < 60; cuts += 1) {
    outside.isCut = false;
    // The first process to get far enough without being cut ends the run.
    const dying = cutAfter(journal, outside, 2 + Math.floor(chance() * 14), chance() < 0.5);
    try {
      const { end } = await world.resume(runId, plan, { people: people(seed), journal: dying });
      expect(end.status, end.waitsFor.join('; ')).toBe('done');
      return cuts;
    } catch (error) {
      if (!(error instanceof RunbookError) || error.code !== 'E_STORE_CUT') throw error;
    }
  }
  outside.isCut = false;
  const { end } = await world.resume(runId, plan, { people: people(seed) });
  expect(end.status, end.waitsFor.join('; ')).toBe('done');
  return 60;
}

test(`${RUNS} random playbooks, cut off at random writes, end as if nothing had happened`, async () => {
  let cuts = 0;
  for (let n = 0; n < RUNS; n += 1) {
    const seed = FIRST_SEED + n;
    const text = randomPlaybook(seed);
    const whole = await undisturbed(text, seed);
    const outside = new Outside();
    const world = await openWorld(effectOn(outside, seed));
    try {
      cuts += await cutAgainAndAgain(text, seed, world, outside);
      const [run] = await world.journal.runs();
      const state = await world.fold(run?.id ?? '');
      expect(endOf(state), `seed ${seed}\n${text}`).toEqual(whole.end);
      expect([...outside.sent.keys()].sort(), `seed ${seed}`).toEqual([...whole.sent.keys()].sort());
    } finally {
      await world.close();
    }
  }
  console.log(`${RUNS} playbooks, ${cuts} cuts, differences 0`);
}, 600_000);
