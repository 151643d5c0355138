// Values made of values made of values: `b: [vars.a, vars.a]`, `c: [vars.b, vars.b]` … double at each line. Their schemas
// share parts, so making them is cheap, but written out they would fill the memory.
import { isJsonObject, type Json, type Schema } from '../json.ts';

const MOST_PARTS = 2_000;
/** Two or three for each list or map in another. */
const MOST_LEVELS = 32;

interface Weight {
  readonly parts: number;
  readonly levels: number;
}
const KNOWN = new WeakMap<object, Weight>();
const SCALAR: Weight = { parts: 1, levels: 0 };

/** The schema itself, or `otherwise` (anything) where it would be too large to be worked with. */
export function boundedSchema(schema: Schema, otherwise: Schema = {}): Schema {
  const { parts, levels } = weigh(schema);
  return parts > MOST_PARTS || levels > MOST_LEVELS ? otherwise : schema;
}

/** Each shared part is weighed once. */
function weigh(value: Json): Weight {
  if (!Array.isArray(value) && !isJsonObject(value)) return SCALAR;
  const known = KNOWN.get(value);
  if (known !== undefined) return known;
  let parts = 1;
  let levels = 0;
  for (const part of Object.values(value)) {
    const inner = weigh(part);
    parts += inner.parts;
    levels = Math.max(levels, inner.levels + 1);
  }
  const weight = { parts, levels };
  KNOWN.set(value, weight);
  return weight;
}
