// Validating takes time linear in the number of playbooks, and in the number of their steps.
import { builtInActions } from '../../actions/index.ts';
import { schemaNamed } from '../../engine/cli/resources.ts';
import { createPlaybookCompiler } from '../../engine/playbook/compile.ts';
import type { Bench } from './run.ts';

const FEW = 100;
const MANY = 1_000;
const STEPS = 50;
const actions = new Map(builtInActions.map((action) => [action.name, action]));

export const bench: Bench = (print) => {
  timeOf(FEW, STEPS);
  // The short ones thrice, the best counts: what else the machine does weighs more on them.
  const few = Math.min(...[1, 2, 3].map(() => timeOf(FEW, STEPS)));
  const many = timeOf(MANY, STEPS);
  print(`${FEW} playbooks of ${STEPS} steps: ${words(few)}`);
  print(`${MANY} playbooks of ${STEPS} steps: ${words(many)}, ${(many / MANY).toFixed(2)} ms each`);
  print(`ratio: ${(many / few).toFixed(2)} (linear: ${(MANY / FEW).toFixed(2)})`);
  const long = timeOf(FEW, STEPS * 10);
  print(`${FEW} playbooks of ${STEPS * 10} steps: ${words(long)}`);
  print(`ratio by steps: ${(long / few).toFixed(2)} (linear: 10.00)`);
};

/** Milliseconds to validate so many playbooks with one compiler, as `runbook validate` does. */
function timeOf(count: number, steps: number): number {
  const texts = Array.from({ length: count }, (_, index) => playbook(`p${index}`, steps));
  const compile = createPlaybookCompiler({ playbookSchema: schemaNamed('playbook') });
  const start = performance.now();
  texts.forEach((text, index) => {
    const { diagnostics } = compile({ text, file: `p${index}.yaml`, actions });
    if (diagnostics.length > 0) throw new Error(`not valid: ${diagnostics[0]?.message}`);
  });
  return performance.now() - start;
}

/** Steps of each kind, with guards, loops and templates. */
function playbook(name: string, steps: number): string {
  const lines = ['apiVersion: runbook/v1', `name: ${name}`, 'title: Bench', 'inputs:'];
  lines.push('  hosts: { type: array, items: { type: string }, default: [] }', 'steps:');
  for (let i = 0; i < steps; i++) lines.push(step(i));
  return `${lines.join('\n')}\n`;
}

function step(i: number): string {
  const before = i - (i % 5);
  const url = `"https://\${{ ${i % 5 === 3 ? 'host' : "'web'"} }}.example.org/${i}"`;
  switch (i % 5) {
    case 0:
      return `  - { id: s${i}, title: Probe ${i}, uses: http.probe, with: { url: ${url} }, timeout: 10s, retry: { attempts: 3 } }`;
    case 1:
      return `  - { id: s${i}, manual: "It says \${{ steps.s${before}.output.ok }}.", fields: { well: { type: boolean } } }`;
    case 2:
      return `  - { id: s${i}, when: "!steps.s${before}.output.ok && size(inputs.hosts) > 0", manual: Look at it. }`;
    case 3:
      return `  - { id: s${i}, forEach: inputs.hosts, as: host, uses: http.probe, with: { url: ${url} } }`;
    default:
      return `  - { id: s${i}, steps: [{ id: i${i}, uses: http.probe, with: { url: ${url} }, until: output.ok, every: 1s, timeout: 1m }] }`;
  }
}

function words(ms: number): string {
  return `${ms.toFixed(0)} ms`;
}
