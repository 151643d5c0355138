// A template against the schema its value must fit: constant parts exactly, expressions by their static types.
import { isJsonObject, type Json, type Schema } from '../json.ts';
import type { Collector } from './collector.ts';
import { isOpaque, itemsOf, propertyOf, requiredOf } from './schema-shape.ts';
import type { PlaybookScope } from './scope.ts';
import type { Path, Source } from './source.ts';
import type { CheckedTemplate } from './templates.ts';
import { misfitOf } from './type-fit.ts';
import type { ValueValidator } from './validate-value.ts';
import { formatPath } from './validate-value.ts';

export interface FitOptions {
  readonly template: CheckedTemplate;
  readonly schema: Schema;
  readonly path: Path;
  /** What the value is, for messages: `clerk.ban-users`. */
  readonly of: string;
  readonly source: Source;
  readonly scope: PlaybookScope;
  readonly validator: ValueValidator;
  readonly collector: Collector;
  readonly code: string;
}

/** Reports what can never fit. */
export function checkFit(options: FitOptions): void {
  checkConstants(options);
  const { template, schema, path, source, scope, collector, code } = options;
  for (const hole of template.holes) {
    const wanted = schemaAt(schema, hole.path);
    if (hole.type.cel.startsWith('optional') && !mayBeAbsent(schema, hole.path)) {
      const hint = 'say what then: `.orValue(…)`';
      collector.error(
        source.locate([...path, ...hole.path]),
        code,
        `\`${formatPath(hole.path)}\` must not be absent, and this may be`,
        hint,
      );
      continue;
    }
    const misfit = wanted === undefined ? undefined : misfitOf(hole.type, wanted, (name) => scope.pool.schemaOf(name));
    if (misfit === undefined) continue;
    const name = formatPath(hole.path);
    collector.error(
      source.locate([...path, ...hole.path]),
      code,
      `${name === '' ? options.of : `\`${name}\``} ${misfit.message}`,
      misfit.hint,
    );
  }
}

/** Validates the value as written, and leaves out what an expression could still make right. */
function checkConstants({ template, schema, path, of, source, validator, collector, code }: FitOptions): void {
  const holes = new Set(template.holes.map((hole) => JSON.stringify(hole.path)));
  const isHole = (at: Path): boolean =>
    at.some((_, index) => holes.has(JSON.stringify(at.slice(0, index + 1)))) || holes.has('[]');
  for (const problem of validator.validate(schema, template.written)) {
    const dependsOnHoles = holes.size > 0 && HOLISTIC.has(problem.keyword);
    if (dependsOnHoles || isHole(problem.path)) continue;
    const name = formatPath(problem.path);
    const isAboutKey = problem.keyword === 'additionalProperties' || problem.keyword === 'unevaluatedProperties';
    const at = isAboutKey
      ? source.locateKey([...path, ...problem.path, problem.property ?? ''])
      : problem.keyword === 'required' || problem.path.length === 0
        ? source.locateKey([...path, ...problem.path])
        : source.locate([...path, ...problem.path]);
    const text =
      problem.keyword === 'required' || isAboutKey
        ? `${problem.message} in ${name === '' ? `the input of ${of}` : `\`${name}\``}`
        : `${name === '' ? of : `\`${name}\``} ${problem.message}`;
    collector.error(at, code, text, problem.hint);
  }
}

/** Keywords that look at the whole of a value: not decidable while a part is unknown. */
const HOLISTIC = new Set([
  'anyOf',
  'oneOf',
  'not',
  'if',
  'enum',
  'const',
  'contains',
  'uniqueItems',
  'dependentRequired',
  'dependentSchemas',
  'false schema',
]);

/** An optional value leaves its key out; entries of lists and required keys cannot be left out. */
function mayBeAbsent(schema: Schema, path: Path): boolean {
  const key = path.at(-1);
  if (typeof key !== 'string') return false;
  const owner = schemaAt(schema, path.slice(0, -1));
  return owner === undefined || !requiredOf(owner).includes(key);
}

function schemaAt(schema: Schema, path: Path): Schema | undefined {
  let current: Schema | undefined = schema;
  for (const part of path) {
    if (current === undefined || isOpaque(current)) return undefined;
    if (typeof part === 'number') current = itemsOf(current);
    else {
      const rest: Json | undefined = current.additionalProperties;
      current = propertyOf(current, part) ?? (isJsonObject(rest) ? rest : undefined);
    }
  }
  return current;
}
