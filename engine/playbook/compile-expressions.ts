// Expressions and templates of steps: compiled, and what they read noted.
import type { Json } from '../json.ts';
import type { Collector } from './collector.ts';
import { type CheckedExpression, compileExpression } from './expressions.ts';
import { noteReads, type OutputReads } from './output-reads.ts';
import type { Place, PlaybookScope } from './scope.ts';
import type { Path, Source } from './source.ts';
import { type CheckedTemplate, compileTemplate } from './templates.ts';

export interface ExpressionContext {
  readonly source: Source;
  readonly scope: PlaybookScope;
  readonly collector: Collector;
  readonly reads: OutputReads;
}

/** A bare CEL condition. Reports where it is no text, or wrapped as a template. */
export function compileCondition(
  written: Json,
  path: Path,
  place: Place,
  context: ExpressionContext,
): CheckedExpression | undefined {
  return compileBare(written, path, place, { ...context, expects: 'bool' });
}

/** A bare CEL expression that gives a list. */
export function compileList(
  written: Json,
  path: Path,
  place: Place,
  context: ExpressionContext,
): CheckedExpression | undefined {
  return compileBare(written, path, place, { ...context, expects: 'list' });
}

export function compileValue(
  value: Json,
  path: Path,
  place: Place,
  { source, scope, collector, reads }: ExpressionContext,
): CheckedTemplate | undefined {
  const compiled = compileTemplate({ value, path, source, place, scope, collector });
  noteReads(compiled, reads);
  return compiled;
}

function compileBare(
  written: Json,
  path: Path,
  place: Place,
  { source, scope, collector, reads, expects }: ExpressionContext & { readonly expects: 'bool' | 'list' },
): CheckedExpression | undefined {
  // A wrong type is the schema check's to report.
  if (typeof written !== 'string' && !(expects === 'bool' && typeof written === 'boolean')) return undefined;
  const text = String(written);
  if (/^\s*\$\{\{/.test(text)) {
    collector.error(
      source.locate(path),
      'E_PLAYBOOK_EXPRESSION',
      'Here the expression stands bare',
      'remove the braces around it',
    );
    return undefined;
  }
  const compiled = compileExpression({ source: text, inside: source.inside(path), place, scope, collector, expects });
  noteReads(compiled, reads);
  return compiled;
}
