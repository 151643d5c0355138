// docs/playbooks.md: the written part (docs/parts/playbooks.md) with every key of the schema, and the differences from
// CEL that the tests pin. `npm run docs` writes it, `npm run docs:check` fails where it is not up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse, stringify } from 'yaml';
import { isJsonObject, type Json, type JsonObject } from '../engine/json.ts';

const url = (path: string): URL => new URL(`../${path}`, import.meta.url);
const read = (path: string): string => readFileSync(url(path), 'utf8');
const PAGE = 'docs/playbooks.md';
const NOTICE =
  '<!-- Written by `npm run docs` from schemas/playbook.schema.json, docs/parts/playbooks.md and test/fixtures/cel/differs.yaml. -->';

/** The page as it should be. */
export function playbookReference(): string {
  // A schema is an object; its own test says more of it.
  const schema = JSON.parse(read('schemas/playbook.schema.json')) as JsonObject;
  return `${NOTICE}\n${read('docs/parts/playbooks.md')}`
    .replace('<!-- keys -->', () => keysText(schema))
    .replace('<!-- differences -->', () => differencesText(parse(read('test/fixtures/cel/differs.yaml'))));
}

interface Key {
  readonly name: string;
  readonly schema: JsonObject;
  readonly isRequired: boolean;
}

/** The kinds of steps: what each is called, and its definition. */
const STEPS = [
  ['Steps that run an action: `uses`', 'actionStep'],
  ['Steps that a person does: `manual`', 'manualStep'],
  ['Groups: `steps`', 'groupStep'],
  ['Calls: `playbook`', 'callStep'],
] as const;
/** Keys whose schemas are described once, by a section of their own. */
const SHAPES = [
  ['Inputs', 'input'],
  ['Fields of manual steps', 'field'],
] as const;

function keysText(schema: JsonObject): string {
  const definition = (name: string): JsonObject => objectAt(objectAt(schema, '$defs'), name);
  const kinds = STEPS.map(([title, name]) => ({ title, name, keys: keysOf(definition(name)) }));
  const isShared = ({ name, schema: own }: Key): boolean =>
    kinds.every(({ keys }) => keys.some((key) => key.name === name && same(key.schema, own)));
  return [
    section('The playbook', textAt(schema, 'description'), keysOf(schema), schema),
    section('Every step', textAt(definition('step'), 'description'), kinds[0]?.keys.filter(isShared) ?? [], schema),
    ...kinds.map(({ title, name, keys }) =>
      section(
        title,
        textAt(definition(name), 'description'),
        keys.filter((key) => !isShared(key)),
        schema,
      ),
    ),
    ...SHAPES.map(([title, name]) =>
      section(title, textAt(definition(name), 'description'), keysOf(definition(name)), schema),
    ),
  ].join('\n\n');
}

function keysOf(schema: JsonObject): Key[] {
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(objectAt(schema, 'properties')).flatMap(([name, own]) =>
    isJsonObject(own) ? [{ name, schema: own, isRequired: required.includes(name) }] : [],
  );
}

function section(title: string, description: string, keys: readonly Key[], root: JsonObject): string {
  return [`### ${title}`, description, '', ...keys.map((key) => keyText(key, root))].join('\n');
}

function keyText({ name, schema, isRequired }: Key, root: JsonObject): string {
  const facts = [
    typeText(schema, root),
    ...(isRequired ? ['needed'] : []),
    ...defaultText(schema),
    ...boundsText(schema),
  ];
  const inner = keysOf(schema).map(
    (key) =>
      `- \`${key.name}\` (${[typeText(key.schema, root), ...(key.isRequired ? ['needed'] : []), ...defaultText(key.schema), ...boundsText(key.schema)].join(', ')}): ${textAt(key.schema, 'description')}`,
  );
  return [
    `#### \`${name}\``,
    `${facts.join(' · ')}`,
    '',
    textAt(schema, 'description'),
    ...(inner.length === 0 ? [] : ['', ...inner]),
    ...exampleText(name, schema),
    '',
  ].join('\n');
}

const TYPE_WORDS: { readonly [type: string]: string } = {
  string: 'text',
  integer: 'whole number',
  number: 'number',
  boolean: 'true or false',
  array: 'list',
  object: 'map',
  null: 'null',
};

function typeText(schema: JsonObject, root: JsonObject): string {
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => `\`${String(value)}\``).join(' or ');
  if (schema.format === 'runbook-duration') return 'duration';
  if (typeof schema.$ref === 'string') return typeText(resolve(schema.$ref, root), root);
  const types = [schema.type ?? []].flat().map((type) => TYPE_WORDS[String(type)] ?? String(type));
  if (types.length === 0) return 'any value';
  if (schema.type !== 'array' || !isJsonObject(schema.items)) return types.join(' or ');
  const items = typeof schema.items.$ref === 'string' ? 'steps' : typeText(schema.items, root);
  return `list of ${items}`;
}

function defaultText({ default: fallback }: JsonObject): string[] {
  return fallback === undefined
    ? []
    : [`default \`${typeof fallback === 'string' ? fallback : JSON.stringify(fallback)}\``];
}

function boundsText({ minimum, maximum }: JsonObject): string[] {
  if (minimum !== undefined && maximum !== undefined) return [`${minimum} to ${maximum}`];
  if (minimum !== undefined) return [`at least ${minimum}`];
  return maximum === undefined ? [] : [`at most ${maximum}`];
}

function exampleText(name: string, { examples }: JsonObject): string[] {
  if (!Array.isArray(examples) || examples.length === 0) return [];
  const shown = examples.map((example: Json) => stringify({ [name]: example }, { lineWidth: 100 }).trimEnd());
  return ['', '```yaml', shown.join('\n# or\n'), '```'];
}

interface Difference {
  readonly name: string;
  readonly why: string;
  readonly expression: string;
  readonly spec: string;
}

function differencesText(found: readonly Difference[]): string {
  const byName = new Map<string, Difference[]>();
  for (const one of found) byName.set(one.name, [...(byName.get(one.name) ?? []), one]);
  const cell = (text: string): string => text.replaceAll('|', '\\|');
  const rows = [...byName.values()].map((same) => {
    const [{ name, why } = { name: '', why: '' }] = same;
    const examples = same.map(({ expression, spec }) => `${code(expression)}; CEL: ${code(spec)}`);
    return `| ${cell(name)} | ${cell(why)} | ${cell(examples.join('<br>'))} |`;
  });
  return ['| difference | what to do | example |', '| --- | --- | --- |', ...rows].join('\n');
}

/** In as many backticks as it takes. */
function code(text: string): string {
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``;
}

function resolve(reference: string, root: JsonObject): JsonObject {
  return reference
    .replace('#/', '')
    .split('/')
    .reduce((node, key) => objectAt(node, key), root);
}

function objectAt(node: JsonObject, key: string): JsonObject {
  const value = node[key];
  return isJsonObject(value) ? value : {};
}

function textAt(node: JsonObject, key: string): string {
  const value = node[key];
  return typeof value === 'string' ? value : '';
}

function same(a: Json, b: Json): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Run, not imported. */
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (!process.argv.includes('--check')) writeFileSync(url(PAGE), playbookReference());
  else if (read(PAGE) !== playbookReference()) {
    console.error(`${PAGE} is not up to date: npm run docs`);
    process.exitCode = 1;
  }
}
