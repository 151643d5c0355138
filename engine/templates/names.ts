// Names of templates: `notify/start-users.txt` is the file templates/notify/start-users.txt.hbs; what stands before the
// ending is the name of a template in whatever form it comes. Pure.
import { RunbookError } from '../errors.ts';
import { TEMPLATE_KINDS, type TemplateKind } from './escape.ts';

/** No dots but the one before the ending: no name leads out of the folder. */
const BASE = String.raw`[a-z0-9][a-z0-9_-]*(?:\/[a-z0-9][a-z0-9_-]*)*`;
const NAME = new RegExp(String.raw`^(${BASE})\.(${TEMPLATE_KINDS.join('|')})$`);

export interface TemplateText {
  /** As shown to people. */
  readonly file: string;
  readonly text: string;
}

/** The template of a name, as its file is now; undefined where there is none. @throws E_TEMPLATE_NOT_READABLE */
export type TemplateSource = (name: string) => TemplateText | undefined;

/** @throws E_TEMPLATE_NAME */
export function parseTemplateName(name: string): { readonly base: string; readonly kind: TemplateKind } {
  const [, base, ending] = NAME.exec(name) ?? [];
  const kind = TEMPLATE_KINDS.find((one) => one === ending);
  if (base !== undefined && kind !== undefined) return { base, kind };
  throw new RunbookError({
    code: 'E_TEMPLATE_NAME',
    message: `${JSON.stringify(name)} names no template`,
    hint: `Small letters, digits, - and _, in folders with /, then one of ${TEMPLATE_KINDS.map((one) => `.${one}`).join(', ')}`,
  });
}

/** The names that a template may have, one for each form. */
export function namesOf(base: string): readonly string[] {
  return TEMPLATE_KINDS.map((kind) => `${base}.${kind}`);
}

/** @throws E_TEMPLATE_UNKNOWN, always. */
export function unknownTemplate(name: string): never {
  throw new RunbookError({
    code: 'E_TEMPLATE_UNKNOWN',
    message: `There is no template ${name}: neither the project nor the engine has templates/${name}.hbs`,
    hint: 'Add the file to the folder templates/ of your project, or correct the name',
  });
}
