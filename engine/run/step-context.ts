// The context of one step's action, for an attempt and for an approval's plan alike.
import type { Action } from '../action.ts';
import { RunbookError } from '../errors.ts';
import type { Json, JsonObject } from '../json.ts';
import type { ActionStep } from '../playbook/plan.ts';
import { findRedactionMarker } from '../redact.ts';
import type { ArtifactStore } from './artifacts.ts';
import { type ContextOptions, createContext, type OpenContext } from './context.ts';
import { allowedReads } from './declared-reads.ts';
import { type Engine, effectOf, runFacts } from './engine.ts';
import { countNothing, limitCounter } from './limits.ts';
import { isUndoPath } from './paths.ts';
import { type ProtectRules, stricterLimits } from './rules.ts';
import { scopeFor } from './scope.ts';
import type { StepState } from './state.ts';
import type { StepLedger } from './step-ledger.ts';
import type { StopControl } from './stop.ts';
import { templatesFor } from './templates.ts';

export interface StepContextOptions extends Pick<ContextOptions, 'onProgress' | 'onLog'> {
  readonly node: ActionStep;
  readonly action: Action;
  readonly step: StepState;
  /** What the action is given; absent where only its reader is asked: then those of the last attempt, as they were shown. */
  readonly inputs?: Json;
  readonly ledger: StepLedger;
  readonly control: StopControl;
}

const NOTHING_PROTECTED: ProtectRules = { ids: [], emails: [], domains: [], metadata: [] };

/** @throws E_STEP_TARGET, E_INPUT_REDACTED, E_EXPRESSION */
export async function openStepContext(engine: Engine, options: StepContextOptions): Promise<OpenContext> {
  const { node, action, step, ledger, control, onProgress, onLog } = options;
  const target = await resolveTarget(engine, node);
  const limits = stricterLimits(engine.plan.limits, engine.rules?.limits ?? {});
  // What takes changes back touches nobody new. A plan is asked nothing, but its sums need to know whom it would touch.
  const isLimited = !isUndoPath(step.path);
  const isCounted = isLimited && !ledger.isPlanning;
  const { allowances } = engine.session.state;
  const opened = createContext({
    action,
    effect: effectOf(action, node),
    ...(target === undefined ? {} : { target }),
    reads: allowedReads(action.reads, options.inputs ?? step.lastInputs),
    run: runFacts(engine, step, ledger),
    ledger,
    protect: engine.rules?.protect ?? NOTHING_PROTECTED,
    count: isCounted ? limitCounter({ limits, allowances, touched: engine.touched }) : countNothing,
    wantsOwners: (kind) => isLimited && [...limits.keys()].some((limited) => limited !== kind),
    isRedacted: (text) => engine.redactor.text(text) !== text,
    secrets: engine.secrets,
    database: engine.database,
    env: engine.env,
    clock: engine.clock,
    stop: control.stop,
    cut: control.cut,
    onSleep: (isAsleep) => control.noteSleep(isAsleep),
    proveLease: () => engine.session.proveLease(),
    artifacts: artifactStore(engine, step.path, action.name),
    checkpoint: {
      last: () => step.checkpoint,
      save: async (cursor) => {
        await engine.session.append({ type: 'step.checkpoint', actor: 'engine', step: step.path, data: { cursor } });
      },
    },
    template: templatesFor(engine),
    onProgress,
    onLog,
  });
  return opened.ctx.run.isDrill && opened.ctx.effect !== 'read' ? announcingProcesses(opened) : opened;
}

/** @param by the action that keeps and reads. */
function artifactStore({ session, journal, redactor }: Engine, ownStep: string, by: string): ArtifactStore {
  return {
    openBlob: () => journal.openBlob(session.runId),
    redact: (text) => redactor.text(text),
    async keep({ purpose, ...file }) {
      const { blob, sizeBytes, mediaType, name } = file;
      const data = { evidence: [{ blob, sizeBytes, mediaType, name }], by };
      await session.append({
        type: 'artifact.kept',
        actor: 'engine',
        step: ownStep,
        data: purpose === 'undo' ? { ...data, purpose } : data,
      });
    },
    async *read(name, step = ownStep) {
      const files = session.state.artifacts.get(step);
      const file = files?.get(name);
      if (file === undefined) {
        const known = [...(files?.keys() ?? [])].slice(0, 5);
        throw new RunbookError({
          code: 'E_ARTIFACT_UNKNOWN',
          message: `${by}: the step ${step} of this run has kept no file ${name}`,
          hint:
            known.length === 0
              ? `It has kept none; \`runbook evidence ${session.runId}\` lists those of the run`
              : `It has kept ${known.join(', ')}`,
        });
      }
      yield* journal.readBlob(session.runId, file.blob);
    },
  };
}

/** A drill has a world for requests and none for processes: what one of them changes is changed for real. */
function announcingProcesses(opened: OpenContext): OpenContext {
  const { ctx } = opened;
  return {
    ...opened,
    ctx: {
      ...ctx,
      exec(file, args, options) {
        ctx.log(`starts ${file} for real: a drill has no world for processes`);
        return ctx.exec(file, args, options);
      },
    },
  };
}

async function resolveTarget(engine: Engine, node: ActionStep): Promise<{ kind: string; id: string } | undefined> {
  if (!node.target) return undefined;
  const value = node.target.resolve(await scopeFor(engine.scope, node, node.target));
  const { kind, id } = (value ?? {}) as JsonObject;
  const marker = findRedactionMarker(value);
  if (marker !== undefined) {
    throw new RunbookError({
      code: 'E_INPUT_REDACTED',
      message: `${node.path}: the target's ${marker} holds a redacted value, which names nothing`,
      hint: 'Name the target by an id that is no secret',
      location: node.target.location,
    });
  }
  if (typeof kind === 'string' && typeof id === 'string') return { kind, id };
  throw new RunbookError({
    code: 'E_STEP_TARGET',
    message: `\`target\` must give ${typeof kind === 'string' ? '' : '`kind`'}${typeof kind === 'string' || typeof id === 'string' ? '' : ' and '}${typeof id === 'string' ? '' : '`id`'} as text`,
    hint: 'Convert what is none: string(x)',
    location: node.target.location,
  });
}
