// Playbooks through the compiler, with the actions that this engine has.
import { builtInActions } from '../../actions/index.ts';
import type { Action } from '../action.ts';
import { RunbookError } from '../errors.ts';
import { countDiagnostics, renderDiagnostics } from '../playbook/code-frame.ts';
import { type CompileResult, createPlaybookCompiler } from '../playbook/compile.ts';
import type { Diagnostic } from '../playbook/diagnostics.ts';
import type { Plan } from '../playbook/plan.ts';
import type { EventData } from '../run/events.ts';
import { packageRoot, playbookSchema } from './resources.ts';

export interface Compiler {
  readonly actions: ReadonlyMap<string, Action>;
  compile(text: string, file: string): CompileResult;
  /** @throws PlaybookInvalid */
  plan(text: string, file: string): Plan;
  /** A run's own playbook, from the text it pinned. @throws PlaybookInvalid where this engine no longer takes it. */
  pinned(created: EventData['run.created']): Plan;
}

export class PlaybookInvalid extends RunbookError {
  readonly diagnostics: readonly Diagnostic[];

  constructor(file: string, text: string, diagnostics: readonly Diagnostic[], hasColor: boolean) {
    const found = renderDiagnostics(diagnostics, new Map([[file, text]]), { color: hasColor });
    super({
      code: 'E_PLAYBOOK_INVALID',
      message: `The playbook ${file} is not valid (${countDiagnostics(diagnostics)})\n${found}`,
    });
    this.diagnostics = diagnostics;
  }
}

export function createCompiler(): Compiler {
  const actions = new Map(builtInActions.map((action) => [action.name, action]));
  const compilePlaybook = createPlaybookCompiler({ playbookSchema: playbookSchema() });
  const compile = (text: string, file: string): CompileResult => compilePlaybook({ text, file, actions });
  const plan = (text: string, file: string): Plan => {
    const { plan: compiled, diagnostics } = compile(text, file);
    if (compiled) return compiled;
    throw new PlaybookInvalid(file, text, diagnostics, false);
  };
  return { actions, compile, plan, pinned: ({ playbook }) => plan(playbook.text, playbook.file) };
}

/** The file of a built-in playbook as a run names it, where it lies in this package. */
export function builtInPath(shown: string): string | null {
  const name = /^built-in\/([\w.-]+)$/.exec(shown)?.[1];
  return name === undefined ? null : `${packageRoot()}/playbooks/${name}`;
}
