// Compiling playbooks in tests: the real schema, fixture actions, text in.
import { existsSync, readFileSync } from 'node:fs';
import { type CompileResult, createPlaybookCompiler, type PlaybookPort } from '../../engine/playbook/compile.ts';
import type { Plan, Scope } from '../../engine/playbook/plan.ts';
import { fixtureActions } from '../fixtures/playbooks/actions.ts';

const schemaUrl = new URL('../../schemas/playbook.schema.json', import.meta.url);
export const compilePlaybook = createPlaybookCompiler({ playbookSchema: JSON.parse(readFileSync(schemaUrl, 'utf8')) });

/** What fixtures call: files, and two families that are made up: `level-<n>` calls the next level, of nine; `wide-1` is large. */
export const calledPlaybooks: PlaybookPort = {
  names: () => ['check-one', 'may-abort', 'wrong-inside'],
  read(name) {
    const text = madeUp(name) ?? textOf(name);
    return text === undefined ? undefined : { text, file: `${name}.yaml` };
  },
};

function textOf(name: string): string | undefined {
  const file = ['called', 'valid']
    .map((folder) => new URL(`../fixtures/playbooks/${folder}/${name}.yaml`, import.meta.url))
    .find((url) => existsSync(url));
  return file === undefined ? undefined : readFileSync(file, 'utf8');
}

function madeUp(name: string): string | undefined {
  const [, family, number] = /^(level|wide)-(\d)$/.exec(name) ?? [];
  const level = Number(number);
  const step = level === (family === 'wide' ? 3 : 9) ? 'uses: test.noop' : `playbook: ${family}-${level + 1}`;
  const count = family === 'wide' ? 40 : 1;
  const steps = Array.from({ length: count }, (_, index) => `  - id: s${index}\n    ${step}\n`);
  return family === undefined ? undefined : playbook(steps.join('')).replace('name: test', `name: ${name}`);
}

export function compile(text: string, file = 'test.yaml', maxBytes?: number): CompileResult {
  const options = { text, file, actions: fixtureActions, playbooks: calledPlaybooks };
  return compilePlaybook({ ...options, ...(maxBytes === undefined ? {} : { maxBytes }) });
}

/** A playbook around steps, indented as they come. */
export function playbook(steps: string, top = ''): string {
  return `apiVersion: runbook/v1\nname: test\ntitle: Test\n${top}steps:\n${steps}`;
}

export function planOf(text: string): Plan {
  const { plan, diagnostics } = compile(text);
  if (plan === undefined)
    throw new Error(
      diagnostics
        .map(({ location, code, message }) => `${location.line}:${location.column} ${code} ${message}`)
        .join('\n'),
    );
  return plan;
}

/** `code line:column` of each diagnostic, in order. */
export function brief({ diagnostics }: CompileResult): string[] {
  return diagnostics.map(({ code, location }) => `${code} ${location.line}:${location.column}`);
}

export function scope(parts: Partial<Scope> = {}): Scope {
  return {
    inputs: {},
    vars: {},
    steps: {},
    run: {
      id: 'r1',
      playbook: 'test',
      title: 'Test',
      severity: 'P1',
      operator: 'ana',
      startedAt: '2026-01-31T03:00:00Z',
      isDrill: true,
      environment: '',
    },
    env: {},
    contacts: {},
    ...parts,
  };
}
