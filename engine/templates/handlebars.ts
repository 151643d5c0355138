// The one set-up of Handlebars, for reports, messages and whatever else is made of a template: nothing of a prototype is
// read, a field that is not there is an error, and only the helpers named here and by the caller exist.
import Handlebars from 'handlebars';

export type TemplateHelpers = Readonly<Record<string, Handlebars.HelperDelegate>>;
/** @throws where the template reads what the data do not have. */
export type CompiledTemplate = (data: unknown) => string;

/** Handlebars' own that every template has. `log`, which prints past whoever owns the screen, is not among them. */
const OWN_HELPERS = { each: true, if: true, unless: true, with: true, lookup: true, log: false };

/**
 * Nothing is escaped here: whoever renders escapes the data before, so that no template can forget to.
 * @throws where the text is no template: its syntax, an unknown helper, a partial.
 */
export function compileHandlebars(text: string, helpers: TemplateHelpers): CompiledTemplate {
  const handlebars = Handlebars.create();
  handlebars.registerHelper({ ...helpers });
  const program = handlebars.parse(text);
  new OneFile().accept(program);
  const options = {
    strict: true,
    noEscape: true,
    preventIndent: true,
    knownHelpersOnly: true,
    knownHelpers: { ...OWN_HELPERS, ...Object.fromEntries(Object.keys(helpers).map((name) => [name, true])) },
  };
  // Handlebars compiles at the first rendering; this says at once what is wrong.
  handlebars.precompile(program, options);
  const render = handlebars.compile(program, options);
  return (data) => render(data, { allowProtoPropertiesByDefault: false, allowProtoMethodsByDefault: false });
}

/** A template is one file: what it takes in from others would not be kept with a run. */
class OneFile extends Handlebars.Visitor {
  override PartialStatement(partial: hbs.AST.PartialStatement): void {
    throw new Error(`a template cannot take in another one ({{> …}}), at line ${partial.loc.start.line}`);
  }

  override PartialBlockStatement(partial: hbs.AST.PartialBlockStatement): void {
    throw new Error(`a template cannot take in another one ({{#> …}}), at line ${partial.loc.start.line}`);
  }
}
