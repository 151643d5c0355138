// The scenario's answers with this world's people in them.
import { isJsonObject, type Json, type JsonObject } from '../json.ts';
import type { Answers } from './scenario.ts';

export interface Ground {
  /** Ids of the users an attacker is in, oldest user first. */
  readonly compromised: readonly string[];
  /** Ids of the innocent users who look as if. */
  readonly decoys: readonly string[];
}

/** Puts the lists of `ground` where a whole value is the text `$compromised` or `$decoys`. */
export function resolveAnswers(answers: Answers, ground: Ground): Answers {
  const fill = (value: Json): Json => {
    if (value === '$compromised') return ground.compromised;
    if (value === '$decoys') return ground.decoys;
    if (Array.isArray(value)) return value.map(fill);
    return isJsonObject(value) ? fillObject(value) : value;
  };
  const fillObject = (object: JsonObject): JsonObject =>
    Object.fromEntries(Object.entries(object).map(([key, value]) => [key, fill(value)]));
  return {
    inputs: fillObject(answers.inputs),
    steps: Object.fromEntries(
      Object.entries(answers.steps).map(([path, step]) => [path, { ...step, fields: fillObject(step.fields) }]),
    ),
    approvals: answers.approvals,
  };
}
