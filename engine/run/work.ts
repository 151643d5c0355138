// What the shell does for each command: one function a command, each ending in the event that answers it.
import { messageOf, RunbookError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import type { ActionStep, ManualStep, PlanNode } from '../playbook/plan.ts';
import { awaitApproval, requestStepApproval } from './approval-work.ts';
import { performAttempt } from './attempt.ts';
import { errorFact, isStoreError } from './attempt-end.ts';
import type { Command } from './decide.ts';
import type { Engine } from './engine.ts';
import type { RunEvent } from './events.ts';
import { digestOf } from './inputs.ts';
import { askManual, checkAnswer } from './manual.ts';
import { actorName } from './people.ts';
import { scopeFor } from './scope.ts';
import { fail, failStep } from './step-failure.ts';
import type { StopControl } from './stop.ts';

/** `parked`: nobody here answers; the command stays wished. */
export type WorkResult = 'finished' | 'parked';

/** Does the work of one command until its event is durable. `wake` is the loop's own. */
export async function perform(
  engine: Engine,
  command: Exclude<Command, { type: 'wake' | 'cancel' }>,
  control: StopControl,
): Promise<WorkResult> {
  switch (command.type) {
    case 'open':
      return finish(openStep(engine, nodeAt(engine, command.path)));
    case 'attempt':
      return finish(performAttempt(engine, actionAt(engine, command.path), command, control));
    case 'request-approval':
      return finish(requestStepApproval(engine, nodeAt(engine, command.path), control));
    case 'await-approval':
      return awaitApproval(engine, nodeAt(engine, command.path), command.request, control);
    case 'await-answer':
      return failingAlone(engine, command.path, () => askManual(engine, manualAt(engine, command.path), control));
    case 'accept-answer':
      return failingAlone(engine, command.path, () => finish(acceptAnswer(engine, manualAt(engine, command.path))));
    case 'await-decision':
      return awaitDecision(engine, nodeAt(engine, command.path), control);
    case 'fail':
      return finish(failStep(engine, nodeAt(engine, command.path), command.reason));
    case 'skip':
      return finish(
        engine.session.append({
          type: 'step.skipped',
          actor: 'engine',
          step: command.path,
          data: { reason: { kind: 'abort', text: engine.session.state.abort?.reason ?? 'the run is being aborted' } },
        }),
      );
    case 'close':
      return finish(
        engine.session.append({
          type: 'step.done',
          actor: 'engine',
          step: command.path,
          data: { durationMs: groupDuration(engine, command.path) },
        }),
      );
    case 'end': {
      const reason = engine.session.state.abort?.reason;
      return finish(
        engine.session.append({
          type: 'run.ending',
          actor: 'engine',
          data: { outcome: command.outcome, ...(reason === undefined ? {} : { reason }) },
        }),
      );
    }
    case 'finish':
      return finish(endRun(engine));
  }
}

/** Trouble of one step is that step's, under its `onFailure`; only the store's ends the loop. */
async function failingAlone(engine: Engine, path: string, work: () => Promise<WorkResult>): Promise<WorkResult> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof RunbookError) || isStoreError(thrown) || thrown.code === 'E_INTERNAL') throw thrown;
    await fail(engine, nodeAt(engine, path), errorFact(thrown));
    return 'finished';
  }
}

async function finish(work: Promise<unknown>): Promise<'finished'> {
  await work;
  return 'finished';
}

function nodeAt(engine: Engine, path: string): PlanNode {
  const node = engine.plan.nodes.get(path);
  if (node) return node;
  throw new RunbookError({ code: 'E_INTERNAL', message: `the plan has no step ${path}` });
}

function actionAt(engine: Engine, path: string): ActionStep {
  const node = nodeAt(engine, path);
  if (node.kind === 'uses') return node;
  throw new RunbookError({ code: 'E_INTERNAL', message: `${path} is no action step` });
}

function manualAt(engine: Engine, path: string): ManualStep {
  const node = nodeAt(engine, path);
  if (node.kind === 'manual') return node;
  throw new RunbookError({ code: 'E_INTERNAL', message: `${path} is no manual step` });
}

async function openStep(engine: Engine, node: PlanNode): Promise<void> {
  const { session } = engine;
  const place = { index: node.index, title: node.title };
  if (node.when) {
    let holds: unknown;
    try {
      holds = node.when.evaluate(await scopeFor(engine.scope, node.when));
    } catch (thrown) {
      await session.append({
        type: 'step.failed',
        actor: 'engine',
        step: node.path,
        data: { error: errorFact(thrown), onFailure: node.onFailure, ...place },
      });
      return;
    }
    if (holds !== true) {
      const reason = { kind: 'when', text: `when: ${node.when.source} is ${JSON.stringify(holds)}` } as const;
      await session.append({ type: 'step.skipped', actor: 'engine', step: node.path, data: { reason, ...place } });
      return;
    }
  }
  await session.append({ type: 'step.opened', actor: 'engine', step: node.path, data: { kind: node.kind, ...place } });
}

async function acceptAnswer(engine: Engine, node: ManualStep): Promise<void> {
  const answer = engine.session.state.steps.get(node.path)?.answer;
  if (!answer) return;
  const step = engine.session.state.steps.get(node.path);
  const granted = step?.approval?.granted;
  if (node.approval && granted?.inputsDigest !== digestOf(answer.fields)) {
    const data = {
      request: step?.approval?.request ?? 0,
      scope: 'all',
      reason: 'the answer is not the one approved',
    } as const;
    await engine.session.append({ type: 'approval.voided', actor: 'engine', step: node.path, data });
    return;
  }
  const checked = await checkAnswer(engine, node, answer.fields);
  if ('problems' in checked) {
    await fail(engine, node, {
      code: 'E_MANUAL_ANSWER',
      message: checked.problems.join('; '),
      hint: 'Answer it again',
    });
    return;
  }
  const opened = engine.session.state.steps.get(node.path)?.openedAt ?? '';
  await engine.session.append({
    type: 'step.done',
    actor: 'engine',
    step: node.path,
    data: {
      output: await engine.scope.outputs.store(checked.fields),
      durationMs: Math.max(0, engine.clock.now() - Date.parse(opened)),
      by: answer.by,
      ...(answer.note === undefined ? {} : { note: answer.note }),
    },
  });
}

async function awaitDecision(engine: Engine, node: PlanNode, control: StopControl): Promise<WorkResult> {
  const { session } = engine;
  const error = session.state.steps.get(node.path)?.error ?? { code: 'E_UNKNOWN', message: 'it failed' };
  const answer = await engine.people.failure(
    { path: node.path, title: node.title, error, needsOutput: node.isOutputRead },
    control.stop,
  );
  if (answer.kind === 'later' || control.stop.aborted) return 'parked';
  const by = actorName(answer.actor);
  const base = { actor: answer.actor, step: node.path } as const;
  const isDecided = (event: RunEvent): boolean => event.type === 'abort.requested';
  switch (answer.kind) {
    case 'retry':
      await session.appendUnless(isDecided, { ...base, type: 'step.reopened', data: { reason: answer.reason, by } });
      return 'finished';
    case 'skip':
      await session.appendUnless(isDecided, {
        ...base,
        type: 'step.skipped',
        data: { reason: { kind: 'person', text: `${by}: ${answer.reason}` } },
      });
      return 'finished';
    case 'abort':
      await session.append({ actor: answer.actor, type: 'abort.requested', data: { reason: answer.reason, by } });
      return 'finished';
    case 'done': {
      const output = answer.output === undefined ? {} : { output: await engine.scope.outputs.store(answer.output) };
      await session.appendUnless(isDecided, {
        ...base,
        type: 'step.done',
        data: { ...output, durationMs: 0, by, note: answer.reason },
      });
      return 'finished';
    }
  }
}

function groupDuration(engine: Engine, path: string): number {
  const opened = engine.session.state.steps.get(path)?.openedAt;
  return opened === undefined ? 0 : Math.max(0, engine.clock.now() - Date.parse(opened));
}

/** A run that was aborted has no outputs: what they would read may never have run. */
async function endRun(engine: Engine): Promise<void> {
  const outcome = engine.session.state.outcome ?? 'done';
  const outputs: { [name: string]: JsonObject[string] } = {};
  if (outcome === 'done') {
    for (const { name, value } of engine.plan.outputs) {
      try {
        outputs[name] = value.resolve(await scopeFor(engine.scope, value));
      } catch (thrown) {
        outputs[name] = { error: messageOf(thrown) };
      }
    }
  }
  await engine.session.append({ type: 'run.ended', actor: 'engine', data: { outcome, outputs } });
}
