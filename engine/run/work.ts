// What the shell does for each command: one function a command, each ending in the event that answers it.
import { messageOf, RunbookError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import type { ActionStep, ManualStep, PlanNode } from '../playbook/plan.ts';
import { approvalProblem, requestApproval } from './approvals.ts';
import { errorFact, performAttempt, timeoutError } from './attempt.ts';
import type { Command } from './decide.ts';
import type { Engine } from './engine.ts';
import type { Draft, ErrorFact, RunEvent } from './events.ts';
import { askManual, checkAnswer } from './manual.ts';
import { actorName } from './people.ts';
import { scopeFor } from './scope.ts';
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
      return askManual(engine, manualAt(engine, command.path), control);
    case 'accept-answer':
      return finish(acceptAnswer(engine, manualAt(engine, command.path)));
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

async function requestStepApproval(engine: Engine, node: PlanNode, control: StopControl): Promise<void> {
  if (node.kind === 'group') return;
  try {
    await requestApproval(engine, node, control);
  } catch (thrown) {
    if (!(thrown instanceof RunbookError) || thrown.code.startsWith('E_STORE_') || thrown.code === 'E_LEASE_LOST')
      throw thrown;
    // Its inputs cannot be resolved: the step fails like an attempt would.
    await fail(engine, node, errorFact(thrown));
  }
}

async function awaitApproval(
  engine: Engine,
  node: PlanNode,
  request: number,
  control: StopControl,
): Promise<WorkResult> {
  const { session } = engine;
  const pending = session.state.steps.get(node.path)?.approval?.pending;
  if (node.kind === 'group' || !pending) return 'finished';
  const answer = await engine.people.approval({ step: node, path: node.path, request: pending }, control.stop);
  if (answer.kind === 'later' || control.stop.aborted) return 'parked';
  const by = actorName(answer.actor);
  const problem = approvalProblem(session.state, node.path, { name: by, role: answer.role });
  if (problem !== null) throw new RunbookError({ code: 'E_APPROVAL_REFUSED', message: problem });
  const role = answer.role === undefined ? {} : { role: answer.role };
  const isAboutThis = (event: RunEvent): boolean =>
    event.step === node.path && (event.type === 'approval.given' || event.type === 'approval.denied');
  const draft: Draft =
    answer.kind === 'given'
      ? {
          type: 'approval.given',
          actor: answer.actor,
          step: node.path,
          data: { request, by, ...role, ...(answer.note === undefined ? {} : { note: answer.note }) },
        }
      : {
          type: 'approval.denied',
          actor: answer.actor,
          step: node.path,
          data: { request, by, ...role, reason: answer.reason },
        };
  await session.appendUnless(isAboutThis, draft);
  return 'finished';
}

async function acceptAnswer(engine: Engine, node: ManualStep): Promise<void> {
  const answer = engine.session.state.steps.get(node.path)?.answer;
  if (!answer) return;
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

async function failStep(engine: Engine, node: PlanNode, reason: 'attempts' | 'timeout' | 'abort'): Promise<void> {
  const known = engine.session.state.steps.get(node.path)?.error;
  const error =
    reason === 'timeout' && node.kind === 'uses'
      ? timeoutError(node)
      : (known ?? { code: 'E_UNKNOWN', message: 'it failed' });
  if (reason === 'abort') {
    await engine.session.append({
      type: 'step.failed',
      actor: 'engine',
      step: node.path,
      data: { error, onFailure: 'abort' },
    });
    return;
  }
  await fail(engine, node, error);
}

async function fail(engine: Engine, node: PlanNode, error: ErrorFact): Promise<void> {
  await engine.session.append({
    type: 'step.failed',
    actor: 'engine',
    step: node.path,
    data: { error, onFailure: node.onFailure },
  });
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
