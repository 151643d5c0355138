// From a playbook's text to its Plan, or to everything that is wrong with it. Pure: text and actions come in.
import type { Action } from '../action.ts';
import { isJsonObject, type JsonObject, type Schema } from '../json.ts';
import { type Collector, createCollector } from './collector.ts';
import { checkInputDefault, objectOf, readOwnSchemas, toPlanInput } from './compile-inputs.ts';
import { compileStep, type StepsOptions } from './compile-steps.ts';
import type { Diagnostic } from './diagnostics.ts';
import { NO_FACTS } from './facts.ts';
import { indexSteps } from './index-steps.ts';
import { checkId, checkName } from './names.ts';
import type { GroupStep, Plan, PlanNode } from './plan.ts';
import { listAt, objectAt, textAt, textsAt } from './read.ts';
import { createShapeCheck, type ShapeCheck } from './schema.ts';
import { createScope, SECRETS_ONLY_IN_WITH } from './scope.ts';
import { parseSource, type Source } from './source.ts';
import { compileTemplate } from './templates.ts';
import { createValueValidator, type ValueValidator } from './validate-value.ts';

export interface CompileOptions {
  readonly text: string;
  /** As shown in messages; its base name must be the playbook's name. */
  readonly file: string;
  readonly actions: ReadonlyMap<string, Action>;
  /** Default 1 MiB. */
  readonly maxBytes?: number;
}
export interface CompileResult {
  /** Absent where there is an error. */
  readonly plan?: Plan;
  /** Everything found, in the order of the file, none twice. */
  readonly diagnostics: readonly Diagnostic[];
}
export type CompilePlaybook = (options: CompileOptions) => CompileResult;

/**
 * @param playbookSchema the content of schemas/playbook.schema.json.
 * @param validator shared with the run, so that schemas are compiled once.
 */
export function createPlaybookCompiler({
  playbookSchema,
  validator = createValueValidator(),
}: {
  readonly playbookSchema: Schema;
  readonly validator?: ValueValidator;
}): CompilePlaybook {
  const checkShape = createShapeCheck(playbookSchema);
  return (options) => {
    const collector = createCollector();
    const source = parseSource(options, collector);
    const plan = source === undefined ? undefined : compile(source, { ...options, collector, validator, checkShape });
    const diagnostics = collector.list();
    return plan === undefined || collector.hasErrors ? { diagnostics } : { plan, diagnostics };
  };
}

interface Context extends CompileOptions {
  readonly collector: Collector;
  readonly validator: ValueValidator;
  readonly checkShape: ShapeCheck;
}

function compile(source: Source, { actions, collector, validator, checkShape, text, file }: Context): Plan | undefined {
  checkShape(source, collector);
  const playbook = source.value;
  if (!isJsonObject(playbook)) return undefined;
  const name = textAt(playbook, 'name') ?? '';
  if (name !== '') checkName(name, file, source.locate(['name']), collector);
  const shared = new Map<string, Schema>();
  const inputs = readOwnSchemas(objectAt(playbook, 'inputs'), {
    what: 'input',
    path: ['inputs'],
    source,
    collector,
    validator,
    shared,
  });
  for (const input of inputs) checkInputDefault(input, source, collector, validator);
  const requires = objectAt(playbook, 'requires') ?? {};
  const secrets = textsAt(requires, 'secrets');
  const env = textsAt(requires, 'env');
  const { drafts, steps } = indexSteps(listAt(playbook, 'steps'), { source, actions, collector, validator, shared });
  const scope = createScope({ inputs: objectOf(inputs), env, secrets, steps });
  const outputsRead = new Set<string>();
  const options: StepsOptions = { source, scope, collector, validator, actions, secrets, outputsRead };
  const nodes = drafts.flatMap((draft, index) => compileStep(draft, index, NO_FACTS, options) ?? []);
  const outputs = compileOutputs(playbook, options);
  if (collector.hasErrors) return undefined;
  const marked = nodes.map((node) => withReads(node, outputsRead));
  const root = rootOf(marked, textAt(playbook, 'title') ?? name, source);
  return {
    name,
    title: root.title,
    category: textAt(playbook, 'category') ?? 'other',
    severity: textAt(playbook, 'severity') ?? 'P2',
    symptoms: textsAt(playbook, 'symptoms'),
    tags: textsAt(playbook, 'tags'),
    ...descriptionOf(playbook),
    inputs: inputs.map(toPlanInput),
    requires: { secrets, env },
    root,
    nodes: nodesByPath(root),
    outputs,
    text,
    file,
  };
}

function descriptionOf(playbook: JsonObject): { readonly description?: string } {
  const description = textAt(playbook, 'description');
  return description === undefined ? {} : { description };
}

function compileOutputs(
  playbook: JsonObject,
  { source, scope, collector, outputsRead }: StepsOptions,
): Plan['outputs'] {
  return Object.entries(objectAt(playbook, 'outputs') ?? {}).flatMap(([name, value]) => {
    const path = ['outputs', name];
    checkId(name, 'output', source.locateKey(path), collector);
    const template = compileTemplate({
      value,
      path,
      source,
      place: { reader: 'end', secrets: SECRETS_ONLY_IN_WITH, facts: NO_FACTS },
      scope,
      collector,
    });
    for (const id of template?.readsOutputs ?? []) outputsRead.add(id);
    return template === undefined ? [] : [{ name, value: template }];
  });
}

function withReads(node: PlanNode, read: ReadonlySet<string>): PlanNode {
  const isOutputRead = read.has(node.id);
  if (node.kind !== 'group') return { ...node, isOutputRead };
  return { ...node, isOutputRead, steps: node.steps.map((step) => withReads(step, read)) };
}

function rootOf(steps: readonly PlanNode[], title: string, source: Source): GroupStep {
  const { location } = source.locateKey(['steps']);
  return {
    kind: 'group',
    id: '',
    path: '',
    index: 0,
    title,
    tags: [],
    location,
    onFailure: 'pause',
    isOutputRead: false,
    steps,
    parallel: 1,
  };
}

function nodesByPath(root: GroupStep): ReadonlyMap<string, PlanNode> {
  const nodes = new Map<string, PlanNode>();
  const add = (node: PlanNode): void => {
    nodes.set(node.path, node);
    if (node.kind === 'group') for (const step of node.steps) add(step);
  };
  add(root);
  return nodes;
}
