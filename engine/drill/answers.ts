// The scenario's answers, and what a responder gets to read, with this world's people and keys in them.
import { isJsonObject, type Json, type JsonObject } from '../json.ts';
import type { Answers } from './scenario.ts';

export interface Ground {
  /** Ids of the users an attacker is in, oldest user first. */
  readonly compromised: readonly string[];
  /** Ids of the innocent users who look as if. */
  readonly decoys: readonly string[];
}

/** Every word that answers and texts may hold; a world has those that its scenario leads to. */
export const WORLD_WORDS: readonly string[] = [
  '$compromised',
  '$decoys',
  '$user',
  '$exposedKey',
  '$application',
  '$instance',
  '$signInTokens',
  '$actorTokens',
];

/** What else of this world an answer may name, by its word: `$exposedKey`. */
export type WorldWords = ReadonlyMap<string, Json>;

/** The words that are texts, where they stand in a text: an alert may quote the key that was found. */
export function fillText(text: string, words: WorldWords): string {
  return text.replace(/\$[A-Za-z]+/g, (word) => {
    const value = words.get(word);
    return typeof value === 'string' ? value : word;
  });
}

/** Puts the lists of `ground`, and what `words` holds, where a whole value is the text `$compromised`, `$decoys` or a word. */
export function resolveAnswers(answers: Answers, ground: Ground, words: WorldWords = new Map()): Answers {
  const fill = (value: Json): Json => {
    if (value === '$compromised') return ground.compromised;
    if (value === '$decoys') return ground.decoys;
    const word = typeof value === 'string' ? words.get(value) : undefined;
    if (word !== undefined) return word;
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
