import { resolve } from 'node:path';
import { messageOf, RunbookError } from '../../errors.ts';
import { needsApproval } from '../../run/decide-step.ts';
import type { Draft } from '../../run/events.ts';
import { storeEvidence } from '../../run/manual.ts';
import { isOtherText, manualText } from '../../run/manual-text.ts';
import { nodeAt } from '../../run/paths.ts';
import type { EvidenceFile } from '../../run/people.ts';
import type { RunState, StepState } from '../../run/state.ts';
import { waitsOf } from '../../run/waits.ts';
import { readEvidence } from '../../ui/evidence-file.ts';
import { shellWord } from '../../ui/text.ts';
import type { App, CommonOptions } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { answerFields, recordedLines, scopeSource } from '../runs/answer-fields.ts';
import { continueRun } from '../runs/continue-run.ts';
import { findStep } from '../runs/find-step.ts';
import { givenOutput, outputText } from '../runs/given-output.ts';
import { parsePairs, readValues } from '../runs/given-values.ts';
import { requireFree } from '../runs/held-by.ts';
import { type OpenedRun, openRun } from '../runs/open-run.ts';
import { refuseForRun } from '../runs/refuse-for-run.ts';
import { answerRefused, confirm, notOpenProblem, say } from '../runs/speak.ts';
import { requireStep } from './decide-step.ts';

export interface DoneOptions extends CommonOptions {
  readonly field?: readonly string[];
  readonly fields?: string;
  readonly note?: string;
  readonly evidence?: readonly string[];
  /** JSON, or `@FILE`: of a step done by hand, or that was ended before. */
  readonly output?: string;
  /** Takes the defaults of fields that were not given. */
  readonly yes?: boolean;
}

/** Answers a manual step, says that a stopped one was done by hand, or gives the output that a step is still to have. */
export async function done(app: App, run: string, given: string | undefined, options: DoneOptions): Promise<number> {
  const opened = await openRun(app, run);
  const step = findStep(opened, { given, isMeant: waitsForDone, what: 'waits to be done by a person' });
  refuseForRun(opened, step, 'done');
  const phase = opened.state.steps.get(step)?.phase;
  if (phase === 'wanting') return giveOutput(app, opened, step, options);
  if (phase === 'stopped') return doByHand(app, opened, step, options);
  return answer(app, opened, step, options);
}

function waitsForDone(step: StepState): boolean {
  if (step.phase === 'stopped' || step.phase === 'wanting') return true;
  const isApproved = step.approval === undefined || (step.approval.pending === null && !step.approval.isVoided);
  return step.kind === 'manual' && step.phase === 'open' && step.answer === undefined && isApproved;
}

async function answer(app: App, opened: OpenedRun, step: string, options: DoneOptions): Promise<number> {
  refuseOptions(options, ['output'], `${step} is not done by hand: it has not failed`);
  const given = { ...(await readValues(options.fields, app.cwd)), ...parsePairs(options.field ?? [], '--field') };
  const problem = await answerProblem(app, opened, step);
  const refusal = problem(opened.state);
  if (refusal !== null) throw answerRefused(opened, refusal);
  const fields = await answerFields(app, opened, { step, given, takesDefaults: options.yes === true });
  const files = await givenEvidence(app, options.evidence ?? []);
  requireEvidence(opened, step, files);
  const evidence = await storeEvidence({ journal: opened.journal, session: { runId: opened.runId } }, files);
  const by = app.operator;
  const note = options.note === undefined ? {} : { note: options.note };
  const draft: Draft = {
    type: 'manual.answered',
    actor: `person:${by}`,
    step,
    data: { fields, evidence, by, ...note },
  };
  const events = await say(opened, [draft], problem);
  await confirm(app, opened, [`Recorded: ${step} done by ${by}.`, ...recordedLines(fields)].join('\n'), events);
  return EXIT.done;
}

/** What must be approved is not done before that, and only as it was approved. */
async function answerProblem(app: App, opened: OpenedRun, path: string): Promise<(state: RunState) => string | null> {
  const node = nodeAt(opened.plan, path);
  const approved = node?.kind === 'manual' && node.approval !== undefined ? node : null;
  const isHere = opened.state.steps.has(path);
  const text = approved === null || !isHere ? null : await manualText(scopeSource(app, opened), approved);
  return (state) => {
    const step = state.steps.get(path);
    const problem = notOpenProblem(step, path);
    if (problem !== null || approved === null || text === null || step === undefined) return problem;
    if (!needsApproval(approved, step) && !isOtherText(step, text)) return null;
    const wait = waitsOf(state).find((one) => one.path === path && one.for === 'approval');
    return `${path} must be approved before it is done: ${wait === undefined ? 'the run asks for that when it goes on' : `it waits for ${wait.text}`}`;
  };
}

/** Said without the lease: whoever works on the run takes it up. */
async function giveOutput(app: App, opened: OpenedRun, step: string, options: DoneOptions): Promise<number> {
  refuseOptions(options, ['field', 'fields', 'evidence', 'note'], `${step} has ended; what it lacks is its output`);
  const { output } = await givenOutput(app, opened, step, options.output);
  if (output === undefined)
    throw new RunbookError({
      code: 'E_USAGE',
      message: `${step} has ended, and a later step reads its output`,
      hint: `runbook done ${shellWord(opened.runId)} ${shellWord(step)} --output JSON, or --output @FILE`,
    });
  const by = app.operator;
  const draft: Draft = { type: 'output.given', actor: `person:${by}`, step, data: { output, by } };
  const problem = (state: RunState): string | null =>
    state.steps.get(step)?.phase === 'wanting' ? null : `The output of ${step} was given already`;
  const events = await say(opened, [draft], problem);
  await confirm(app, opened, `Recorded: the output of ${step}, given by ${by}.`, events);
  return EXIT.done;
}

/** The step is stopped, so nobody but the holder of the run's lease may move it on. */
async function doByHand(app: App, opened: OpenedRun, step: string, options: DoneOptions): Promise<number> {
  refuseOptions(options, ['field', 'fields', 'evidence'], `${step} has failed; it can be said to be done by hand`);
  // Before anything is said that would not hold.
  await requireFree(opened.journal, opened.runId, app.clock.now());
  const by = app.operator;
  const output = await givenOutput(app, opened, step, options.output);
  const note = options.note === undefined ? {} : { note: options.note };
  const first = ({ state }: { readonly state: RunState }): readonly Draft[] => {
    requireStep(state, step, (own) => own.phase === 'stopped', 'do by hand');
    return [{ type: 'step.done', actor: `person:${by}`, step, data: { durationMs: 0, by, ...note, ...output } }];
  };
  const needed = outputText(opened.runId, step, output);
  if (needed !== null) app.terminal.tell(needed);
  return continueRun(app, opened, { plain: true }, { first });
}

function refuseOptions(options: DoneOptions, names: readonly (keyof DoneOptions)[], why: string): void {
  const [given] = names.filter((name) => options[name] !== undefined);
  if (given === undefined) return;
  throw new RunbookError({ code: 'E_USAGE', message: `${why}, so --${given} says nothing here`, hint: 'Leave it out' });
}

async function givenEvidence(app: App, paths: readonly string[]): Promise<EvidenceFile[]> {
  const files: EvidenceFile[] = [];
  for (const path of paths)
    try {
      files.push(await readEvidence(resolve(app.cwd, path)));
    } catch (cause) {
      throw new RunbookError({
        code: 'E_USAGE',
        message: `Cannot read the evidence ${path}: ${messageOf(cause)}`,
        hint: '--evidence takes the path of a file; nothing was recorded',
        cause,
      });
    }
  return files;
}

function requireEvidence({ plan }: OpenedRun, step: string, files: readonly EvidenceFile[]): void {
  const node = nodeAt(plan, step);
  if (node?.kind !== 'manual' || node.evidence !== 'required' || files.length > 0) return;
  throw new RunbookError({ code: 'E_FIELD_MISSING', message: `${step} needs evidence`, hint: 'Add --evidence FILE' });
}
