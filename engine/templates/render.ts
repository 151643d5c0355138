// Renders a template that people wrote: by its name escaped, strict about what it reads, with errors that name its line. Pure.
import { messageOf, RunbookError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import { ESCAPES, escapedCopy, jsonOfEscaped, NO_TEXT } from './escape.ts';
import { type CompiledTemplate, compileHandlebars, type TemplateHelpers } from './handlebars.ts';
import { parseTemplateName, type TemplateText } from './names.ts';

/** What a template may call, beside Handlebars' own. Times are ISO 8601, and shown in UTC. */
const HELPERS: TemplateHelpers = {
  /** `2026-11-24` */
  date: (at: unknown) => String(at).slice(0, 10),
  /** `03:06` */
  time: (at: unknown) => String(at).slice(11, 16),
  upper: (text: unknown) => String(text).toUpperCase(),
  /** `{{plural count "user" "users"}}` */
  plural: (count: unknown, one: unknown, many: unknown) => (count === 1 ? one : many),
};
/** Makes JSON of any value, in templates that make JSON. */
const JSON_HELPERS: TemplateHelpers = { ...HELPERS, json: (value: unknown) => jsonOfEscaped(value) };

export interface NamedTemplate extends TemplateText {
  readonly name: string;
}

/**
 * Made once, rendered as often as wanted. Every text among the data is escaped by the template's ending before it sees them.
 * @throws E_TEMPLATE_INVALID where it is no template; E_TEMPLATE_NAME. Rendering throws E_TEMPLATE_FIELD where it reads what it
 * is not given, or prints what has no text.
 */
export function prepareTemplate(template: NamedTemplate): (data: JsonObject) => string {
  const { kind } = parseTemplateName(template.name);
  const render = compileNamed(template);
  return (data) => {
    let text: string;
    try {
      text = render(escapedCopy(data, ESCAPES[kind]));
    } catch (thrown) {
      throw fieldError(template, messageOf(thrown), data);
    }
    if (!text.includes(NO_TEXT)) return text;
    throw new RunbookError({
      code: 'E_TEMPLATE_FIELD',
      message: `${template.file} prints an object, which has no text`,
      hint: 'Print its fields one by one, or loop over them with {{#each}}',
    });
  };
}

function compileNamed({ name, file, text }: NamedTemplate): CompiledTemplate {
  const { kind } = parseTemplateName(name);
  try {
    return compileHandlebars(text, kind === 'json' ? JSON_HELPERS : HELPERS);
  } catch (cause) {
    throw new RunbookError({
      code: 'E_TEMPLATE_INVALID',
      message: `${file} is not a valid template: ${messageOf(cause)}`,
      hint: `Handlebars, with ${Object.keys(kind === 'json' ? JSON_HELPERS : HELPERS).join(', ')} and its own if, unless, each, with and lookup`,
      cause,
    });
  }
}

/** Handlebars 4.7, runtime.js, `strict`: `"name" not defined in [object Object] - 3:4`. */
const NOT_DEFINED = /^"([^"]*)" not defined in .* - (\d+):(\d+)$/s;

function fieldError({ file }: NamedTemplate, message: string, data: JsonObject): RunbookError {
  const [, field, line, column] = NOT_DEFINED.exec(message) ?? [];
  if (field === undefined) {
    return new RunbookError({ code: 'E_TEMPLATE_FIELD', message: `${file} cannot be rendered: ${message}` });
  }
  return new RunbookError({
    code: 'E_TEMPLATE_FIELD',
    message: `${file}:${line}:${Number(column) + 1} reads ${field}, which it is not given`,
    hint: `It is given ${Object.keys(data).sort().join(', ')}. What may be absent is read inside {{#if ${field}}}…{{/if}}`,
  });
}
