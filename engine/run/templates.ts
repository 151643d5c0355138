// Templates of a run: its own as it pinned them, others as their files are. Rendered where an action asks for it.
import type { Action, ActionContext } from '../action.ts';
import { RunbookError, type SourceLocation } from '../errors.ts';
import { isJsonObject, type JsonObject } from '../json.ts';
import type { ActionStep, Plan, Scope } from '../playbook/plan.ts';
import { namesOf, parseTemplateName, type TemplateSource, unknownTemplate } from '../templates/names.ts';
import { digestOfText } from './create.ts';
import type { Engine } from './engine.ts';
import type { EventData } from './events.ts';

type Pinned = NonNullable<EventData['run.created']['templates']>;

/** A template that a step is known to render, without its ending, and what says so. */
export interface TemplateUse {
  readonly base: string;
  readonly location: SourceLocation;
}

/** Of each action the templates it declares, and what a step's `with.template` says literally. */
export function templatesUsed(plan: Plan, actions: ReadonlyMap<string, Action>): readonly TemplateUse[] {
  const uses = new Map<string, TemplateUse>();
  for (const node of plan.nodes.values()) {
    if (node.kind !== 'uses') continue;
    const declared = actions.get(node.uses)?.templates;
    if (declared === undefined) continue;
    const named = literalTemplate(node);
    for (const base of named === undefined ? declared : [...declared, named])
      if (!uses.has(base)) uses.set(base, { base, location: node.with.location });
  }
  return [...uses.values()];
}

/** An unlikely text, where an expression stands. */
const HOLE = '\u0000';
/** Nothing of it is read: every expression is answered before it is evaluated. */
const NO_SCOPE: Scope = { inputs: {}, vars: {}, steps: {}, run: {}, env: {}, contacts: {} };

function literalTemplate(node: ActionStep): string | undefined {
  const given = node.with.resolve(NO_SCOPE, () => HOLE);
  const template = isJsonObject(given) ? given.template : undefined;
  return typeof template === 'string' && !template.includes(HOLE) ? template : undefined;
}

/**
 * The texts of all templates that the plan's steps are known to render, in every form they come in.
 * @throws E_TEMPLATE_UNKNOWN where one is in none; E_TEMPLATE_INVALID; E_TEMPLATE_NAME; E_TEMPLATE_NOT_READABLE.
 */
export async function pinTemplates(
  plan: Plan,
  actions: ReadonlyMap<string, Action>,
  source: TemplateSource,
): Promise<Pinned | undefined> {
  const uses = templatesUsed(plan, actions);
  if (uses.length === 0) return undefined;
  const { prepareTemplate } = await import('../templates/render.ts');
  const pinned: { [name: string]: Pinned[string] } = {};
  for (const { base, location } of uses) {
    for (const [name, { file, text }] of formsOf(base, source, location)) {
      prepareTemplate({ name, file, text });
      pinned[name] = { file, text, digest: digestOfText(text) };
    }
  }
  return pinned;
}

/** @throws E_TEMPLATE_UNKNOWN, E_TEMPLATE_NAME with the step's location. */
export function formsOf(base: string, source: TemplateSource, location?: SourceLocation) {
  const names = namesOf(base);
  try {
    for (const name of names) parseTemplateName(name);
    const forms = names.flatMap((name) => {
      const found = source(name);
      return found === undefined ? [] : [[name, found] as const];
    });
    return forms.length === 0 ? unknownTemplate(`${base}.*`) : forms;
  } catch (error) {
    if (!(error instanceof RunbookError)) throw error;
    const { code, message, hint } = error;
    throw new RunbookError({ code, message, hint, location });
  }
}

/**
 * `ctx.template` of one attempt, which compiles each template once. Secrets among the data are hidden as in the journal: what is
 * rendered is read by people.
 */
export function templatesFor(engine: Engine): ActionContext['template'] {
  const prepared = new Map<string, (data: JsonObject) => string>();
  return async (name, data) => {
    const known = prepared.get(name) ?? (await prepare(engine, name));
    prepared.set(name, known);
    return known(engine.redactor.json(data));
  };
}

/** @throws E_TEMPLATE_UNKNOWN, E_TEMPLATE_INVALID, E_TEMPLATE_NAME */
async function prepare(engine: Engine, name: string): Promise<(data: JsonObject) => string> {
  const { base } = parseTemplateName(name);
  const pinned = engine.session.state.created?.templates ?? {};
  // A form that was added to a pinned template later is as unknown to this run as a changed one.
  const isPinned = namesOf(base).some((one) => Object.hasOwn(pinned, one));
  const found = isPinned ? pinned[name] : engine.templateSource?.(name);
  if (found === undefined) return unknownTemplate(name);
  const { prepareTemplate } = await import('../templates/render.ts');
  return prepareTemplate({ name, file: found.file, text: found.text });
}

/** Those whose file says something else by now, as shown to people: the run keeps to the text it began with. */
export function changedTemplates(pinned: Pinned, source: TemplateSource): readonly string[] {
  return Object.entries(pinned)
    .filter(([name, { text }]) => source(name)?.text !== text)
    .map(([, { file }]) => file);
}
