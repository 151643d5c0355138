// What a step with `forEach` gives: one entry an item, with what became of it.
import type { Schema } from '../json.ts';
import { objectSchema } from './schema-shape.ts';
import { boundedSchema } from './schema-weight.ts';

const STATUS: Schema = { type: 'string', enum: ['done', 'skipped', 'failed'] };

/** Of a loop whose items are not known. */
export const LOOP_OUTPUT: Schema = {
  type: 'array',
  items: objectSchema({ item: {}, status: STATUS, output: {} }, ['output']),
};

/** @param output what the body gives, where it is done; absent for a body that gives nothing. */
export function loopOutputOf(item: Schema, output: Schema | undefined): Schema {
  const entry =
    output === undefined
      ? objectSchema({ item, status: STATUS })
      : objectSchema({ item, status: STATUS, output }, ['output']);
  return boundedSchema({ type: 'array', items: entry }, LOOP_OUTPUT);
}

/** A group instance gives what its own steps gave, by id; those that were skipped or failed are absent. */
export function groupOutputOf(steps: readonly { readonly id: string; readonly output?: Schema }[]): Schema {
  const properties = Object.fromEntries(
    steps.flatMap((step) => (step.output === undefined ? [] : [[step.id, step.output] as const])),
  );
  return boundedSchema(objectSchema(properties, Object.keys(properties)));
}
