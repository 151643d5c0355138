// From a playbook's text to its Plan, or to everything that is wrong with it. Pure: texts and actions come in.
import type { Action } from '../action.ts';
import type { JsonObject, Schema } from '../json.ts';
import { compileWithCallees, type PlaybookPort } from './callees.ts';
import type { Diagnostic } from './diagnostics.ts';
import { planOf } from './mount.ts';
import type { Plan } from './plan.ts';
import { createShapeCheck } from './schema.ts';
import { createValueValidator, type ValueValidator } from './validate-value.ts';

export interface CompileOptions {
  readonly text: string;
  /** As shown in messages; its base name must be the playbook's name. */
  readonly file: string;
  readonly actions: ReadonlyMap<string, Action>;
  /** Of each file. Default 1 MiB. */
  readonly maxBytes?: number;
  /** What `playbook` steps may call; absent: nothing. */
  readonly playbooks?: PlaybookPort;
  /** What the contacts file holds: a person who is not in it is warned of. Absent: not known. */
  readonly contacts?: JsonObject;
}
export interface CompileResult {
  /** Absent where there is an error. */
  readonly plan?: Plan;
  /** Everything found, none twice: the file's own in its order, then that of the playbooks it calls. */
  readonly diagnostics: readonly Diagnostic[];
  /** By file, the text of each that was read. */
  readonly sources: ReadonlyMap<string, string>;
}
export type CompilePlaybook = (options: CompileOptions) => CompileResult;
export type { PlaybookPort };

/**
 * @param playbookSchema the content of schemas/playbook.schema.json.
 * @param validator shared with the run, so that schemas are compiled once.
 */
export function createPlaybookCompiler({
  playbookSchema,
  validator = createValueValidator(),
}: {
  readonly playbookSchema: Schema;
  readonly validator?: ValueValidator;
}): CompilePlaybook {
  const checkShape = createShapeCheck(playbookSchema);
  return ({ text, file, actions, maxBytes, playbooks, contacts }) => {
    const options = { playbooks, actions, validator, checkShape, maxBytes, contacts };
    const { callee, diagnostics, sources } = compileWithCallees({ text, file }, options);
    return callee === undefined ? { diagnostics, sources } : { plan: planOf(callee.unit), diagnostics, sources };
  };
}
