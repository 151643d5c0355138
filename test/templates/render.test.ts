import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonObject } from '../../engine/json.ts';
import { parseTemplateName } from '../../engine/templates/names.ts';
import { prepareTemplate } from '../../engine/templates/render.ts';

const render = (name: string, text: string, data: JsonObject = {}): string =>
  prepareTemplate({ name, file: `templates/${name}.hbs`, text })(data);

const codeOf = (work: () => unknown): unknown => {
  try {
    work();
    return 'nothing was thrown';
  } catch (error) {
    return error instanceof Error && 'code' in error ? `${error.code}: ${error.message}` : error;
  }
};

const NASTY = `<b>&"it's" *x* _y_ [z](u) \`q\``;

test.for([
  ['a.txt', NASTY],
  ['a.html', '&lt;b&gt;&amp;&quot;it&#39;s&quot; *x* _y_ [z](u) `q`'],
  ['a.md', `\\<b\\>\\&"it's" \\*x\\* \\_y\\_ \\[z\\](u) \\\`q\\\``],
  ['a.json', `<b>&\\"it's\\" *x* _y_ [z](u) \`q\``],
  ['a.mrkdwn', `&lt;b&gt;&amp;"it's" *x* _y_ [z](u) \`q\``],
] as const)('%s: the ending says how what is put in is escaped', ([name, expected]) => {
  expect(render(name, 'say {{text}}', { text: NASTY })).toBe(`say ${expected}`);
});

test('three braces let nothing through unescaped', () => {
  expect(render('a.html', '{{{text}}} {{&text}}', { text: '<script>' })).toBe('&lt;script&gt; &lt;script&gt;');
});

test('no text, wherever it stands among the data, adds markup to HTML', () => {
  const anyData = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.array(fc.string())));
  fc.assert(
    fc.property(anyData, (data) => {
      const text = render('a.html', '{{#each data}}{{@key}}={{#each this}}{{this}},{{/each}}{{this}};{{/each}}', {
        data,
      });
      expect(text).not.toMatch(/[<>"']/);
    }),
  );
});

test('a JSON template makes valid JSON of any text, list or object', () => {
  const value = fc.anything({ withBigInt: false, maxDepth: 2, values: [fc.string(), fc.integer(), fc.boolean()] });
  fc.assert(
    fc.property(fc.string(), value, (text, any) => {
      const plain = JSON.parse(JSON.stringify(any ?? null));
      const made = render('a.json', '{"text": "{{text}}", "any": {{json any}}, "again": {{json text}} }', {
        text,
        any: plain,
      });
      expect(JSON.parse(made)).toEqual({ text, any: plain, again: text });
    }),
  );
});

test('what a template is not given is an error that names file, line, field and what there is', () => {
  const text = 'Dear all,\n{{title}} {{impct}}';
  expect(codeOf(() => render('notify/start.txt', text, { title: 'T', impact: 'I' }))).toBe(
    'E_TEMPLATE_FIELD: templates/notify/start.txt.hbs:2:13 reads impct, which it is not given',
  );
  expect(codeOf(() => render('a.txt', '{{data.when}}', { data: { where: 'here' } }))).toMatch(
    /E_TEMPLATE_FIELD: .* reads when/,
  );
  expect(render('a.txt', '{{#if data.when}}{{data.when}}{{else}}then{{/if}}', { data: {} })).toBe('then');
});

test.for([
  '{{constructor}}',
  '{{data.constructor.name}}',
  '{{data.__proto__}}',
  '{{toString}}',
  '{{lookup data "constructor"}}',
])('%s reaches nothing of a prototype', (text) => {
  const made = codeOf(() => {
    const printed = render('a.txt', text, { data: { a: 1 } });
    throw Object.assign(new Error(`printed ${JSON.stringify(printed)}`), { code: 'PRINTED' });
  });
  expect(made).toMatch(/^E_TEMPLATE_FIELD|^PRINTED: printed ""$/);
});

test('an object has no text', () => {
  expect(codeOf(() => render('a.txt', '{{data}}', { data: { a: 1 } }))).toMatch(
    /E_TEMPLATE_FIELD: .* prints an object/,
  );
});

test.for([
  ['{{#if x}}', /Parse error/],
  ['{{> other}}', /cannot take in another one/],
  ['{{shout title}}', /unknown helper shout/],
  ['{{log title}}', /log/],
] as const)('%s is found before anything is rendered', ([text, why]) => {
  const made = codeOf(() => prepareTemplate({ name: 'a.txt', file: 'templates/a.txt.hbs', text }));
  expect(made).toMatch(/^E_TEMPLATE_INVALID: templates\/a\.txt\.hbs is not a valid template/);
  expect(made).toMatch(why);
});

test.for(['../secret.txt', 'a', 'a.exe', '/etc/passwd.txt', 'a..txt', 'A.txt', 'a/../b.txt', 'a.txt.hbs', ''])(
  '%s names no template',
  (name) => {
    expect(codeOf(() => parseTemplateName(name))).toMatch(/^E_TEMPLATE_NAME/);
  },
);

test('helpers: dates and times in UTC, plural, upper', () => {
  const text =
    '{{date at}} {{time at}} {{one}} {{plural one "user" "users"}}, {{many}} {{plural many "user" "users"}} {{upper "p1"}}';
  expect(render('a.txt', text, { at: '2026-11-24T03:06:09.000Z', one: 1, many: 2 })).toBe(
    '2026-11-24 03:06 1 user, 2 users P1',
  );
});
