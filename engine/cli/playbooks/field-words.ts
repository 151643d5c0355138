// A field or input in words a person can type from. Pure.
import type { Json, Schema } from '../../json.ts';
import { oneLine } from '../../ui/text.ts';

/** `whole number`, `true or false`, `one of eu, us`, `list of text, separated by commas`. */
export function typeWords(schema: Schema): string {
  if (Array.isArray(schema.enum)) return `one of ${(schema.enum as readonly Json[]).map(choiceText).join(', ')}`;
  switch (typeOf(schema)) {
    case 'integer':
      return 'whole number';
    case 'number':
      return 'number';
    case 'boolean':
      return 'true or false';
    case 'string':
      return schema.format === 'date-time' ? 'time, such as 2026-01-31T03:00:00Z' : 'text';
    case 'array':
      return `list of ${itemWords(schema.items)}, separated by commas`;
    default:
      return 'JSON';
  }
}

function itemWords(items: unknown): string {
  const type = typeof items === 'object' && items !== null && 'type' in items ? items.type : undefined;
  if (type === 'string') return 'text';
  return type === 'integer' || type === 'number' ? 'numbers' : 'values';
}

function choiceText(value: Json): string {
  return typeof value === 'string' ? oneLine(value) : JSON.stringify(value);
}

function typeOf({ type }: Schema): unknown {
  return Array.isArray(type) ? type.find((one) => one !== 'null') : type;
}

export function descriptionOf(schema: Schema): string | null {
  return typeof schema.description === 'string' ? oneLine(schema.description) : null;
}
