// What is wrong with the templates that a playbook's steps render, found when the playbook is reviewed.
import type { Action } from '../../action.ts';
import { RunbookError } from '../../errors.ts';
import type { Diagnostic } from '../../playbook/diagnostics.ts';
import type { Plan } from '../../playbook/plan.ts';
import { formsOf, templatesUsed } from '../../run/templates.ts';
import type { TemplateSource } from '../../templates/names.ts';

/** At the `with` of the first step that renders it. */
export async function templateProblems(
  plan: Plan,
  actions: ReadonlyMap<string, Action>,
  source: TemplateSource,
): Promise<readonly Diagnostic[]> {
  const uses = templatesUsed(plan, actions);
  if (uses.length === 0) return [];
  const { prepareTemplate } = await import('../../templates/render.ts');
  return uses.flatMap(({ base, location }) => {
    try {
      for (const [name, { file, text }] of formsOf(base, source)) prepareTemplate({ name, file, text });
      return [];
    } catch (error) {
      if (!(error instanceof RunbookError)) throw error;
      const { code, message, hint } = error;
      return [
        { severity: 'error', code, message, location, length: 1, ...(hint === undefined ? {} : { hint }) } as const,
      ];
    }
  });
}
