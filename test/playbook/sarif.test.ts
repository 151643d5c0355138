// Against what SARIF 2.1.0 (OASIS) and GitHub code scanning ask for; written down here, since the schema is 100 KB.
import { expect, test } from 'vitest';
import { isJsonObject, type Json, type JsonObject, type Schema } from '../../engine/json.ts';
import type { Diagnostic } from '../../engine/playbook/diagnostics.ts';
import { problemsOf, sortedDiagnostics } from '../../engine/playbook/problem-list.ts';
import { toSarif } from '../../engine/playbook/sarif.ts';
import { createValueValidator } from '../../engine/playbook/validate-value.ts';

const closed = (properties: JsonObject, required: readonly string[]): Schema => ({
  type: 'object',
  properties,
  required: [...required],
  additionalProperties: false,
});
const TEXT: Schema = { type: 'string', minLength: 1 };
const COUNT: Schema = { type: 'integer', minimum: 1 };
/** Relative: no scheme, no leading `/`, nothing that must be percent-encoded. Absolute: with its scheme. */
const LOCATION = closed({ uri: { type: 'string', pattern: "^[\\w\\-.~%!$&'()*+,;=:@/]+$" }, uriBaseId: TEXT }, ['uri']);
const MESSAGE = closed({ text: TEXT, markdown: TEXT }, ['text']);
const RULE = closed(
  {
    id: TEXT,
    shortDescription: MESSAGE,
    fullDescription: MESSAGE,
    help: MESSAGE,
    defaultConfiguration: closed({ level: { enum: ['none', 'note', 'warning', 'error'] } }, ['level']),
  },
  ['id', 'shortDescription', 'fullDescription', 'help'],
);
const RESULT = closed(
  {
    ruleId: TEXT,
    ruleIndex: { type: 'integer', minimum: 0 },
    level: { enum: ['none', 'note', 'warning', 'error'] },
    message: MESSAGE,
    locations: {
      type: 'array',
      minItems: 1,
      items: closed(
        {
          physicalLocation: closed(
            {
              artifactLocation: LOCATION,
              region: closed({ startLine: COUNT, startColumn: COUNT, endLine: COUNT, endColumn: COUNT }, ['startLine']),
            },
            ['artifactLocation', 'region'],
          ),
        },
        ['physicalLocation'],
      ),
    },
  },
  ['ruleId', 'message', 'locations'],
);
const LOG = closed(
  {
    $schema: { type: 'string', format: 'uri' },
    version: { const: '2.1.0' },
    runs: {
      type: 'array',
      items: closed(
        {
          tool: closed(
            { driver: closed({ name: TEXT, version: TEXT, rules: { type: 'array', items: RULE } }, ['name']) },
            ['driver'],
          ),
          columnKind: { enum: ['utf16CodeUnits', 'unicodeCodePoints'] },
          originalUriBaseIds: {
            type: 'object',
            additionalProperties: closed({ uri: { type: 'string', format: 'uri', pattern: '/$' } }, ['uri']),
          },
          artifacts: { type: 'array', items: closed({ location: LOCATION, mimeType: TEXT }, ['location']) },
          invocations: {
            type: 'array',
            items: closed({ executionSuccessful: { type: 'boolean' } }, ['executionSuccessful']),
          },
          results: { type: 'array', items: RESULT },
        },
        ['tool', 'results'],
      ),
    },
  },
  ['version', 'runs'],
);

const diagnostic = (file: string, line: number, column: number, more: Partial<Diagnostic> = {}): Diagnostic => ({
  severity: 'error',
  code: 'E_PLAYBOOK_TYPE',
  message: 'It is not so',
  location: { file, line, column },
  length: 3,
  ...more,
});
const texts = new Map([['b c.yaml', 'one\ntwo three\r\nfour']]);
const found = sortedDiagnostics([
  diagnostic('b c.yaml', 2, 5, { length: 400, hint: 'do this' }),
  diagnostic('a.yaml', 9, 1),
  diagnostic('b c.yaml', 2, 1, { severity: 'warning', code: 'W_PLAYBOOK_NO_APPROVAL' }),
  diagnostic('a.yaml', 9, 1),
]);
const log = toSarif(problemsOf(found, texts), {
  version: '1.2.3',
  meanings: new Map([['E_PLAYBOOK_TYPE', 'An expression has the wrong type.']]),
  artifactOf: (file) => ({ uri: encodeURIComponent(file), base: 'SRCROOT' }),
  bases: { SRCROOT: 'file:///repo/' },
  files: ['a.yaml', 'fine.yaml'],
});

test('problems are sorted by file and place, none twice, and end with their line', () => {
  const places = problemsOf(found, texts).map(({ file, line, column, endLine, endColumn, code }) => [
    `${file}:${line}:${column}-${endLine}:${endColumn}`,
    code,
  ]);
  expect(places).toEqual([
    ['a.yaml:9:1-9:4', 'E_PLAYBOOK_TYPE'],
    ['b c.yaml:2:1-2:4', 'W_PLAYBOOK_NO_APPROVAL'],
    ['b c.yaml:2:5-2:10', 'E_PLAYBOOK_TYPE'],
  ]);
});

test('SARIF is what the standard and code scanning take', () => {
  expect(createValueValidator().validate(LOG, log)).toEqual([]);
});

test('each result names its rule, its place and what to do; each rule says what it means', () => {
  const run = at(at(log, 'runs'), 0);
  const rules = at(at(at(run, 'tool'), 'driver'), 'rules');
  const results = at(run, 'results');
  expect(Array.isArray(results) ? results.length : 0).toBe(3);
  for (const result of Array.isArray(results) ? results : [])
    expect(at(at(rules, Number(at(result, 'ruleIndex'))), 'id')).toBe(at(result, 'ruleId'));
  expect(at(results, 1)).toMatchObject({ ruleId: 'W_PLAYBOOK_NO_APPROVAL', level: 'warning' });
  expect(at(results, 2)).toMatchObject({
    level: 'error',
    message: { text: 'It is not so. Hint: do this.' },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: 'b%20c.yaml', uriBaseId: 'SRCROOT' },
          region: { startLine: 2, startColumn: 5, endLine: 2, endColumn: 10 },
        },
      },
    ],
  });
  expect(at(rules, 0)).toMatchObject({
    id: 'E_PLAYBOOK_TYPE',
    shortDescription: { text: 'An expression has the wrong type.' },
    defaultConfiguration: { level: 'error' },
  });
  expect(at(run, 'artifacts')).toHaveLength(3);
});

function at(value: Json, key: string | number): Json {
  if (Array.isArray(value)) return (value as readonly Json[])[Number(key)] ?? null;
  return isJsonObject(value) ? (value[key] ?? null) : null;
}
