// The inputs of a failed step, edited before it runs again.
import { select } from '@inquirer/prompts';
import { isJsonObject, type Json, type JsonObject, jsonEquals, type Schema } from '../json.ts';
import { showsHandle } from '../playbook/secret-fields.ts';
import type { ValueProblem } from '../playbook/value-messages.ts';
import { shortValue } from '../report/short-value.ts';
import { askAsJson, propertiesOf } from './ask-object.ts';
import { askValue } from './ask-value.ts';
import type { Asking } from './asking.ts';
import { oneLine, truncate } from './text.ts';

export interface InputsRequest {
  /** What the last attempt was given, secrets as references. */
  readonly value: Json;
  readonly schema: Schema;
}

/** @returns the inputs that are other now, by name; null where the operator would rather not. */
export async function askInputs(request: InputsRequest, asking: Asking): Promise<JsonObject | null> {
  const { console, signal } = asking;
  const before: JsonObject = isJsonObject(request.value) ? request.value : {};
  const edited: { [name: string]: Json } = {};
  for (;;) {
    const value = { ...before, ...edited };
    const choices = choicesOf(request, value, edited, console.columns());
    const pageSize = Math.max(MOST_WAYS, Math.min(choices.length, console.rows() - ROWS_AROUND_PAGE));
    const choice = await select<Choice>(
      {
        message: 'Which input?',
        choices: choices.map((one, index) => withMoreBelow(one, choices.length - index - 1, pageSize < choices.length)),
        pageSize,
        loop: false,
        // What comes next after an edit.
        ...(Object.keys(edited).length === 0 ? {} : { default: GO }),
      },
      { signal },
    );
    if (choice.kind === 'back') return null;
    if (choice.kind === 'go') {
      const problems = await problemsOf(request, value);
      if (problems.length === 0) return changesOf(before, edited);
      for (const problem of problems) console.write(console.palette.bad(`  ${oneLine(problem)}`));
    } else if (choice.kind !== 'field') {
      const given = await askAsJson({ name: 'inputs', schema: {}, default: openTo(value) }, asking);
      if (isJsonObject(given)) takeJson(edited, before, given);
      else console.write(console.palette.bad('  The inputs are a map from names to values: {"name": value}'));
    } else {
      const { name } = choice;
      const schema = propertiesOf(request.schema)?.get(name) ?? {};
      // One that has a value cannot be taken away: edited inputs stand over those of the step's `with`.
      const isRequired = value[name] !== undefined;
      const given = await askValue({
        name,
        schema,
        isRequired,
        default: value[name] ?? schema.default,
        signal,
        console,
      });
      if (given !== undefined) edited[name] = given;
    }
  }
}

type Choice = { readonly kind: 'field'; readonly name: string } | { readonly kind: 'json' | 'go' | 'back' };

const GO: Choice = { kind: 'go' };
/** The choices that are no inputs. */
const MOST_WAYS = 3;
/** What a page of choices leaves to the message, the marks and the keys below it. */
const ROWS_AROUND_PAGE = 9;

interface Way {
  readonly name: string;
  readonly value: Choice;
  readonly disabled?: string;
}

/** A list cut off at the foot of the page looks as if it ended there. */
function withMoreBelow(way: Way, below: number, isCut: boolean): Way & { readonly description?: string } {
  return isCut && below > 0 ? { ...way, description: `(${below} more below)` } : way;
}

function choicesOf({ schema }: InputsRequest, value: JsonObject, edited: JsonObject, columns: number): Way[] {
  const names = new Set([...(propertiesOf(schema)?.keys() ?? []), ...Object.keys(value)]);
  const fields = [...names].map((name) => {
    const now = value[name];
    const shown = now === undefined ? '(none)' : shortValue(now);
    const mark = Object.hasOwn(edited, name) ? ' (edited)' : '';
    return {
      name: truncate(oneLine(`${name}: ${shown}${mark}`), columns - 5),
      value: { kind: 'field', name } as const,
      // Edited, the words that stand for a secret would be taken for its value.
      ...(holdsSecret(now) ? { disabled: '(holds a secret)' } : {}),
    };
  });
  const isEdited = Object.keys(edited).length > 0;
  return [
    ...fields,
    { name: 'All of them as JSON', value: { kind: 'json' } },
    { name: 'Run the step with these', value: GO, ...(isEdited ? {} : { disabled: '(nothing edited)' }) },
    { name: 'Back', value: { kind: 'back' } },
  ];
}

function holdsSecret(value: Json | undefined): boolean {
  return value !== undefined && showsHandle(value);
}

/** What may be edited: without what holds a secret. */
function openTo(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => !holdsSecret(one)));
}

/** Only what is other than before counts as edited; what was left out of the text stays as it was. */
function takeJson(edited: { [name: string]: Json }, before: JsonObject, given: JsonObject): void {
  for (const [name, value] of Object.entries(given)) {
    if (holdsSecret(before[name])) continue;
    if (jsonEquals(before[name], value)) delete edited[name];
    else edited[name] = value;
  }
}

function changesOf(before: JsonObject, edited: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(edited).filter(([name, value]) => !jsonEquals(before[name], value)));
}

/** A reference in the place of a secret says nothing of whether the secret fits. */
async function problemsOf({ schema }: InputsRequest, value: JsonObject): Promise<string[]> {
  const { createValueValidator, problemText } = await import('../playbook/validate-value.ts');
  const isOpen = ({ path }: ValueProblem): boolean => !holdsSecret(value[String(path[0] ?? '')]);
  return createValueValidator()
    .validate(schema, value)
    .filter(isOpen)
    .map((problem) => problemText(problem));
}
