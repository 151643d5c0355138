// What the shell does for each command: one function a command, each ending in the event that answers it.
import { messageOf, RunbookError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import type { ActionStep, ManualStep, PlanNode } from '../playbook/plan.ts';
import { abortOf } from './aborts.ts';
import { awaitApproval, requestStepApproval } from './approval-work.ts';
import { performAttempt } from './attempt.ts';
import { errorFact } from './attempt-end.ts';
import { closeStep } from './close-step.ts';
import type { Command, Cut } from './commands.ts';
import { awaitDecision, awaitDoubt, awaitOutput } from './decisions.ts';
import type { Engine } from './engine.ts';
import type { SkipReason } from './events.ts';
import { askManual, checkSealedAnswer } from './manual.ts';
import { openStep } from './open-step.ts';
import { scopeFor } from './scope.ts';
import { lookAtOpenChanges, lookAtWhatPeopleEnded } from './settle-open.ts';
import { fail, failStep } from './step-failure.ts';
import type { StopControl } from './stop.ts';
import { isStoreError } from './store-error.ts';
import { awaitTemporary, nextUndo } from './undo.ts';
import { nodeOf } from './undo-node.ts';

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
      return openStep(engine, stepAt(engine, command.path), command.index, control);
    case 'attempt':
      return performAttempt(engine, actionAt(engine, command.path), command, control);
    case 'request-approval':
      return requestStepApproval(engine, stepAt(engine, command.path), control);
    case 'await-approval':
      return awaitApproval(engine, stepAt(engine, command.path), command.request, control);
    case 'await-answer':
      return failingAlone(engine, command.path, () => askManual(engine, manualAt(engine, command.path), control));
    case 'accept-answer':
      return failingAlone(engine, command.path, () => finish(acceptAnswer(engine, manualAt(engine, command.path))));
    case 'await-decision':
      return awaitDecision(engine, stepAt(engine, command.path), control);
    case 'await-output':
      return awaitOutput(engine, stepAt(engine, command.path), control);
    case 'await-doubt':
      return awaitDoubt(engine, stepAt(engine, command.path), control);
    case 'await-temporary':
      return awaitTemporary(engine, stepAt(engine, command.path), control);
    case 'next-undo':
      return finish(nextUndo(engine, command.undo));
    case 'fail':
      return finish(failStep(engine, stepAt(engine, command.path), command.reason, control.stop));
    case 'skip':
      return finish(skipCut(engine, command.path, command.reason, control.stop));
    case 'close':
      return failingAlone(engine, command.path, () => finish(closeStep(engine, stepAt(engine, command.path))));
    case 'end': {
      await lookAtWhatPeopleEnded(engine, control.stop);
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
    await fail(engine, stepAt(engine, path), errorFact(thrown));
    return 'finished';
  }
}

async function finish(work: Promise<unknown>): Promise<'finished'> {
  await work;
  return 'finished';
}

function stepAt(engine: Engine, path: string): PlanNode {
  const node = nodeOf(engine.plan, engine.session.state, path);
  if (node) return node;
  throw new RunbookError({ code: 'E_INTERNAL', message: `the plan has no step ${path}` });
}

async function skipCut(engine: Engine, path: string, cut: Cut, stop: AbortSignal): Promise<void> {
  const { state } = engine.session;
  await lookAtOpenChanges(engine, path, stop);
  const abort = abortOf(state, path)?.reason;
  const reason: SkipReason =
    cut === 'abort'
      ? { kind: cut, text: abort ?? 'the run is being aborted' }
      : { kind: cut, text: 'the group around it ran out of time' };
  await engine.session.append({ type: 'step.skipped', actor: 'engine', step: path, data: { reason } });
}

function actionAt(engine: Engine, path: string): ActionStep {
  const node = stepAt(engine, path);
  if (node.kind === 'uses') return node;
  throw new RunbookError({ code: 'E_INTERNAL', message: `${path} is no action step` });
}

function manualAt(engine: Engine, path: string): ManualStep {
  const node = stepAt(engine, path);
  if (node.kind === 'manual') return node;
  throw new RunbookError({ code: 'E_INTERNAL', message: `${path} is no manual step` });
}

async function acceptAnswer(engine: Engine, node: ManualStep): Promise<void> {
  const answer = engine.session.state.steps.get(node.path)?.answer;
  if (!answer) return;
  const checked = await checkSealedAnswer(engine, node, answer.fields);
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

/** A run that was aborted has no outputs: what they would read may never have run. */
async function endRun(engine: Engine): Promise<void> {
  const outcome = engine.session.state.outcome ?? 'done';
  const outputs: { [name: string]: JsonObject[string] } = {};
  const absent: { [name: string]: string } = {};
  if (outcome === 'done') {
    for (const { name, value } of engine.plan.outputs) {
      try {
        outputs[name] = value.resolve(await scopeFor(engine.scope, { path: '', unit: '' }, value));
      } catch (thrown) {
        absent[name] = messageOf(thrown);
      }
    }
  }
  await engine.session.append({
    type: 'run.ended',
    actor: 'engine',
    data: { outcome, outputs, ...(Object.keys(absent).length === 0 ? {} : { absent }) },
  });
}
