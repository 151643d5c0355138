// Random playbooks as YAML: nested groups, parallel, forEach, calls, retries, guards, changes, finally. What each step does
// is a function of the seed, its path and its attempt, never of the moment.
import { fate } from './core-model.ts';

interface Writer {
  readonly seed: number;
  ids: number;
  draws: number;
}

/** Steps that a reader here may read, each under a guard. */
type Visible = readonly string[];

export function randomPlaybook(seed: number): string {
  const writer: Writer = { seed, ids: 0, draws: 0 };
  const { lines, ids } = steps(writer, { indent: 2, depth: 0, visible: [], locals: [], count: 2 + below(writer, 4) });
  const last = steps(writer, {
    indent: 2,
    depth: 3,
    visible: ids,
    locals: [],
    count: 1 + below(writer, 2),
    isFinally: true,
  });
  return `apiVersion: runbook/v1
name: test
title: Random ${seed}
category: outage
severity: P2
vars: { base: v${seed % 7} }
steps:
${lines.join('\n')}
finally:
${last.lines.join('\n')}
`;
}

interface Place {
  readonly indent: number;
  readonly depth: number;
  readonly visible: Visible;
  readonly locals: readonly string[];
  readonly count: number;
  readonly isParallel?: boolean;
  readonly isFinally?: boolean;
}

function below(writer: Writer, bound: number): number {
  writer.draws += 1;
  return Math.floor(fate(writer.seed, `draw ${writer.draws}`) * bound);
}

function steps(writer: Writer, place: Place): { readonly lines: string[]; readonly ids: string[] } {
  const lines: string[] = [];
  const ids: string[] = [];
  for (let n = 0; n < place.count; n += 1) {
    const visible = place.isParallel ? place.visible : [...place.visible, ...ids];
    const made = step(writer, { ...place, visible });
    lines.push(...made.lines);
    ids.push(made.id);
  }
  return { lines, ids };
}

function step(writer: Writer, place: Place): { readonly lines: string[]; readonly id: string } {
  writer.ids += 1;
  const id = `s${writer.ids}`;
  const pad = ' '.repeat(place.indent);
  const more = ' '.repeat(place.indent + 2);
  const lines = [`${pad}- id: ${id}`, `${more}title: Step ${id}`];
  const [read] = place.visible.toReversed();
  if (read !== undefined && below(writer, 4) === 0) lines.push(`${more}when: steps.${read}.status != 'failed'`);
  const kind = place.depth >= 3 ? 0 : below(writer, 6);
  if (kind >= 4) {
    const isParallel = below(writer, 2) === 0;
    if (isParallel) lines.push(`${more}parallel: ${1 + below(writer, 3)}`);
    const inside = steps(writer, {
      ...place,
      indent: place.indent + 4,
      depth: place.depth + 1,
      count: 1 + below(writer, 3),
      isParallel,
    });
    lines.push(`${more}steps:`, ...inside.lines);
    return { lines, id };
  }
  if (kind === 3) {
    const items = Array.from({ length: below(writer, 4) }, (_, index) => `'i${index}'`);
    lines.push(
      `${more}forEach: "[${items.join(', ')}]"`,
      `${more}as: of_${id}`,
      `${more}concurrency: ${1 + below(writer, 3)}`,
    );
    const locals = [...place.locals, `of_${id}`];
    if (below(writer, 2) === 0) {
      const inside = steps(writer, {
        ...place,
        indent: place.indent + 4,
        depth: place.depth + 1,
        count: 1 + below(writer, 2),
        isParallel: false,
        locals,
      });
      lines.push(`${more}steps:`, ...inside.lines);
    } else lines.push(...action(writer, { ...place, locals }, more));
    return { lines, id };
  }
  lines.push(...action(writer, place, more));
  return { lines, id };
}

function action(writer: Writer, { visible, locals, isFinally = false }: Place, pad: string): string[] {
  const reads = visible.filter((_, index) => index >= visible.length - 2);
  // A whole view, so that status and output of what is read both count.
  const parts = [`vars.base`, ...locals, ...reads.map((id) => `steps.${id}.status`)];
  const lines = [
    `${pad}uses: test.effect`,
    `${pad}with: { value: "\${{ ${parts.join(' + ')} }}", targets: ${below(writer, 6)} }`,
  ];
  lines.push(`${pad}approval: ${below(writer, 4) === 0 ? '{ by: 1 }' : '{ none: Test }'}`);
  if (below(writer, 2) === 0) lines.push(`${pad}retry: { attempts: ${1 + below(writer, 3)}, delay: 1ms }`);
  if (below(writer, 4) === 0)
    lines.push(`${pad}until: output.rounds >= ${1 + below(writer, 3)}`, `${pad}every: 1ms`, `${pad}timeout: 1m`);
  const choice = below(writer, isFinally ? 2 : 3);
  lines.push(`${pad}onFailure: ${['pause', 'continue', 'pause'][choice]}`);
  return lines;
}
