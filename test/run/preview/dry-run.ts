// Plans of playbooks written in a test, with the real compiler and the real planner; only the actions are the test's own.
import { readFileSync } from 'node:fs';
import { type Action, type ActionContext, defineAction } from '../../../engine/action.ts';
import type { JsonObject } from '../../../engine/json.ts';
import { createPlaybookCompiler } from '../../../engine/playbook/compile.ts';
import type { Plan } from '../../../engine/playbook/plan.ts';
import { createRedactor } from '../../../engine/redact.ts';
import { systemClock } from '../../../engine/run/clock.ts';
import { type PreviewOptions, preview } from '../../../engine/run/preview/preview.ts';
import type { PlannedStep, PlanResult } from '../../../engine/run/preview/result.ts';
import { createSecrets } from '../../../engine/run/secrets.ts';
import { createVault, sealNamed } from '../../../engine/run/vault.ts';
import { act, echo, playbook } from '../harness.ts';

const schema = JSON.parse(readFileSync(new URL('../../../schemas/playbook.schema.json', import.meta.url), 'utf8'));
const compile = createPlaybookCompiler({ playbookSchema: schema });

/** Reads: gives what its `give` says, or what the function makes of it. */
export const reader = (name: string, read: (ctx: ActionContext) => Promise<JsonObject>): Action => ({
  ...defineAction({
    name,
    title: name,
    effect: 'read',
    idempotent: true,
    input: { type: 'object', properties: { value: {} } },
    output: {
      type: 'object',
      properties: { users: { type: 'array', items: { type: 'string' } }, count: { type: 'integer' } },
      required: ['users', 'count'],
      additionalProperties: false,
    },
    async run(_input, ctx) {
      return (await read(ctx)) as never;
    },
  }),
});

/** Changes: bans each of `users`; `already` are so before. Its callback must never run in a plan. */
export const banner = (
  already: readonly string[] = [],
  owner?: string,
  perform: () => Promise<undefined> = async () => {
    throw new Error('a plan ran the callback of a change');
  },
): Action =>
  defineAction({
    name: 'test.ban',
    title: 'Ban',
    effect: 'destructive',
    idempotent: true,
    isUndoable: true,
    input: {
      type: 'object',
      properties: { users: { type: 'array', items: { type: 'string' } } },
      required: ['users'],
      additionalProperties: false,
    },
    output: {
      type: 'object',
      properties: { banned: { type: 'integer' } },
      required: ['banned'],
      additionalProperties: false,
    },
    async run({ users }, ctx) {
      const targets = users.map((id) => ({
        id,
        before: { banned: already.includes(id) },
        ...(owner === undefined ? {} : { owner: { kind: 'org', id: owner } }),
      }));
      const results = await ctx.changes({ kind: 'user', verb: 'ban', after: { banned: true }, targets }, perform);
      return { banned: results.filter(({ outcome }) => outcome === 'done').length };
    },
  });

export interface DryRun extends Partial<Omit<PreviewOptions, 'plan' | 'actions'>> {
  readonly actions?: readonly Action[];
  /** Playbooks that it calls, by name. */
  readonly calls?: { readonly [name: string]: string };
}

export function compiled(yaml: string, { actions = [], calls = {} }: DryRun = {}): Plan {
  const registry = registryOf(actions);
  const playbooks = {
    names: () => Object.keys(calls),
    read: (name: string) => {
      const text = calls[name];
      return text === undefined ? undefined : { text, file: `${name}.yaml` };
    },
  };
  const { plan, diagnostics } = compile({
    text: yaml,
    file: `${/^name: (\S+)/m.exec(yaml)?.[1]}.yaml`,
    actions: registry,
    playbooks,
  });
  if (plan) return plan;
  throw new Error(
    `does not compile:\n${diagnostics.map((one) => `${one.code} ${one.message} at ${one.location.line}`).join('\n')}`,
  );
}

function registryOf(actions: readonly Action[]): Map<string, Action> {
  return new Map([echo, ...actions].map((action) => [action.name, action]));
}

export async function dryRun(yaml: string, options: DryRun = {}): Promise<PlanResult> {
  const redactor = createRedactor();
  const { actions = [], calls: _calls, env = {}, inputs = {}, ...rest } = options;
  const plan = compiled(yaml, options);
  const vault = createVault((name, value) => redactor.add(name, value));
  return preview({
    plan,
    actions: registryOf(actions),
    inputs: sealNamed(vault, plan.inputs, inputs, 'inputs'),
    vault,
    redactor,
    env,
    secrets: createSecrets({ env, onResolved: (name, value) => redactor.add(name, value) }),
    clock: systemClock,
    random: () => 0.5,
    operator: 'tester',
    version: 'test',
    ...rest,
  });
}

/** Every step of a plan, by its path. */
export function byPath(result: PlanResult): ReadonlyMap<string, PlannedStep> {
  const found = new Map<string, PlannedStep>();
  const visit = (step: PlannedStep): void => {
    found.set(step.path, step);
    for (const inside of step.steps) visit(inside);
  };
  for (const step of result.steps) visit(step);
  if (result.finally) visit(result.finally);
  return found;
}

export function verdicts(result: PlanResult): { readonly [path: string]: string } {
  return Object.fromEntries(
    [...byPath(result)].map(([path, { verdict, isMaybe }]) => [path, isMaybe ? `${verdict}?` : verdict]),
  );
}

export { act, playbook };
