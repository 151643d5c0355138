// A playbook as an outline that a person reads before running it: what it needs, what it changes, step by step. Pure.
import type { Effect } from '../../action.ts';
import { type ActionStep, nodesInside, type Plan, type PlanInput, type PlanNode } from '../../playbook/plan.ts';
import { clean, oneLine } from '../../ui/text.ts';
import { typeWords } from './field-words.ts';
import { type Actions, approvalOf, approvalWords, effectOf, leavesOf, limitWords, undoOf } from './step-facts.ts';

/** Longer lists end with how many more there are. */
const MOST_LISTED = 12;
const EFFECT_WORDS: { readonly [E in Effect]: string } = {
  read: 'reads',
  change: 'changes something',
  destructive: 'destructive',
};

export function outlineLines(plan: Plan, actions: Actions, bold: (text: string) => string): readonly string[] {
  const section = (title: string, lines: readonly string[]): readonly string[] =>
    lines.length === 0 ? [] : ['', bold(title), ...lines.map((line) => `  ${line}`)];
  const { description } = plan;
  return [
    `${bold(oneLine(plan.title))} (${plan.name}, ${oneLine(plan.category)}, ${plan.severity})`,
    `  ${oneLine(plan.file)}`,
    ...(description === undefined
      ? []
      : clean(description)
          .trimEnd()
          .split('\n')
          .map((line) => `  ${line}`)),
    ...section('Symptoms', plan.symptoms.map(oneLine)),
    ...section('Inputs', plan.inputs.map(inputLine)),
    ...section('Needs', needsLines(plan)),
    ...section('What it does', summaryLines(plan, actions)),
    ...section('Limits', limitLines(plan)),
    ...section(
      'Steps',
      plan.root.steps.flatMap((step) => stepLines(step, actions)),
    ),
    ...section(
      'Finally, however it ends',
      (plan.finally?.steps ?? []).flatMap((step) => stepLines(step, actions)),
    ),
    ...section(
      'Outputs',
      plan.outputs.map(({ name }) => name),
    ),
  ].map(clean);
}

function inputLine({ name, schema, required, default: fallback, description }: PlanInput): string {
  const need =
    fallback === undefined ? (required ? 'needed' : 'may be left out') : `default ${JSON.stringify(fallback)}`;
  const text = description === undefined ? '' : `: ${oneLine(description)}`;
  return `${name}  ${typeWords(schema)}, ${oneLine(need)}${text}`;
}

function needsLines({ requires }: Plan): string[] {
  return [
    ...requires.secrets.map((name) => `secret ${oneLine(name)}`),
    ...requires.optionalSecrets.map((name) => `secret ${oneLine(name)}, for some of its steps`),
    ...requires.env.map((name) => `environment variable ${oneLine(name)}`),
  ];
}

/** The answers to "what will this do to us?", before the steps. */
function summaryLines(plan: Plan, actions: Actions): string[] {
  const leaves = leavesOf(plan);
  const uses = leaves.filter((node) => node.kind === 'uses');
  const effects = (effect: Effect): readonly ActionStep[] => uses.filter((step) => effectOf(step, actions) === effect);
  const changing = [...effects('change'), ...effects('destructive')];
  const people = leaves.length - uses.length;
  const counts = [
    counted(effects('read').length, 'reads', 'read'),
    counted(effects('change').length, 'changes something', 'change something'),
    counted(effects('destructive').length, 'is destructive', 'are destructive'),
    counted(people, 'is done by a person', 'are done by people'),
  ].filter((text) => text !== '');
  const canUndo = changing.filter((step) => undoOf(step, actions) !== null);
  const cannotUndo = changing.filter((step) => undoOf(step, actions) === null);
  const asked = leaves.filter((step) => approvalOf(step) !== undefined);
  const waived = effects('destructive').filter((step) => step.approvalWaived !== undefined);
  const temporary = uses.filter((step) => step.temporaryMs !== undefined);
  return [
    `${leaves.length} step${leaves.length === 1 ? '' : 's'}: ${counts.join(', ')}`,
    ...named('Destructive', effects('destructive')),
    ...named('Waits for approval', asked),
    ...named('Destructive without asking, on purpose', waived),
    ...named('Can be undone', canUndo),
    ...named('Cannot be undone', cannotUndo),
    ...named('For a time only, taken back at the end', temporary),
  ];
}

function counted(count: number, one: string, many: string): string {
  return count === 0 ? '' : `${count} ${count === 1 ? one : many}`;
}

function named(title: string, nodes: readonly PlanNode[]): string[] {
  if (nodes.length === 0) return [];
  const rest = nodes.length - MOST_LISTED;
  const paths = nodes.slice(0, MOST_LISTED).map(({ path }) => path);
  return [`${title}: ${paths.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`];
}

function limitLines({ limits, root, concurrency }: Plan): string[] {
  return [
    ...Object.entries(limits).map(
      ([kind, most]) => `more than ${most} of kind ${oneLine(kind)} in the whole run need an approval`,
    ),
    ...(root.timeoutMs === undefined ? [] : [`at most ${limitWords(root.timeoutMs)} of work in all`]),
    ...(concurrency === 'one' ? ['one run at a time'] : []),
  ];
}

function stepLines(node: PlanNode, actions: Actions): string[] {
  // A loop and its body are one written step.
  const written = node.kind === 'loop' ? node.body : node;
  const { timeoutMs } = { timeoutMs: undefined, ...written };
  const details = [
    ...(node.when ? [`when ${oneLine(node.when.source)}`] : []),
    ...(node.kind === 'loop' ? [loopWords(node)] : []),
    ...ownDetails(written, actions),
    ...(timeoutMs === undefined ? [] : [`at most ${limitWords(timeoutMs)}`]),
    ...(written.onFailure === 'pause' ? [] : [`on failure: ${written.onFailure}`]),
    ...(written.tags.length === 0 ? [] : [`tags: ${written.tags.map(oneLine).join(', ')}`]),
  ];
  return [
    headLine(written, actions),
    ...details.map((detail) => `    ${detail}`),
    ...insideLines(written, actions).map((line) => `  ${line}`),
  ];
}

function headLine(node: PlanNode, actions: Actions): string {
  const title = node.title === node.id ? '' : `${oneLine(node.title)}  `;
  return `${node.id}  ${title}[${kindWords(node, actions)}]`;
}

function insideLines(node: PlanNode, actions: Actions): string[] {
  const last = node.kind === 'call' ? node.finally : undefined;
  const steps = nodesInside(node).filter((step) => step !== last);
  return [
    ...steps.flatMap((step) => stepLines(step, actions)),
    ...(last === undefined
      ? []
      : ['finally', ...last.steps.flatMap((step) => stepLines(step, actions)).map((line) => `  ${line}`)]),
  ];
}

function kindWords(node: PlanNode, actions: Actions): string {
  switch (node.kind) {
    case 'uses':
      return `${node.uses}, ${EFFECT_WORDS[effectOf(node, actions)]}`;
    case 'manual':
      return 'a person';
    case 'group':
      return groupWords(node.parallel, node.steps.length);
    case 'call':
      return `playbook ${node.playbook}`;
    case 'loop':
      return 'for each';
    default:
      return node satisfies never;
  }
}

function groupWords(parallel: number, steps: number): string {
  if (parallel <= 1) return 'group';
  return parallel >= steps ? 'group, all at once' : `group, up to ${parallel} at once`;
}

function loopWords({ list, as, concurrency }: Extract<PlanNode, { readonly kind: 'loop' }>): string {
  const pace = concurrency > 1 ? `, up to ${concurrency} at once` : '';
  return `for each ${as} of ${oneLine(list.source)}${pace}`;
}

function ownDetails(node: PlanNode, actions: Actions): string[] {
  switch (node.kind) {
    case 'uses':
      return [...approvalDetails(node), ...actionDetails(node, actions)];
    case 'manual':
      return [
        ...approvalDetails(node),
        ...(node.fields.length === 0 ? [] : [`fields: ${node.fields.map(({ name }) => name).join(', ')}`]),
        ...(node.evidence === 'required' ? ['evidence needed'] : []),
        ...assertDetails(node.assert),
      ];
    default:
      return [];
  }
}

function approvalDetails(node: PlanNode): string[] {
  const policy = approvalOf(node);
  if (policy !== undefined) {
    const { reason } = policy;
    return [`${approvalWords(policy)}${reason === undefined ? '' : `: ${oneLine(reason)}`}`];
  }
  if (node.kind !== 'uses' || node.approvalWaived === undefined) return [];
  return [`no approval: ${oneLine(node.approvalWaived)}`];
}

function actionDetails(step: ActionStep, actions: Actions): string[] {
  const { until, everyMs, retry, temporaryMs } = step;
  const every = everyMs === undefined ? '' : `, every ${limitWords(everyMs)}`;
  return [
    ...undoDetails(step, actions),
    ...(temporaryMs === undefined ? [] : [`for ${limitWords(temporaryMs)} only: taken back before the run ends`]),
    ...(until === undefined ? [] : [`until ${oneLine(until.source)}${every}`]),
    ...assertDetails(step.assert),
    ...(retry === undefined ? [] : [`up to ${retry.attempts} attempts`]),
  ];
}

function undoDetails(step: ActionStep, actions: Actions): string[] {
  if (effectOf(step, actions) === 'read') return [];
  if (step.undo !== undefined) return [`can be undone, by ${step.undo.uses}`];
  return [undoOf(step, actions) === null ? 'cannot be undone' : 'can be undone'];
}

function assertDetails(assert: readonly { readonly source: string }[]): string[] {
  return assert.map(({ source }) => `must hold: ${oneLine(source)}`);
}
