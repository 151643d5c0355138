// A playbook as a Mermaid flowchart, which code review and wikis draw. Pure.
// Source: mermaid.js.org, "Flowcharts - Basic Syntax": ids are ours alone (an id `end`, or one that begins with `o` or
// `x`, breaks a chart); texts stand in double quotes, where `#NUMBER;` is a character.
import type { ActionStep, GroupStep, Plan, PlanNode } from '../../playbook/plan.ts';
import { oneLine, truncate } from '../../ui/text.ts';
import { type Actions, approvalOf, approvalWords, effectOf, limitWords } from './step-facts.ts';

const MOST_COLUMNS = 80;
const CLASSES = [
  'classDef read fill:#eef6ff,stroke:#4a78a8,color:#10243a',
  'classDef change fill:#fff6dd,stroke:#b58a1b,color:#3d2e05',
  'classDef destructive fill:#ffe5e2,stroke:#b3362a,color:#4a120d,stroke-width:2px',
  'classDef person fill:#efe9fb,stroke:#6d4fb0,color:#251447',
  'classDef approval fill:#ffffff,stroke:#b3362a,color:#4a120d,stroke-dasharray:4 3',
];

/** Where the flow leaves a part of the chart; with the words on the edge that goes on from there. */
interface Exit {
  readonly id: string;
  readonly words?: string;
}
interface Part {
  readonly entry: string;
  readonly exits: readonly Exit[];
}

export function mermaidLines(plan: Plan, actions: Actions): readonly string[] {
  const chart = createChart(actions);
  const start = chart.node('([', '])', [plan.title]);
  const body = chart.sequence(plan.root.steps);
  chart.edge({ id: start }, body.entry);
  let exits = body.exits;
  if (plan.finally !== undefined) {
    const last = chart.group('Finally, however the run ends', plan.finally);
    chart.connect(exits, last.entry);
    exits = last.exits;
  }
  chart.connect(exits, chart.node('([', '])', ['Done']));
  return ['flowchart TD', ...[...chart.lines, ...CLASSES].map((line) => `  ${line}`)];
}

interface Chart {
  readonly lines: readonly string[];
  /** @returns its id. */
  node(open: string, close: string, texts: readonly string[], style?: string): string;
  edge(from: Exit, to: string): void;
  connect(from: readonly Exit[], to: string): void;
  sequence(nodes: readonly PlanNode[]): Part;
  group(title: string, group: Pick<GroupStep, 'steps' | 'parallel'>): Part;
}

function createChart(actions: Actions): Chart {
  const lines: string[] = [];
  let count = 0;
  let level = 0;
  const write = (line: string): void => void lines.push(`${'  '.repeat(level)}${line}`);

  function node(open: string, close: string, texts: readonly string[], style?: string): string {
    const id = `n${++count}`;
    write(`${id}${open}"${texts.map(label).join('<br/>')}"${close}${style === undefined ? '' : `:::${style}`}`);
    return id;
  }
  function edge({ id, words }: Exit, to: string): void {
    write(words === undefined ? `${id} --> ${to}` : `${id} -->|"${label(words)}"| ${to}`);
  }
  function connect(from: readonly Exit[], to: string): void {
    for (const exit of from) edge(exit, to);
  }
  function inside<T>(title: string, draw: () => T): T {
    write(`subgraph g${++count}["${label(title)}"]`);
    level += 1;
    const drawn = draw();
    level -= 1;
    write('end');
    return drawn;
  }
  function sequence(nodes: readonly PlanNode[]): Part {
    const [first, ...rest] = nodes;
    // The schema wants a step; a chart without one is still a chart.
    if (first === undefined) {
      const id = node('((', '))', ['nothing']);
      return { entry: id, exits: [{ id }] };
    }
    let { entry, exits } = step(first);
    for (const next of rest) {
      const part = step(next);
      connect(exits, part.entry);
      exits = part.exits;
    }
    return { entry, exits };
  }
  /** A step with the question whether it is done at all before it. */
  function step(one: PlanNode): Part {
    if (one.when === undefined) return unguarded(one);
    const question = node('{', '}', [one.when.source]);
    const part = unguarded(one);
    edge({ id: question, words: 'yes' }, part.entry);
    return { entry: question, exits: [...part.exits, { id: question, words: 'no' }] };
  }
  function unguarded(one: PlanNode): Part {
    switch (one.kind) {
      case 'uses':
      case 'manual':
        return leaf(one);
      case 'group':
        return group(groupTitle(one), one);
      case 'call':
        return inside(`${one.title} (playbook ${one.playbook})${timeWords(one.timeoutMs)}`, () => call(one));
      case 'loop':
        return inside(loopTitle(one), () => loop(one));
      default:
        return one satisfies never;
    }
  }
  function leaf(one: Extract<PlanNode, { readonly kind: 'uses' | 'manual' }>): Part {
    const policy = approvalOf(one);
    const asked = policy === undefined ? undefined : node('{{', '}}', [approvalWords(policy)], 'approval');
    const id =
      one.kind === 'manual'
        ? node('[/', '/]', [one.title, 'by a person', ...failureWords(one)], 'person')
        : node('[', ']', [one.title, ...actionWords(one), ...failureWords(one)], effectOf(one, actions));
    if (asked === undefined) return { entry: id, exits: [{ id }] };
    edge({ id: asked, words: 'approved' }, id);
    return { entry: asked, exits: [{ id }] };
  }
  function group(title: string, one: Pick<GroupStep, 'steps' | 'parallel'>): Part {
    return inside(title, () => inOrder(one));
  }
  function inOrder({ steps, parallel }: Pick<GroupStep, 'steps' | 'parallel'>): Part {
    return parallel > 1 ? branches(steps) : sequence(steps);
  }
  function branches(steps: readonly PlanNode[]): Part {
    const fork = node('((', '))', ['all']);
    const parts = steps.map(step);
    for (const { entry } of parts) edge({ id: fork }, entry);
    const join = node('((', '))', ['when all have ended']);
    for (const { exits } of parts) connect(exits, join);
    return { entry: fork, exits: [{ id: join }] };
  }
  function loop({ body }: Extract<PlanNode, { readonly kind: 'loop' }>): Part {
    const each = node('((', '))', ['each']);
    // A group or a playbook that is done for each entry needs no second box.
    const part = body.kind === 'group' ? inOrder(body) : body.kind === 'call' ? call(body) : step(body);
    edge({ id: each }, part.entry);
    for (const { id, words } of part.exits)
      write(`${id} -.->|"${label(words === undefined ? 'next' : `${words}, next`)}"| ${each}`);
    return { entry: each, exits: [{ id: each, words: 'after the last' }] };
  }
  function call({ steps, finally: last }: Extract<PlanNode, { readonly kind: 'call' }>): Part {
    const body = sequence(steps);
    if (last === undefined) return body;
    const end = group('Finally', last);
    connect(body.exits, end.entry);
    return { entry: body.entry, exits: end.exits };
  }
  return { lines, node, edge, connect, sequence, group };
}

function groupTitle({ title, parallel, steps, timeoutMs }: GroupStep): string {
  const pace = parallel > 1 ? (parallel >= steps.length ? ' (all at once)' : ` (up to ${parallel} at once)`) : '';
  return `${title}${pace}${timeWords(timeoutMs)}`;
}

function loopTitle({ title, list, as, concurrency, body }: Extract<PlanNode, { readonly kind: 'loop' }>): string {
  const pace = concurrency > 1 ? `, up to ${concurrency} at once` : '';
  const what = body.kind === 'call' ? ` (playbook ${body.playbook})` : '';
  const time = body.kind === 'group' || body.kind === 'call' ? timeWords(body.timeoutMs) : '';
  return `${title}${what} (for each ${as} of ${list.source}${pace})${time}`;
}

function timeWords(timeoutMs: number | undefined): string {
  return timeoutMs === undefined ? '' : `, at most ${limitWords(timeoutMs)}`;
}

function actionWords({ uses, until, retry, timeoutMs, temporaryMs }: ActionStep): string[] {
  return [
    `${uses}${timeWords(timeoutMs)}`,
    ...(until === undefined ? [] : [`until ${until.source}`]),
    ...(retry === undefined ? [] : [`up to ${retry.attempts} attempts`]),
    ...(temporaryMs === undefined ? [] : [`for ${limitWords(temporaryMs)} only`]),
  ];
}

function failureWords({ onFailure }: PlanNode): string[] {
  if (onFailure === 'pause') return [];
  return [onFailure === 'abort' ? 'a failure ends the run' : 'goes on after a failure'];
}

/** One line of text that means nothing to Mermaid, not even in a comment or a directive. */
function label(text: string): string {
  return truncate(oneLine(text), MOST_COLUMNS).replace(
    /[^\p{L}\p{N} .,()[\]/'!?=*+_-]/gu,
    (char) => `#${char.codePointAt(0) ?? 0};`,
  );
}
