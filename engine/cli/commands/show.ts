import type { Plan, PlanNode } from '../../playbook/plan.ts';
import { formatDuration } from '../../ui/duration.ts';
import { clean, oneLine } from '../../ui/text.ts';
import type { App, CommonOptions } from '../app.ts';
import { createCompiler } from '../compiler.ts';
import { EXIT } from '../exit-codes.ts';
import { findPlaybook, readPlaybook } from '../playbook-files.ts';

export async function show(app: App, playbook: string, _options: CommonOptions): Promise<number> {
  const file = findPlaybook(app, playbook);
  const plan = createCompiler().plan(readPlaybook(file), file.shown);
  if (app.isJson) app.terminal.print(JSON.stringify(planJson(plan)));
  else for (const line of planLines(plan, app.terminal.palette.bold)) app.terminal.print(clean(line));
  return EXIT.done;
}

function planLines(plan: Plan, bold: (text: string) => string): string[] {
  const lines = [`${plan.title} (${plan.name}, ${plan.category}, ${plan.severity})`, `  ${plan.file}`];
  if (plan.symptoms.length > 0) lines.push('', bold('Symptoms'), ...plan.symptoms.map((symptom) => `  ${symptom}`));
  if (plan.inputs.length > 0) {
    lines.push('', bold('Inputs'));
    for (const input of plan.inputs) {
      const fallback =
        input.default === undefined ? (input.required ? ', needed' : '') : `, default ${JSON.stringify(input.default)}`;
      lines.push(
        `  ${input.name}${fallback}${input.description === undefined ? '' : `: ${oneLine(input.description)}`}`,
      );
    }
  }
  const needs = [...plan.requires.secrets.map((name) => `secret ${name}`), ...plan.requires.env];
  if (needs.length > 0) lines.push('', bold('Needs'), `  ${needs.join(', ')}`);
  lines.push('', bold('Steps'));
  for (const node of plan.root.steps) addStep(lines, node, 1);
  return lines;
}

function addStep(lines: string[], node: PlanNode, level: number): void {
  const indent = '  '.repeat(level);
  lines.push(`${indent}${node.id}  ${oneLine(node.title)}  [${kindText(node)}]`);
  for (const detail of detailsOf(node)) lines.push(`${indent}    ${detail}`);
  if (node.kind === 'group') for (const step of node.steps) addStep(lines, step, level + 1);
}

function kindText(node: PlanNode): string {
  switch (node.kind) {
    case 'uses':
      return node.uses;
    case 'manual':
      return 'a person';
    case 'group':
      return node.parallel > 1 ? `group, up to ${node.parallel} at once` : 'group';
    default:
      return node satisfies never;
  }
}

function detailsOf(node: PlanNode): string[] {
  const details: string[] = [];
  if (node.when) details.push(`when ${oneLine(node.when.source)}`);
  if (node.kind !== 'group' && node.approval) {
    const { by, role } = node.approval;
    details.push(
      by === 0 && role === undefined ? 'your confirmation' : `approval by ${Math.max(1, by)} ${role ?? 'other person'}`,
    );
  }
  if (node.kind === 'uses') {
    if (node.approvalWaived !== undefined) details.push(`no approval: ${oneLine(node.approvalWaived)}`);
    if (node.until)
      details.push(
        `until ${oneLine(node.until.source)}${node.everyMs === undefined ? '' : `, every ${formatDuration(node.everyMs)}`}`,
      );
    if (node.retry) details.push(`up to ${node.retry.attempts} attempts`);
    if (node.timeoutMs !== undefined) details.push(`at most ${formatDuration(node.timeoutMs)}`);
  }
  if (node.kind === 'manual' && node.fields.length > 0)
    details.push(`fields: ${node.fields.map((field) => field.name).join(', ')}`);
  if (node.onFailure !== 'pause') details.push(`on failure: ${node.onFailure}`);
  return details;
}

function planJson(plan: Plan): object {
  const { name, title, category, severity, symptoms, tags, inputs, requires, file } = plan;
  return {
    name,
    title,
    category,
    severity,
    symptoms,
    tags,
    inputs,
    requires,
    file,
    steps: plan.root.steps.map(stepJson),
  };
}

function stepJson(node: PlanNode): object {
  const { id, path, title, kind } = node;
  return {
    id,
    path,
    title,
    kind,
    ...(node.when ? { when: node.when.source } : {}),
    ...(node.kind === 'uses' ? { uses: node.uses } : {}),
    ...(node.kind !== 'group' && node.approval ? { approval: node.approval } : {}),
    ...(node.kind === 'manual'
      ? { fields: node.fields.map((field) => ({ name: field.name, required: field.required, schema: field.schema })) }
      : {}),
    ...(node.kind === 'group' ? { parallel: node.parallel, steps: node.steps.map(stepJson) } : {}),
  };
}
