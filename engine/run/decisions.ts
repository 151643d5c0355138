// What a person decides about a step that cannot go on by itself: a failure, an output that is wanted, a doubt.
import type { Json } from '../json.ts';
import type { PlanNode } from '../playbook/plan.ts';
import { problemText } from '../playbook/validate-value.ts';
import { changeKey } from './change-views.ts';
import { actionOf, type Engine } from './engine.ts';
import type { Draft, RunEvent } from './events.ts';
import { actorName, type FailureRequest } from './people.ts';
import { lookAtOpenChanges } from './settle-open.ts';
import { needsOutputOf } from './step-readers.ts';
import type { StopControl } from './stop.ts';
import { seal } from './vault.ts';

type Work = 'finished' | 'parked';

export async function awaitDecision(engine: Engine, node: PlanNode, control: StopControl): Promise<Work> {
  const { session } = engine;
  const answer = await engine.people.failure(failureRequest(engine, node), control.stop);
  if (answer.kind === 'later' || control.stop.aborted) return 'parked';
  const by = actorName(answer.actor);
  const base = { actor: answer.actor, step: node.path } as const;
  const isDecided = (event: RunEvent): boolean => event.type === 'abort.requested';
  const needsOutput = needsOutputOf(node) ? { needsOutput: true as const } : {};
  // It ends: what became of its changes is to be known before.
  if (answer.kind === 'skip' || answer.kind === 'done') await lookAtOpenChanges(engine, node.path, control.stop);
  switch (answer.kind) {
    case 'retry': {
      const { reason, inputs } = answer;
      const data = { reason, by, ...(inputs === undefined ? {} : { inputs }) };
      await session.appendUnless(isDecided, { ...base, type: 'step.reopened', data });
      return 'finished';
    }
    case 'skip': {
      const reason = { kind: 'person', text: `${by}: ${answer.reason}` } as const;
      await session.appendUnless(isDecided, { ...base, type: 'step.skipped', data: { reason, ...needsOutput } });
      return 'finished';
    }
    case 'abort':
      await session.append({ actor: answer.actor, type: 'abort.requested', data: { reason: answer.reason, by } });
      return 'finished';
    case 'done': {
      const hasOutput = answer.output !== undefined && outputProblems(engine, node, answer.output).length === 0;
      const output =
        hasOutput && answer.output !== undefined
          ? { output: await engine.scope.outputs.store(sealOutput(engine, node, answer.output)) }
          : needsOutput;
      const data = { durationMs: 0, by, note: answer.reason, ...output };
      await session.appendUnless(isDecided, { ...base, type: 'step.done', data });
      return 'finished';
    }
  }
}

function failureRequest(engine: Engine, node: PlanNode): FailureRequest {
  const step = engine.session.state.steps.get(node.path);
  return {
    path: node.path,
    title: step?.title ?? node.title,
    error: step?.error ?? { code: 'E_UNKNOWN', message: 'it failed' },
    needsOutput: needsOutputOf(node),
    ...(node.output === undefined ? {} : { output: node.output }),
    ...(node.kind === 'uses' && step?.lastInputs !== undefined
      ? { inputs: { value: step.lastInputs, schema: actionOf(engine, node).input } }
      : {}),
    ...(node.path === '' ? { isRun: true } : {}),
  };
}

/** What keeps a value from being this step's output, a line a problem. */
export function outputProblems(engine: Pick<Engine, 'validator'>, node: PlanNode, output: Json): readonly string[] {
  return engine.validator.validate(node.output ?? {}, output).map((problem) => problemText(problem, 'the output'));
}

/** What is secret in an output that a person gives goes the way of the action's own. */
function sealOutput({ vault }: Engine, node: PlanNode, output: Json): Json {
  return seal(vault, node.output ?? {}, output, node.path);
}

export async function awaitOutput(engine: Engine, node: PlanNode, control: StopControl): Promise<Work> {
  const { session } = engine;
  const check = (output: Json): readonly string[] => outputProblems(engine, node, output);
  const request = { path: node.path, title: node.title, schema: node.output ?? {}, check };
  const answer = await engine.people.output(request, control.stop);
  if (answer.kind === 'later' || control.stop.aborted || check(answer.output).length > 0) return 'parked';
  const draft: Draft = {
    type: 'output.given',
    actor: answer.actor,
    step: node.path,
    data: {
      output: await engine.scope.outputs.store(sealOutput(engine, node, answer.output)),
      by: actorName(answer.actor),
    },
  };
  await session.appendUnless((event) => event.step === node.path && event.type === 'output.given', draft);
  return 'finished';
}

/** One doubt at a time: what was found out about one may answer the next. */
export async function awaitDoubt(engine: Engine, node: PlanNode, control: StopControl): Promise<Work> {
  const { session } = engine;
  const step = session.state.steps.get(node.path);
  const doubt = step?.doubts[0];
  if (!step || !doubt) return 'finished';
  const ledger = session.state.changes.get(node.path);
  const changes = doubt.ids.flatMap((id) => ledger?.get(changeKey({ ...doubt, id })) ?? []);
  const answer = await engine.people.doubt({ path: node.path, title: step.title, doubt, changes }, control.stop);
  if (answer.kind === 'later' || control.stop.aborted) return 'parked';
  const { kind, verb, key, round } = doubt;
  const ids = answer.ids?.filter((id) => doubt.ids.includes(id)) ?? doubt.ids;
  const named = { kind, verb, round, ...(key === undefined ? {} : { key }) };
  const draft: Draft = {
    type: 'doubt.resolved',
    actor: answer.actor,
    step: node.path,
    data: { ...named, ids, choice: answer.kind, reason: answer.reason, by: actorName(answer.actor) },
  };
  await session.appendUnless((event) => event.step === node.path && event.type === 'doubt.resolved', draft);
  return 'finished';
}
