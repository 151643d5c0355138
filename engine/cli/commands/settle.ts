import { RunbookError } from '../../errors.ts';
import { didYouMean, listed } from '../../playbook/suggest.ts';
import { openChangesOf } from '../../run/change-views.ts';
import type { Draft, EventData } from '../../run/events.ts';
import { asDoubts } from '../../run/open-outcomes.ts';
import { type Change, isFinal, type RunState, type StepState } from '../../run/state.ts';
import { DOUBT_CHOICES, doubtPhrase } from '../../ui/doubt-words.ts';
import { shellWord } from '../../ui/text.ts';
import type { App, CommonOptions } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { changeJson } from '../runs/change-cells.ts';
import { findStep } from '../runs/find-step.ts';
import { liveHolder } from '../runs/held-by.ts';
import { type OpenedRun, openRun } from '../runs/open-run.ts';
import { confirm, say } from '../runs/speak.ts';
import { table } from '../table.ts';

interface SettleOptions extends CommonOptions {
  readonly reason?: string;
  /** Ids of targets; absent: all without a known outcome. */
  readonly target?: readonly string[];
}

type Choice = EventData['doubt.resolved']['choice'];

/**
 * Says what became of changes that were sent and never answered, of any step of any run: one that has ended too. Needs no
 * lease. Without a choice it lists them.
 */
export async function settle(
  app: App,
  run: string,
  given: string | undefined,
  word: string | undefined,
  options: SettleOptions,
): Promise<number> {
  const opened = await openRun(app, run);
  if (given === undefined) return list(app, opened);
  // STEP may be left out: then its word is the choice.
  const [named, chosen] = word === undefined ? [undefined, given] : [given, word];
  const choice = requireChoice(chosen);
  const reason = requireReason(options.reason);
  const step = stepOf(opened, named);
  const open = openChangesOf(opened.state, step);
  if (open.length === 0)
    throw new RunbookError({ code: 'E_STEP_STATE', message: `${step} has no changes in doubt`, hint: undefined });
  await requireIdle(app, opened, step);
  const picked = pick(open, options.target);
  const by = app.operator;
  const doubts = asDoubts(picked);
  const drafts = doubts.map(
    (doubt): Draft => ({
      type: 'doubt.resolved',
      actor: `person:${by}`,
      step,
      data: { ...doubt, choice, reason, by },
    }),
  );
  const events = await say(opened, drafts, (state) => problemOf(state, step, picked, choice));
  const lines = doubts.map((doubt) => `Recorded: ${doubtPhrase(doubt)}: ${DOUBT_CHOICES[choice]}, by ${by}.`);
  await confirm(app, opened, lines.join('\n'), events);
  return EXIT.done;
}

function list(app: App, { runId, state }: OpenedRun): number {
  const open = openChangesOf(state);
  const { print } = app.terminal;
  if (app.isJson) {
    print(JSON.stringify({ run: runId, open: open.map(changeJson) }));
    return EXIT.done;
  }
  if (open.length === 0) {
    print('Every change of this run has a known outcome.');
    return EXIT.done;
  }
  const rows = open.map(({ step, verb, kind, id, intendedAt = '', error = '' }) => [
    step,
    `${verb} ${kind} ${id}`,
    intendedAt.replace(/\.\d+Z$/, 'Z'),
    error,
  ]);
  for (const line of table(['STEP', 'CHANGE', 'SENT', 'ANSWER'], rows)) print(line);
  print('');
  print('Find out what became of them, then say so (repeat: only where the step is still to go on):');
  for (const step of new Set(open.map((change) => change.step)))
    print(`  runbook settle ${shellWord(runId)} ${shellWord(step)} done|skip|repeat --reason WHY`);
  return EXIT.done;
}

function requireChoice(word: string): Choice {
  if (word === 'done' || word === 'repeat' || word === 'skip') return word;
  throw new RunbookError({
    code: 'E_USAGE',
    message: `settle does not know ${word}`,
    hint: 'done: it happened · repeat: send it again · skip: leave it as it is. Without one, open changes are listed',
  });
}

function requireReason(reason: string | undefined): string {
  if (reason !== undefined) return reason;
  throw new RunbookError({ code: 'E_USAGE', message: 'settle needs --reason', hint: 'How you know, or why' });
}

/** Left out: the one that waits for it, else the only one that has such changes. */
function stepOf(opened: OpenedRun, given: string | undefined): string {
  const { state } = opened;
  const open = [...new Set(openChangesOf(state).map((change) => change.step))];
  const what = 'has changes in doubt';
  if (given !== undefined) {
    if (open.includes(given)) return given;
    return findStep(opened, { given, isMeant: (step) => open.includes(step.path), what });
  }
  const asked = open.filter((path) => (state.steps.get(path)?.doubts.length ?? 0) > 0);
  const [only, ...others] = asked.length > 0 ? asked : open;
  if (only !== undefined && others.length === 0) return only;
  throw new RunbookError({
    code: 'E_USAGE',
    message: `${only === undefined ? 'No step' : 'More than one step'} of this run ${what}`,
    hint: only === undefined ? 'runbook status shows how it stands' : `Name one: ${[only, ...others].join(', ')}`,
  });
}

/** What is being sent at this moment will have an answer. */
async function requireIdle(app: App, { journal, runId, state }: OpenedRun, path: string): Promise<void> {
  const step = state.steps.get(path);
  if (step?.phase !== 'attempting') return;
  const holder = await liveHolder(journal, runId, app.clock.now());
  if (holder === null) return;
  throw new RunbookError({
    code: 'E_STEP_STATE',
    message: `${path} is being worked on: process ${holder.pid} on ${holder.host} waits for the answers`,
    hint: `runbook status ${runId} shows how it stands`,
  });
}

function pick(open: readonly Change[], targets: readonly string[] | undefined): readonly Change[] {
  if (targets === undefined) return open;
  const all = new Set(open.map(({ id }) => id));
  for (const id of targets) {
    if (all.has(id)) continue;
    throw new RunbookError({
      code: 'E_USAGE',
      message: `${id} is not in doubt`,
      hint: didYouMean(id, all, `In doubt are ${listed([...all])}`),
    });
  }
  return open.filter(({ id }) => targets.includes(id));
}

/** Somebody else may have settled them meanwhile. */
function problemOf(state: RunState, path: string, picked: readonly Change[], choice: Choice): string | null {
  const step = state.steps.get(path);
  if (choice === 'repeat' && !willGoOn(state, step))
    return `${path} does not go on any more: nothing would send it again. Say done or skip`;
  const open = new Set(openChangesOf(state, path).map(({ key }) => key));
  const settled = picked.find(({ key }) => !open.has(key));
  return settled === undefined ? null : `${settled.verb} ${settled.kind} ${settled.id} is not in doubt any more`;
}

/** A step whose turn was taken back comes again with its group. */
function willGoOn(state: RunState, step: StepState | undefined): boolean {
  return state.endedAt === null && (step === undefined || !isFinal(step.phase));
}
