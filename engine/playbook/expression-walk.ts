// Our own pass over an expression's tree: names, steps, guards and what CEL's checker does not see. It follows JSON
// Schemas along the paths an expression reads, so that enums and optional properties are known.
import type { ASTNode } from '@marcbachmann/cel-js';
import type { Schema } from '../json.ts';
import { childrenOf, comprehensionOf, fieldOf, isOptionalChain, literalOf, pathText } from './cel-tree.ts';
import { checkContact } from './contact-reads.ts';
import { type Facts, factsWhen, isAbout, union } from './facts.ts';
import { checkLiterals } from './literal-checks.ts';
import { isClosedObject, itemsOf, propertyOf, requiredOf } from './schema-shape.ts';
import { type Place, type PlaybookScope, stepViewSchema } from './scope.ts';
import { checkSecret, checkSize, refuseSecret } from './secret-checks.ts';
import { fieldSchema, holdsSecret } from './secret-fields.ts';
import { missingReason, visibility } from './step-index.ts';
import { resolveStep } from './step-reads.ts';
import { didYouMean, listed } from './suggest.ts';
import { unknownField } from './unknown-field.ts';
import { added, joined, joinedAll, listOf, mapOf, narrowed } from './value-schemas.ts';
import { resolveVar } from './var-reads.ts';
import type { Issue, SlotRead, Walk } from './walk.ts';

export interface WalkResult {
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
  readonly reads: readonly SlotRead[];
  /** Ids whose output, not only status, is read. */
  readonly outputs: ReadonlySet<string>;
  /** Of those, the ones read where nothing says that the output is there. */
  readonly needed: ReadonlySet<string>;
  readonly secrets: ReadonlySet<string>;
  readonly roots: ReadonlySet<string>;
  /** The schema of the whole, where it is a path. */
  readonly schema: Schema | undefined;
}
interface Around {
  readonly facts: Facts;
  readonly locals: ReadonlyMap<string, Schema | undefined>;
}

const SCOPE_NAMES: ReadonlySet<string> = new Set(['steps', 'vars', 'output']);

/** Names that CEL itself brings. */
const CEL_NAMES: ReadonlySet<string> = new Set([
  'string',
  'bool',
  'int',
  'uint',
  'double',
  'map',
  'list',
  'bytes',
  'null_type',
  'type',
  'optional',
  'cel',
  'google',
]);

export function walkExpression(tree: ASTNode, scope: PlaybookScope, place: Place): WalkResult {
  const walk: Walk = {
    scope,
    place,
    issues: [],
    warnings: [],
    reads: [],
    outputs: new Set(),
    needed: new Set(),
    secrets: new Set(),
    roots: new Set(),
  };
  const schema = visit(tree, walk, { facts: place.facts, locals: new Map() });
  checkSecret(tree, schema, walk);
  return {
    issues: walk.issues,
    warnings: walk.warnings,
    reads: walk.reads,
    outputs: walk.outputs,
    needed: walk.needed,
    secrets: walk.secrets,
    roots: walk.roots,
    schema,
  };
}

/** @returns the schema of what the node reads, where it is known. */
function visit(node: ASTNode, walk: Walk, around: Around): Schema | undefined {
  switch (node.op) {
    case 'id':
      return visitName(node, walk, around);
    case '.':
    case '[]':
    case '.?':
    case '[?]':
      return visitAccess(node, walk, around, !isOptionalChain(node));
    case '&&':
    case '||': {
      const [left, right] = node.args;
      operate(left, walk, around);
      operate(right, walk, { ...around, facts: union(around.facts, factsWhen(left, node.op === '&&')) });
      return undefined;
    }
    case '?:': {
      const [condition, yes, no] = node.args;
      operate(condition, walk, around);
      const whenTrue = operate(yes, walk, { ...around, facts: union(around.facts, factsWhen(condition, true)) });
      const whenFalse = operate(no, walk, { ...around, facts: union(around.facts, factsWhen(condition, false)) });
      // Of secrets only what is one and the same.
      return whenTrue === whenFalse ? whenTrue : withoutSecrets(joined(whenTrue, whenFalse));
    }
    case 'call': {
      const [argument] = node.args[1];
      if (node.args[0] === 'has' && argument !== undefined) {
        if (argument.op === '.') visitAccess(argument, walk, around, false);
        return undefined;
      }
      if (node.args[0] === 'size' && argument !== undefined) {
        checkSize(argument, visit(argument, walk, around), walk);
        return undefined;
      }
      break;
    }
    case 'rcall':
      if (isComprehension(node)) return visitComprehension(node, walk, around);
      if (node.args[0] === 'size' && node.args[2].length === 0) {
        checkSize(node.args[1], visit(node.args[1], walk, around), walk);
        return undefined;
      }
      break;
    default:
  }
  const schemas = childrenOf(node).map((child) => operate(child, walk, around));
  walk.issues.push(...checkLiterals(node, schemas));
  return madeOf(node, schemas);
}

/** What an operation gives, where more is known of it than CEL's type says. */
function madeOf(node: ASTNode, schemas: readonly (Schema | undefined)[]): Schema | undefined {
  switch (node.op) {
    case 'list':
      return listOf(joinedAll(schemas));
    case 'map': {
      const fields = node.args.map(([key], index) => [literalOf(key), schemas[2 * index + 1]] as const);
      const named = fields.filter((field): field is [string, Schema | undefined] => typeof field[0] === 'string');
      return named.length === fields.length ? mapOf(new Map(named)) : undefined;
    }
    case '+':
      return added(schemas[0], schemas[1]);
    case 'rcall':
      return node.args[0] === 'orValue' ? withoutSecrets(joined(schemas[0], schemas[1])) : undefined;
    default:
      return undefined;
  }
}

function withoutSecrets(schema: Schema | undefined): Schema | undefined {
  return schema !== undefined && holdsSecret(schema) ? undefined : schema;
}

/** As `visit`, where an operation looks at the value: none may look at a secret. */
function operate(node: ASTNode, walk: Walk, around: Around): Schema | undefined {
  const schema = visit(node, walk, around);
  refuseSecret(node, schema, walk);
  return schema;
}

function visitName(node: ASTNode & { readonly op: 'id' }, walk: Walk, { locals }: Around): Schema | undefined {
  const name = node.args;
  if (locals.has(name)) return locals.get(name);
  const own = walk.place.locals?.get(name);
  if (own !== undefined) {
    walk.reads.push({ kind: 'local', id: name, start: node.start, end: node.end });
    return own;
  }
  if (name === 'output' && walk.place.output !== undefined) return read(walk, name, walk.place.output);
  if (walk.scope.roots.has(name)) return read(walk, name, walk.scope.roots.get(name));
  if (CEL_NAMES.has(name)) return undefined;
  const known = [
    ...walk.scope.roots.keys(),
    'steps',
    'vars',
    ...locals.keys(),
    ...(walk.place.locals?.keys() ?? []),
    ...(walk.place.output ? ['output'] : []),
  ];
  const { start, end } = node;
  if (name === 'steps' || name === 'vars') {
    const message =
      name === 'steps'
        ? '`steps` is read as `steps.<id>.output` or `steps.<id>.status`'
        : '`vars` is read as `vars.<id>`';
    walk.issues.push({ code: 'E_PLAYBOOK_EXPRESSION', message, start, end });
    return undefined;
  }
  const inner = walk.scope.steps.has(name) ? `did you mean \`steps.${name}\`?` : propertyHint(name, walk);
  const hint = ELSEWHERE.get(name) ?? inner ?? didYouMean(name, known, `known here: ${listed(known)}`);
  walk.issues.push({ code: 'E_PLAYBOOK_UNKNOWN_NAME', message: `Unknown name \`${name}\``, hint, start, end });
  return undefined;
}

/** Names that are known in other places. */
const ELSEWHERE: ReadonlyMap<string, string> = new Map([
  ['output', '`output` is what the step itself gave, known in `until`, `assert` and `undo`'],
  ['item', '`item` is known in a step with `forEach` and inside it, not in its own `when` and `forEach`'],
]);

/** `isDrill` alone is meant as `run.isDrill`. */
function propertyHint(name: string, { scope }: Walk): string | undefined {
  if (scope.varNames.includes(name)) return `did you mean \`vars.${name}\`?`;
  for (const [root, schema] of scope.roots) {
    if (schema !== undefined && propertyOf(schema, name) !== undefined) return `did you mean \`${root}.${name}\`?`;
  }
  return undefined;
}

function read(walk: Walk, name: string, schema: Schema | undefined): Schema | undefined {
  walk.roots.add(name);
  return schema;
}

/** `a.b`, `a["b"]`, `a[0]`. With `mustBePresent` false it is the argument of has(). */
function visitAccess(node: ASTNode, walk: Walk, around: Around, mustBePresent: boolean): Schema | undefined {
  const field = fieldOf(node);
  if (field === undefined) {
    const [list, index] = childrenOf(node);
    if (index !== undefined) operate(index, walk, around);
    const schema = list === undefined ? undefined : visit(list, walk, around);
    const items = schema === undefined ? undefined : itemsOf(schema);
    // By a name that is only computed nobody can tell which field it is.
    if (items === undefined && list !== undefined) refuseSecret(list, schema, walk);
    return items;
  }
  if (isStep(field, around)) {
    // Taken as a whole: whoever gets it may read its output.
    walk.outputs.add(field.name);
    return visitStep(node, field, walk);
  }
  if (field.base.op === 'id' && field.base.args === 'vars' && !around.locals.has('vars'))
    return resolveVar(node, field, walk, mustBePresent);
  const ofStep = fieldOf(field.base);
  const isOfStep = ofStep !== undefined && isStep(ofStep, around);
  const base = isOfStep ? visitStep(field.base, ofStep, walk) : visit(field.base, walk, around);
  noteOutput(field.base, field.name, walk, around);
  if (mustBePresent && !around.locals.has('contacts')) checkContact(node, field, walk, around.facts);
  if (base === undefined) return undefined;
  const property = propertyOf(base, field.name);
  if (property === undefined) {
    if (isClosedObject(base)) walk.issues.push(unknownField(field, base));
    const rest = fieldSchema(base, field.name);
    return rest !== undefined && holdsSecret(rest) ? rest : undefined;
  }
  const path = pathText(node);
  const isKnown = requiredOf(base).includes(field.name) || (path !== undefined && around.facts.has(path));
  const isStepOutput = path !== undefined && /^steps\.\w+\.output$/.test(path);
  if (mustBePresent && !isKnown && !isStepOutput) {
    walk.issues.push({
      code: 'E_PLAYBOOK_OPTIONAL',
      message: `\`${path ?? field.name}\` may be absent`,
      hint:
        path === undefined
          ? `read it as \`.?${field.name}.orValue(…)\`, or keep only what has it: \`filter(one, has(one.${field.name}))\``
          : `write \`has(${path}) && …\` or \`has(${path}) ? … : …\``,
      start: field.start,
      end: field.end,
    });
  }
  if (mustBePresent && isStepOutput && !isKnown) {
    walk.needed.add(path.split('.')[1] ?? '');
    reportUnguarded(field, path, walk);
  }
  return property;
}

type FieldRead = NonNullable<ReturnType<typeof fieldOf>>;

/** `steps.<id>` */
function isStep({ base }: FieldRead, { locals }: Around): boolean {
  return base.op === 'id' && base.args === 'steps' && !locals.has('steps');
}

function visitStep(node: ASTNode, field: FieldRead, walk: Walk): Schema | undefined {
  const step = resolveStep(node, field, walk);
  return step === undefined ? undefined : stepViewSchema(step.output);
}

function noteOutput(base: ASTNode, name: string, walk: Walk, { locals }: Around): void {
  const path = locals.has('steps') ? undefined : pathText(base);
  const match = name === 'output' && path !== undefined ? /^steps\.(\w+)$/.exec(path) : null;
  if (match?.[1] !== undefined) walk.outputs.add(match[1]);
}

function reportUnguarded(field: { readonly base: ASTNode; readonly end: number }, path: string, walk: Walk): void {
  const id = path.split('.')[1] ?? '';
  const step = walk.scope.steps.get(id);
  const { reader } = walk.place;
  const isVisible = step !== undefined && visibility(reader, step) === 'visible';
  const reason = isVisible ? missingReason(reader, step) : undefined;
  if (reason === undefined) return;
  walk.issues.push({
    code: 'E_PLAYBOOK_UNGUARDED',
    message: `\`steps.${id}\` may have no output here: ${reason}`,
    hint: `guard it: \`steps.${id}.status == 'done' && …\`, here or in the \`when\` of this step`,
    start: field.base.start,
    end: field.end,
  });
}

function isComprehension(node: ASTNode): boolean {
  return comprehensionOf(node) !== undefined || bindingOf(node) !== undefined;
}

function bindingOf(
  node: ASTNode,
): { readonly variable: string; readonly value: ASTNode; readonly rest: readonly ASTNode[] } | undefined {
  if (node.op !== 'rcall' || node.args[0] !== 'bind') return undefined;
  const [, receiver, [variable, value, ...rest]] = node.args;
  if (receiver.op !== 'id' || receiver.args !== 'cel' || variable?.op !== 'id' || value === undefined) return undefined;
  return { variable: variable.args, value, rest };
}

/** @returns what a `filter` keeps, what a `map` makes, what `cel.bind` gives. */
function visitComprehension(node: ASTNode, walk: Walk, around: Around): Schema | undefined {
  const macro = comprehensionOf(node);
  if (macro !== undefined) {
    const list = visit(macro.list, walk, around);
    const items = list === undefined ? undefined : itemsOf(list);
    if (items === undefined) refuseSecret(macro.list, list, walk);
    const last = bind(macro.variable, items, macro.rest, node, walk, around);
    if (macro.name === 'map') return listOf(last);
    if (macro.name !== 'filter' || items === undefined) return undefined;
    return { type: 'array', items: holdsSecret(items) ? items : kept(items, macro) };
  }
  const binding = bindingOf(node);
  if (binding === undefined) return undefined;
  return withoutSecrets(bind(binding.variable, visit(binding.value, walk, around), binding.rest, node, walk, around));
}

/** An entry for which the condition of a `filter` held. */
function kept(
  items: Schema,
  { variable, rest }: { readonly variable: string; readonly rest: readonly ASTNode[] },
): Schema {
  const prefix = `${variable}.`;
  const facts = rest.flatMap((condition) => [...factsWhen(condition, true)]);
  return narrowed(
    items,
    facts.filter((fact) => fact.startsWith(prefix)).map((fact) => fact.slice(prefix.length)),
  );
}

/** @returns what the last part gives. */
function bind(
  name: string,
  schema: Schema | undefined,
  inside: readonly ASTNode[],
  node: ASTNode,
  walk: Walk,
  around: Around,
): Schema | undefined {
  const isTaken = walk.scope.roots.has(name) || walk.place.locals?.has(name) || SCOPE_NAMES.has(name);
  if (name.startsWith('__') || isTaken) {
    walk.issues.push({
      code: 'E_PLAYBOOK_EXPRESSION',
      message: `The variable \`${name}\` has a name that is taken`,
      hint: 'choose another',
      start: node.start,
      end: node.end,
    });
  }
  const facts = new Set([...around.facts].filter((fact) => !isAbout(fact, name)));
  let inner: Around = { facts, locals: new Map([...around.locals, [name, schema]]) };
  let last: Schema | undefined;
  for (const part of inside) {
    last = operate(part, walk, inner);
    inner = { ...inner, facts: union(inner.facts, factsWhen(part, true)) };
  }
  return last;
}
