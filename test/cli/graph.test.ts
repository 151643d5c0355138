import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mermaidLines } from '../../engine/cli/playbooks/playbook-graph.ts';
import { EVERYTHING, planActions, planOf } from './outline-plans.ts';

// What Mermaid's flowchart grammar takes of what we write (mermaid 11; the charts of the tests were parsed by it too).
const TEXT = '"[^"]*"';
const NODE = new RegExp(
  `^n\\d+(\\(\\[${TEXT}\\]\\)|\\(\\(${TEXT}\\)\\)|\\{\\{${TEXT}\\}\\}|\\{${TEXT}\\}|\\[/${TEXT}/\\]|\\[${TEXT}\\])(:::[a-z]+)?$`,
);
const EDGE = new RegExp(`^n\\d+ (-->|-\\.->)(\\|${TEXT}\\|)? n\\d+$`);
const GROUP = new RegExp(`^subgraph g\\d+\\[${TEXT}\\]$`);

interface Chart {
  readonly nodes: ReadonlyMap<string, string>;
  readonly edges: readonly (readonly [string, string])[];
  readonly groups: readonly string[];
}

/** Reads a chart as strictly as it is written, and fails on anything else. */
function read(lines: readonly string[]): Chart {
  const nodes = new Map<string, string>();
  const edges: (readonly [string, string])[] = [];
  const groups: string[] = [];
  let open = 0;
  expect(lines[0]).toBe('flowchart TD');
  for (const line of lines.slice(1).map((one) => one.trim())) {
    if (NODE.test(line)) nodes.set(/^n\d+/.exec(line)?.[0] ?? '', line);
    else if (EDGE.test(line)) edges.push([/^n\d+/.exec(line)?.[0] ?? '', /n\d+$/.exec(line)?.[0] ?? '']);
    else if (GROUP.test(line)) {
      open += 1;
      groups.push(textOf(line));
    } else if (line === 'end') open -= 1;
    else expect(line).toMatch(/^classDef [a-z]+ [a-z:#0-9,\- ]+$/);
  }
  expect(open).toBe(0);
  return { nodes, edges, groups };
}

/** As it is drawn. */
function textOf(line: string): string {
  const [, quoted = ''] = /"([^"]*)"/.exec(line) ?? [];
  return quoted.replace(/#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
}

const chart = read(mermaidLines(planOf(EVERYTHING), planActions));
const idOf = (text: string): string => {
  const found = [...chart.nodes].find(([, line]) => textOf(line).startsWith(text));
  if (found === undefined) throw new Error(`no ${text} in ${[...chart.nodes.values()].map(textOf).join(' | ')}`);
  return found[0];
};
const leadsTo = (from: string, to: string): boolean => chart.edges.some(([a, b]) => a === idOf(from) && b === idOf(to));

test('draws groups, loops, called playbooks and `finally` as boxes', () => {
  expect(chart.groups).toEqual([
    'Act (up to 2 at once), at most 30 min',
    'Each host (for each host of inputs.hosts, up to 2 at once)',
    'Call another (playbook called)',
    'Finally',
    'Finally, however the run ends',
  ]);
});

test('draws steps in order, conditions with both ways out, and approvals before their step', () => {
  expect(leadsTo('One of everything', 'Look around')).toBe(true);
  expect(leadsTo('Look around', 'steps.look.output.count > 0')).toBe(true);
  expect(leadsTo('steps.look.output.count > 0', 'all')).toBe(true);
  expect(leadsTo('steps.look.output.count > 0', 'each')).toBe(true);
  expect(leadsTo('approval by 2 security', 'Ban them')).toBe(true);
  expect(leadsTo('Purge', 'Tell everybody')).toBe(true);
  expect(leadsTo('Tell everybody', 'Done')).toBe(true);
});

test('draws branches from one point to one point, and a loop back to its start', () => {
  for (const branch of ['Switch over', 'Ask "them"']) {
    expect(leadsTo('all', branch)).toBe(true);
    expect(leadsTo(branch, 'when all have ended')).toBe(true);
  }
  expect(leadsTo('Ban them', 'when all have ended')).toBe(true);
  expect(leadsTo('each', 'Wait for it')).toBe(true);
  expect(leadsTo('Wait for it', 'each')).toBe(true);
});

test('marks what a step does to the outside', () => {
  const line = (text: string): string => chart.nodes.get(idOf(text)) ?? '';
  expect(line('Look around')).toMatch(/:::read$/);
  expect(line('Switch over')).toMatch(/:::change$/);
  expect(line('Ban them')).toMatch(/:::destructive$/);
  expect(line('Ask "them"')).toMatch(/:::person$/);
  expect(textOf(line('Ban them'))).toContain('a failure ends the run');
});

test('whatever a title or a condition holds, the chart can be parsed and says it', () => {
  const words = fc.constantFrom(
    'end',
    'subgraph',
    'style x:y#z;',
    '%%{init}%%',
    '`',
    '"',
    '|',
    '<b>',
    '#quot;',
    '-->',
    '[',
    '}',
    'é',
    '🐱',
  );
  const title = fc.array(words, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(' '));
  fc.assert(
    fc.property(title, (given) => {
      const plan = planOf(
        `apiVersion: runbook/v1\nname: everything\ntitle: T\nsteps:\n  - { id: end, title: ${JSON.stringify(given)}, when: ${JSON.stringify(`run.title != ${JSON.stringify(given)}`)}, uses: test.noop }\n`,
      );
      const { nodes } = read(mermaidLines(plan, planActions));
      expect([...nodes.values()].map(textOf)).toContain(`${given}<br/>test.noop`);
    }),
    { numRuns: 60 },
  );
});
