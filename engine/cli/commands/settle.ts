import { RunbookError } from '../../errors.ts';
import { didYouMean, listed } from '../../playbook/suggest.ts';
import type { Draft, EventData } from '../../run/events.ts';
import type { Doubt, RunState } from '../../run/state.ts';
import { DOUBT_CHOICES, doubtPhrase } from '../../ui/doubt-words.ts';
import type { App, CommonOptions } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { findStep } from '../find-step.ts';
import { openRun } from '../open-run.ts';
import { confirm, say } from '../speak.ts';

interface SettleOptions extends CommonOptions {
  readonly reason: string;
  /** Ids of targets; absent: all that are in doubt. */
  readonly target?: readonly string[];
}

type Choice = EventData['doubt.resolved']['choice'];

/** Says what became of changes that were sent and never answered. Needs no lease. */
export async function settle(
  app: App,
  run: string,
  given: string,
  word: string | undefined,
  options: SettleOptions,
): Promise<number> {
  // STEP may be left out: then its word is the choice.
  const [named, chosen] = word === undefined ? [undefined, given] : [given, word];
  const choice = requireChoice(chosen);
  const opened = await openRun(app, run);
  const isMeant = (step: { readonly doubts: readonly Doubt[] }): boolean => step.doubts.length > 0;
  const step = findStep(opened, { given: named, isMeant, what: 'has changes in doubt' });
  const doubts = opened.state.steps.get(step)?.doubts ?? [];
  if (doubts.length === 0)
    throw new RunbookError({ code: 'E_STEP_STATE', message: `${step} has no changes in doubt`, hint: undefined });
  const chosenDoubts = choose(doubts, options.target);
  const by = app.operator;
  const drafts = chosenDoubts.map(
    ({ kind, verb, key, round, ids }): Draft => ({
      type: 'doubt.resolved',
      actor: `person:${by}`,
      step,
      data: { kind, verb, ...(key === undefined ? {} : { key }), round, ids, choice, reason: options.reason, by },
    }),
  );
  const events = await say(opened, drafts, (state) => problemOf(state, step, chosenDoubts));
  const lines = chosenDoubts.map((doubt) => `Recorded: ${doubtPhrase(doubt)}: ${DOUBT_CHOICES[choice]}, by ${by}.`);
  await confirm(app, opened, lines.join('\n'), events);
  return EXIT.done;
}

function requireChoice(word: string): Choice {
  if (word === 'done' || word === 'repeat' || word === 'skip') return word;
  throw new RunbookError({
    code: 'E_USAGE',
    message: `settle does not know ${word}`,
    hint: 'done: it happened · repeat: send it again · skip: leave it as it is',
  });
}

function choose(doubts: readonly Doubt[], targets: readonly string[] | undefined): readonly Doubt[] {
  if (targets === undefined) return doubts;
  const all = new Set(doubts.flatMap(({ ids }) => ids));
  for (const id of targets) {
    if (all.has(id)) continue;
    throw new RunbookError({
      code: 'E_USAGE',
      message: `${id} is not in doubt`,
      hint: didYouMean(id, all, `In doubt are ${listed([...all])}`),
    });
  }
  return doubts.flatMap((doubt) => {
    const ids = doubt.ids.filter((id) => targets.includes(id));
    return ids.length === 0 ? [] : [{ ...doubt, ids }];
  });
}

/** Somebody else may have settled them meanwhile. */
function problemOf(state: RunState, step: string, chosen: readonly Doubt[]): string | null {
  const open = new Set(
    (state.steps.get(step)?.doubts ?? []).flatMap((doubt) => doubt.ids.map((id) => keyOf(doubt, id))),
  );
  for (const doubt of chosen)
    for (const id of doubt.ids)
      if (!open.has(keyOf(doubt, id))) return `${doubt.verb} ${doubt.kind} ${id} is not in doubt any more`;
  return null;
}

function keyOf({ kind, verb, key, round }: Doubt, id: string): string {
  return JSON.stringify([kind, verb, key ?? '', round, id]);
}
