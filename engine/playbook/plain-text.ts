// Text that is shown as it is written: titles, descriptions, reasons. `${{ }}` in it would be shown raw.
import { isJsonObject, type Json, type JsonObject } from '../json.ts';
import type { Collector } from './collector.ts';
import { listAt, objectAt } from './read.ts';
import type { Path, Source } from './source.ts';
import { hasExpression, scanTemplate } from './template-scan.ts';

/** Reports every `${{ }}` in a text that is no template. */
export function checkPlainText(source: Source, collector: Collector): void {
  const playbook = source.value;
  if (!isJsonObject(playbook)) return;
  const check = (value: Json | undefined, path: Path): void => checkText(value, path, source, collector);
  const schemas = (from: JsonObject, path: Path): void => {
    for (const [name, schema] of Object.entries(from)) {
      if (!isJsonObject(schema)) continue;
      for (const key of ['title', 'description']) check(schema[key], [...path, name, key]);
      const properties = objectAt(schema, 'properties');
      if (properties !== undefined) schemas(properties, [...path, name, 'properties']);
      const items = objectAt(schema, 'items');
      if (items !== undefined) schemas({ items }, [...path, name]);
    }
  };
  const steps = (list: readonly Json[], path: Path): void => {
    for (const [index, step] of list.entries()) {
      if (!isJsonObject(step)) continue;
      const at = [...path, index];
      for (const key of ['title', 'tags']) check(step[key], [...at, key]);
      const approval = objectAt(step, 'approval') ?? {};
      for (const key of ['role', 'reason', 'none']) check(approval[key], [...at, 'approval', key]);
      schemas(objectAt(step, 'fields') ?? {}, [...at, 'fields']);
      steps(listAt(step, 'steps'), [...at, 'steps']);
    }
  };
  for (const key of ['title', 'description', 'category', 'symptoms', 'tags']) check(playbook[key], [key]);
  schemas(objectAt(playbook, 'inputs') ?? {}, ['inputs']);
  steps(listAt(playbook, 'steps'), ['steps']);
  steps(listAt(playbook, 'finally'), ['finally']);
}

/** @param value text, or a list of it. */
function checkText(value: Json | undefined, path: Path, source: Source, collector: Collector): void {
  if (Array.isArray(value)) {
    for (const [index, one] of value.entries()) checkText(one, [...path, index], source, collector);
    return;
  }
  if (typeof value !== 'string' || !hasExpression(value)) return;
  const { parts, unclosedAt } = scanTemplate(value);
  const first = parts.find((part) => part.kind === 'expression');
  const start = first === undefined ? unclosedAt : first.start - 3;
  if (start === undefined) return;
  const length = first === undefined ? 3 : first.source.length + 5;
  collector.error(
    source.inside(path)(start, length),
    'E_PLAYBOOK_EXPRESSION',
    'No expression can stand here: this text is shown as it is written',
    'what a person must read of a run stands in `manual`, in the inputs of an action, or in `outputs`',
  );
}
