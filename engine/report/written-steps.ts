// The steps of a run's playbook as it is written, read from the text that the run pinned: what the journal tells of a step
// begins with its turn, so it knows nothing of those that never had one. Reads the text alone and compiles nothing: also
// a playbook that this engine would no longer take has its steps. Pure.
import { parse } from 'yaml';
import { isJsonObject, type Json, type JsonObject } from '../json.ts';
import type { EventData } from '../run/events.ts';
import { childPath, FINALLY_SEGMENT } from '../run/paths.ts';

export interface WrittenStep {
  /** Static: a loop's body has its own path with `[]`. */
  readonly path: string;
  /** Its id where it has no title, or one that is computed. */
  readonly title: string;
  readonly isLoop: boolean;
  /** It says itself how it is taken back. */
  readonly hasUndo: boolean;
  /** Of a group, and of a called playbook, its `finally` included. */
  readonly inside: readonly WrittenStep[];
}

/** Source: playbook/units.ts, how deep calls go. A text that was not checked ends here too. */
const MOST_NESTED_CALLS = 8;

/** @returns the steps of the playbook, then those of its `finally`; none where the text is not what a playbook is. */
export function writtenSteps(created: Pick<EventData['run.created'], 'playbook' | 'calls'>): readonly WrittenStep[] {
  return stepsOfText(created.playbook.text, { calls: created.calls ?? {}, around: '', depth: 0 });
}

interface Place {
  readonly calls: NonNullable<EventData['run.created']['calls']>;
  /** The path of what they are in; '' for the run's root. */
  readonly around: string;
  readonly depth: number;
}

function stepsOfText(text: string, place: Place): readonly WrittenStep[] {
  let playbook: Json;
  try {
    // Without dates, maps with keys of other kinds and the like, YAML gives JSON.
    playbook = (parse(text, { version: '1.2', schema: 'core' }) ?? null) as Json;
  } catch {
    return [];
  }
  if (!isJsonObject(playbook)) return [];
  const last = { ...place, around: childPath(place.around, FINALLY_SEGMENT) };
  return [...stepsOfList(playbook.steps, place), ...stepsOfList(playbook.finally, last)];
}

function stepsOfList(list: Json | undefined, place: Place): readonly WrittenStep[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((step: Json) => (isJsonObject(step) ? stepOf(step, place) : []));
}

function stepOf(step: JsonObject, place: Place): readonly WrittenStep[] {
  const { id, title } = step;
  if (typeof id !== 'string') return [];
  const path = childPath(place.around, id);
  const isLoop = 'forEach' in step;
  const inner = { ...place, around: isLoop ? `${path}[]` : path };
  const isPlain = typeof title === 'string' && !title.includes('${{');
  return [
    { path, title: isPlain ? title : id, isLoop, hasUndo: isJsonObject(step.undo), inside: insideOf(step, inner) },
  ];
}

function insideOf(step: JsonObject, place: Place): readonly WrittenStep[] {
  const { playbook } = step;
  if (typeof playbook !== 'string') return stepsOfList(step.steps, place);
  const called = Object.hasOwn(place.calls, playbook) ? place.calls[playbook] : undefined;
  if (called === undefined || place.depth >= MOST_NESTED_CALLS) return [];
  return stepsOfText(called.text, { ...place, depth: place.depth + 1 });
}
