// Expressions against what the CEL specification says of them; see the fixtures for its version.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { messageOf } from '../../engine/errors.ts';
import { isJsonObject, type Json } from '../../engine/json.ts';
import { createCollector } from '../../engine/playbook/collector.ts';
import { compileExpression } from '../../engine/playbook/expressions.ts';
import { NO_FACTS } from '../../engine/playbook/facts.ts';
import { objectSchema } from '../../engine/playbook/schema-shape.ts';
import { createScope, type Place, SECRETS_ONLY_IN_WITH } from '../../engine/playbook/scope.ts';
import type { Inside } from '../../engine/playbook/source.ts';
import { scope } from './helpers.ts';

const fixture = (name: string): unknown =>
  parse(readFileSync(new URL(`../fixtures/cel/${name}.yaml`, import.meta.url), 'utf8'));
// The fixtures are ours: one that is not of this form fails below.
const agrees = Object.entries(fixture('agrees') as { readonly [section: string]: readonly [string, Json][] });
const differs = fixture('differs') as readonly {
  readonly name: string;
  readonly expression: string;
  readonly ours: Json;
}[];

const integer = { type: 'integer' };
const playbookScope = createScope({
  inputs: objectSchema({
    any: {},
    map: { type: 'object', additionalProperties: integer },
    object: objectSchema({ there: integer, absent: { type: 'string' } }, ['absent']),
    list: { type: 'array', items: integer },
  }),
  env: [],
  secrets: [],
  steps: new Map(),
});
const given = scope({
  inputs: { any: { x: 1, none: null }, map: { k: 1 }, object: { there: 1 }, list: [1, 2] },
});
const place: Place = { reader: 'end', secrets: SECRETS_ONLY_IN_WITH, facts: NO_FACTS };
const inside: Inside = (offset, length) => ({ location: { file: 'x', line: 1, column: offset + 1 }, length });

/** Its value, or how it goes wrong. */
function outcomeOf(expression: string): Json {
  const source = expression.replaceAll('data.', 'inputs.');
  const collector = createCollector();
  const compiled = compileExpression({ source, inside, place, scope: playbookScope, collector, expects: 'any' });
  if (compiled === undefined) return { refused: collector.list()[0]?.code ?? 'without a word' };
  try {
    return compiled.evaluate(given);
  } catch (error) {
    return { fails: messageOf(error) };
  }
}

function expectOutcome(expression: string, expected: Json): void {
  const outcome = outcomeOf(expression);
  if (isJsonObject(expected) && typeof expected.fails === 'string')
    expect(outcome).toEqual({ fails: expect.stringContaining(expected.fails) });
  else expect(outcome).toEqual(expected);
}

describe.each(agrees)('as the CEL specification says: %s', (_section, rows) => {
  test.each(rows)('%s', expectOutcome);
});

describe('where expressions differ from the CEL specification', () => {
  test.each(differs)('$name: $expression', ({ expression, ours }) => expectOutcome(expression, ours));
});
