// The context of one step's action, for an attempt and for an approval's plan alike.
import type { Action } from '../action.ts';
import { RunbookError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import type { ActionStep } from '../playbook/plan.ts';
import { findRedactionMarker } from '../redact.ts';
import type { ArtifactFile } from './artifacts.ts';
import { type ContextOptions, createContext, type OpenContext } from './context.ts';
import { type Engine, effectOf, runFacts } from './engine.ts';
import { countNothing, limitCounter } from './limits.ts';
import { isUndoPath } from './paths.ts';
import { type ProtectRules, stricterLimits } from './rules.ts';
import { scopeFor } from './scope.ts';
import type { StepState } from './state.ts';
import type { StepLedger } from './step-ledger.ts';
import type { StopControl } from './stop.ts';

export interface StepContextOptions extends Pick<ContextOptions, 'onProgress' | 'onLog'> {
  readonly node: ActionStep;
  readonly action: Action;
  readonly step: StepState;
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
    run: runFacts(engine, step, ledger),
    ledger,
    protect: engine.rules?.protect ?? NOTHING_PROTECTED,
    count: isCounted ? limitCounter({ limits, allowances, touched: engine.touched }) : countNothing,
    wantsOwners: (kind) => isLimited && [...limits.keys()].some((limited) => limited !== kind),
    isRedacted: (text) => engine.redactor.text(text) !== text,
    secrets: engine.secrets,
    env: engine.env,
    clock: engine.clock,
    stop: control.stop,
    cut: control.cut,
    onSleep: (isAsleep) => control.noteSleep(isAsleep),
    proveLease: () => engine.session.proveLease(),
    keepArtifact: (file) => keepArtifact(engine, step.path, action.name, file),
    onProgress,
    onLog,
  });
  return opened.ctx.run.isDrill && opened.ctx.effect !== 'read' ? announcingProcesses(opened) : opened;
}

/** Text is redacted as a whole, so that no secret hides across two writes; what is no text is kept as it is. */
async function keepArtifact(
  { session, journal, redactor }: Engine,
  step: string,
  by: string,
  { name, mediaType, bytes }: ArtifactFile,
): Promise<void> {
  const isText = /^text\/|json/.test(mediaType);
  const kept = isText ? Buffer.from(redactor.text(Buffer.from(bytes).toString('utf8'))) : bytes;
  const blob = await journal.putBlob(session.runId, kept);
  const evidence = [{ blob, sizeBytes: kept.length, mediaType, name }];
  await session.append({ type: 'artifact.kept', actor: 'engine', step, data: { evidence, by } });
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
