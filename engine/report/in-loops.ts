// What a report tells of steps inside loops: a short loop step by step, a long one as a sum. Pure.
import { loopsAround, parentPath, staticPath } from '../run/paths.ts';
import type { Change, RunState, StepState } from '../run/state.ts';
import { changePhrases } from '../ui/change-words.ts';
import { loopCounts, loopEnds, loopPhrase } from '../ui/loop-counts.ts';
import type { NamedFact } from './named-fact.ts';

/** Loops around a step of up to so many instances in all are told step by step. */
const MOST_INSTANCES = 20;
/** Of the same trouble, so many items are named. */
const MOST_EXAMPLES = 3;

/** The outermost loop around a step where what is inside is too much to tell one by one; null elsewhere. */
export function longLoopAround(path: string, state: RunState): string | null {
  const loops = loopsAround(path);
  const instances = loops.reduce((product, { loop }) => product * (state.steps.get(loop)?.count ?? 1), 1);
  return instances > MOST_INSTANCES ? (loops[0]?.loop ?? null) : null;
}

/** `item 4`, counted from 1; in nested loops outermost first. */
export function itemName(path: string): string {
  return loopsAround(path)
    .map(({ index }) => `item ${index + 1}`)
    .join(', ');
}

/** The title of a step, after those of the called playbooks it is in. */
export function titleIn(state: RunState, path: string): string {
  const titles = [state.steps.get(path)?.title ?? path];
  for (let at = parentPath(path); at !== undefined && at !== ''; at = parentPath(at)) {
    const around = state.steps.get(at);
    if (around?.kind === 'call') titles.unshift(around.title);
  }
  return titles.join(': ');
}

/** Everything that steps inside long loops did and said, by the loop. */
export class LoopSums {
  readonly #changes = new Map<string, Change[]>();
  readonly #people = new Map<string, Map<string, number>>();

  add(loop: string, step: StepState, changes: Iterable<Change>): void {
    const own = this.#changes.get(loop) ?? [];
    this.#changes.set(loop, own);
    for (const change of changes) own.push(change);
    const by = step.phase === 'done' ? (step.by ?? step.answer?.by) : undefined;
    if (by === undefined) return;
    const people = this.#people.get(loop) ?? new Map<string, number>();
    this.#people.set(loop, people);
    people.set(by, (people.get(by) ?? 0) + 1);
  }

  changesOf(loop: string): readonly Change[] {
    return this.#changes.get(loop) ?? [];
  }

  /** `9998 done, 2 failed; ban user: 9998 done; by ana (3 times)`; null where nothing was changed and nobody did anything. */
  textOf(loop: string, state: RunState): string | null {
    const phrases = changePhrases(this.changesOf(loop));
    for (const [by, times] of this.#people.get(loop) ?? [])
      phrases.push(`by ${by}${times === 1 ? '' : ` (${times} times)`}`);
    return phrases.length === 0 ? null : [...loopTexts(state, loop), ...phrases].join('; ');
  }
}

/** How the instances of a loop ended, as a list of at most one. */
export function loopTexts(state: RunState, path: string): string[] {
  const loop = state.steps.get(path);
  return loop?.kind === 'loop' ? [loopPhrase(loopCounts(loop, loopEnds(state, loop)))] : [];
}

/** What went wrong, or was left out, in the instances of long loops: one fact a step and kind of end, with examples. */
export class LoopTroubles {
  readonly #troubles = new Map<string, { title: string; what: string; count: number; examples: string[] }>();

  /** @param what `failed`, `skipped` */
  add(
    loop: string,
    step: StepState,
    of: { readonly state: RunState; readonly what: string; readonly why: string },
  ): void {
    const key = JSON.stringify([staticPath(step.path), of.what]);
    let trouble = this.#troubles.get(key);
    if (!trouble) {
      const loopTitle = titleIn(of.state, loop);
      const isInstance = parentPath(step.path) === loop;
      trouble = {
        title: isInstance ? loopTitle : `${loopTitle}: ${step.title}`,
        what: of.what,
        count: 0,
        examples: [],
      };
      this.#troubles.set(key, trouble);
    }
    trouble.count += 1;
    if (trouble.examples.length < MOST_EXAMPLES) trouble.examples.push(`${itemName(step.path)}: ${of.why}`);
  }

  facts(): NamedFact[] {
    return [...this.#troubles.values()].map(({ title, what, count, examples }) => {
      const rest = count - examples.length;
      const more = rest > 0 ? `; and ${rest} more` : '';
      return { title, what: `${what} in ${count} ${count === 1 ? 'item' : 'items'}: ${examples.join('; ')}${more}` };
    });
  }
}
