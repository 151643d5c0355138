// Compiling playbooks in tests: the real schema, fixture actions, text in.
import { readFileSync } from 'node:fs';
import { type CompileResult, createPlaybookCompiler } from '../../engine/playbook/compile.ts';
import type { Plan, Scope } from '../../engine/playbook/plan.ts';
import { fixtureActions } from '../fixtures/playbooks/actions.ts';

const schemaUrl = new URL('../../schemas/playbook.schema.json', import.meta.url);
export const compilePlaybook = createPlaybookCompiler({ playbookSchema: JSON.parse(readFileSync(schemaUrl, 'utf8')) });

export function compile(text: string, file = 'test.yaml', maxBytes?: number): CompileResult {
  return compilePlaybook({ text, file, actions: fixtureActions, ...(maxBytes === undefined ? {} : { maxBytes }) });
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
    },
    env: {},
    contacts: {},
    ...parts,
  };
}
