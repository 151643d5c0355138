// Runs playbooks through the real compiler, the real SQLite journal and the real executor; only the actions and the
// people are the test's own.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Action, type ActionContext, defineAction } from '../../engine/action.ts';
import type { JsonObject } from '../../engine/json.ts';
import { createPlaybookCompiler } from '../../engine/playbook/compile.ts';
import type { Plan } from '../../engine/playbook/plan.ts';
import { createRedactor } from '../../engine/redact.ts';
import { type Clock, systemClock } from '../../engine/run/clock.ts';
import { createRun } from '../../engine/run/create.ts';
import type { EngineOptions } from '../../engine/run/engine.ts';
import type { RunEvent } from '../../engine/run/events.ts';
import { evolve } from '../../engine/run/evolve.ts';
import { executeRun, type RunEnd } from '../../engine/run/executor.ts';
import { keptOutputs } from '../../engine/run/kept-outputs.ts';
import { nobody, type People } from '../../engine/run/people.ts';
import { createSecrets } from '../../engine/run/secrets.ts';
import type { Selection } from '../../engine/run/selection.ts';
import { RunSession } from '../../engine/run/session.ts';
import { initialState, type RunState } from '../../engine/run/state.ts';
import { createVault, sealNamed, type Vault } from '../../engine/run/vault.ts';
import type { Journal } from '../../engine/store/journal.ts';
import { openSqliteJournal } from '../../engine/store/sqlite/open.ts';

const playbookSchema = JSON.parse(readFileSync(new URL('../../schemas/playbook.schema.json', import.meta.url), 'utf8'));

/** An action that gives back what it got. */
export const echo = defineAction({
  name: 'test.echo',
  title: 'Echo',
  effect: 'read',
  idempotent: true,
  input: { type: 'object', properties: { value: { type: 'string' } }, additionalProperties: false },
  output: {
    type: 'object',
    properties: { value: { type: 'string' } },
    required: ['value'],
    additionalProperties: false,
  },
  async run({ value }) {
    return { value: value ?? '' };
  },
});

/** An action made of one function. */
export function act(run: (ctx: ActionContext) => Promise<unknown>, more: Partial<Action> = {}): Action {
  const action = defineAction({
    name: 'test.act',
    title: 'Act',
    effect: 'destructive',
    idempotent: true,
    input: {
      type: 'object',
      properties: { users: { type: 'array', items: { type: 'string' } } },
      additionalProperties: false,
    },
    output: {},
    async run(_input, ctx) {
      return (await run(ctx)) as never;
    },
  });
  return { ...action, ...more };
}

export interface World {
  readonly journal: Journal;
  readonly file: string;
  readonly actions: Map<string, Action>;
  /** Playbooks that others may call, by name: their YAML. */
  readonly playbooks: Map<string, string>;
  compile(yaml: string): Plan;
  start(yaml: string, options?: StartOptions): Promise<Started>;
  resume(runId: string, plan: Plan, options?: StartOptions): Promise<Started>;
  events(runId: string): Promise<RunEvent[]>;
  fold(runId: string): Promise<RunState>;
  close(): Promise<void>;
}
export interface StartOptions {
  readonly people?: People;
  readonly inputs?: JsonObject;
  readonly pause?: AbortSignal;
  readonly env?: { readonly [name: string]: string };
  readonly waitsForOthers?: boolean;
  readonly operator?: string;
  readonly settleWithinMs?: number;
  readonly clock?: Clock;
  readonly selection?: Selection;
  readonly contacts?: JsonObject;
  readonly confirmsEach?: boolean;
  /** The secrets this process has. Absent: those of the inputs for a start, none for a resume. */
  readonly vault?: Vault;
  /** In place of the world's own: one that breaks. */
  readonly journal?: Journal;
  /** More of the engine's options. */
  readonly engine?: Partial<EngineOptions>;
}
export interface Started {
  readonly runId: string;
  readonly plan: Plan;
  readonly end: RunEnd;
  readonly state: RunState;
}

export function openWorld(...actions: Action[]): Promise<World> {
  return openWorldIn(tmpdir(), ...actions);
}

/** With its store under this folder. */
export async function openWorldIn(parent: string, ...actions: Action[]): Promise<World> {
  const folder = mkdtempSync(join(parent, 'runbook-test-'));
  const file = join(folder, 'runs.db');
  const redactor = createRedactor();
  const journal = await openSqliteJournal({ file, redactor });
  const playbooks = new Map<string, string>();
  const called = {
    names: () => [...playbooks.keys()],
    read: (name: string) => {
      const text = playbooks.get(name);
      return text === undefined ? undefined : { text, file: `${name}.yaml` };
    },
  };
  const registry = new Map([echo, ...actions].map((action) => [action.name, action]));
  const compilePlaybook = createPlaybookCompiler({ playbookSchema });
  const compile = (yaml: string): Plan => {
    const name = /^name: (\S+)/m.exec(yaml)?.[1] ?? 'test';
    const { plan, diagnostics } = compilePlaybook({
      text: yaml,
      file: `${name}.yaml`,
      actions: registry,
      playbooks: called,
    });
    if (!plan)
      throw new Error(`does not compile: ${diagnostics.map((one) => `${one.code} ${one.message}`).join('\n')}`);
    return plan;
  };
  const events = async (runId: string): Promise<RunEvent[]> => {
    const all: RunEvent[] = [];
    for await (const event of journal.read(runId)) all.push(event);
    return all;
  };
  const fold = async (runId: string): Promise<RunState> => {
    const state = initialState();
    for (const event of await events(runId)) evolve(state, event);
    return state;
  };
  const openVault = (): Vault => createVault((name, value) => redactor.add(name, value));
  const execute = async (runId: string, plan: Plan, options: StartOptions): Promise<Started> => {
    const { clock = systemClock } = options;
    const store = options.journal ?? journal;
    const session = await RunSession.open({
      journal: store,
      runId,
      clock,
      keepsOutput: keptOutputs(plan),
      holder: { id: `test-${Math.random()}`, host: 'test', pid: process.pid, operator: 'tester' },
    });
    try {
      const end = await executeRun({
        plan,
        session,
        journal: store,
        redactor,
        vault: options.vault ?? openVault(),
        actions: registry,
        people: options.people ?? nobody,
        clock,
        random: Math.random,
        secrets: createSecrets({ env: options.env ?? {}, onResolved: (name, value) => redactor.add(name, value) }),
        env: options.env ?? {},
        pause: options.pause ?? new AbortController().signal,
        waitsForOthers: options.waitsForOthers ?? false,
        version: 'test',
        host: 'test',
        operator: options.operator ?? 'tester',
        pid: process.pid,
        ...(options.settleWithinMs === undefined ? {} : { settleWithinMs: options.settleWithinMs }),
        ...(options.confirmsEach === undefined ? {} : { confirmsEach: options.confirmsEach }),
        ...options.engine,
      });
      // The engine keeps only the outputs that are read; tests look at all.
      return { runId, plan, end, state: await fold(runId) };
    } finally {
      await session.close();
    }
  };
  return {
    journal,
    file,
    actions: registry,
    playbooks,
    compile,
    events,
    async start(yaml, options = {}) {
      const plan = compile(yaml);
      const vault = options.vault ?? openVault();
      const { runId } = await createRun({
        journal,
        plan,
        inputs: sealNamed(vault, plan.inputs, options.inputs ?? {}, 'inputs'),
        operator: 'tester',
        env: options.env ?? {},
        random: Math.random,
        version: 'test',
        ...(options.selection === undefined ? {} : { selection: options.selection }),
        ...(options.contacts === undefined ? {} : { contacts: options.contacts }),
      });
      return execute(runId, plan, { ...options, vault });
    },
    resume: (runId, plan, options = {}) => execute(runId, plan, options),
    fold,
    async close() {
      await journal.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A playbook around these steps; `steps` is YAML, indented by two. */
export function playbook(steps: string, top = ''): string {
  return `apiVersion: runbook/v1
name: test
title: Test
category: outage
severity: P2
${top}steps:
${steps}`;
}

/** The events of one type. */
export function ofType<T extends RunEvent['type']>(
  events: readonly RunEvent[],
  type: T,
): Extract<RunEvent, { type: T }>[] {
  return events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type);
}
