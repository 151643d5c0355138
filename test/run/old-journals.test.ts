// Journals as earlier versions wrote them: they fold to the end they had, and at any point of theirs the run could go on.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { builtInActions } from '../../actions/index.ts';
import type { JsonObject } from '../../engine/json.ts';
import { createPlaybookCompiler } from '../../engine/playbook/compile.ts';
import { decide } from '../../engine/run/decide.ts';
import type { RunEvent } from '../../engine/run/events.ts';
import { evolve } from '../../engine/run/evolve.ts';
import { initialState, isFinal, runStatus } from '../../engine/run/state.ts';
import { upcast } from '../../engine/store/upcast.ts';

const folder = new URL('../fixtures/journals/', import.meta.url);
const schema = new URL('../../schemas/playbook.schema.json', import.meta.url);
const compile = createPlaybookCompiler({ playbookSchema: JSON.parse(readFileSync(schema, 'utf8')) });
const actions = new Map(builtInActions.map((action) => [action.name, action]));

test.each(readdirSync(folder))('%s folds to the end it had, and could be gone on with at any event', (file) => {
  const lines = readFileSync(new URL(file, folder), 'utf8').trimEnd().split('\n');
  const events = lines.map((line) => {
    const event = JSON.parse(line) as RunEvent & { readonly data: JsonObject };
    // As the store reads it.
    return { ...event, ...upcast(event) } as RunEvent;
  });
  const [first] = events;
  if (first?.type !== 'run.created') throw new Error('it does not begin with run.created');
  const { text, file: name } = first.data.playbook;
  const { plan, diagnostics } = compile({ text, file: name, actions });
  if (!plan) throw new Error(diagnostics.map((one) => one.message).join('; '));
  const state = initialState();
  for (const event of events) {
    evolve(state, event);
    const isOver = state.endedAt !== null;
    expect(decide(plan, state).length > 0, `after event ${event.seq}`).toBe(!isOver);
  }
  expect(runStatus(state)).toBe('done');
  expect([...state.steps.values()].filter((step) => !isFinal(step.phase))).toEqual([]);
  expect([...state.changes.values()].reduce((sum, ledger) => sum + ledger.size, 0)).toBeGreaterThan(50);
});
