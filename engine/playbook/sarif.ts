// Problems as SARIF, which code review tools show beside the lines.
// Source: OASIS, Static Analysis Results Interchange Format 2.1.0; what GitHub code scanning needs of it besides:
// a rule with descriptions and help for each result, and URIs relative to the repository.
import type { Json, JsonObject } from '../json.ts';
import type { Problem } from './problem-list.ts';

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';

export interface SarifOptions {
  /** The engine's. */
  readonly version: string;
  /** What each code means, for people. */
  readonly meanings: ReadonlyMap<string, string>;
  /** Where a file lies: relative to one of `bases`, or absolute. */
  readonly artifactOf: (file: string) => SarifArtifact;
  /** Absolute URIs of folders, each with a `/` at its end, by name. */
  readonly bases: { readonly [name: string]: string };
  /** All files that were looked at, problems or none. */
  readonly files: readonly string[];
}
export interface SarifArtifact {
  /** Percent-encoded. */
  readonly uri: string;
  readonly base?: string;
}

/** One log with one run. */
export function toSarif(problems: readonly Problem[], options: SarifOptions): JsonObject {
  const codes = [...new Set(problems.map(({ code }) => code))].sort();
  const indexOf = new Map(codes.map((code, index) => [code, index]));
  const files = [...new Set([...options.files, ...problems.map(({ file }) => file)])].sort();
  return {
    $schema: SCHEMA,
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'runbook',
            version: options.version,
            rules: codes.map((code) => ruleOf(code, options.meanings.get(code) ?? code)),
          },
        },
        columnKind: 'utf16CodeUnits',
        originalUriBaseIds: Object.fromEntries(Object.entries(options.bases).map(([name, uri]) => [name, { uri }])),
        artifacts: files.map((file) => ({ location: locationOf(file, options), mimeType: 'application/yaml' })),
        invocations: [{ executionSuccessful: true }],
        results: problems.map((problem) => resultOf(problem, indexOf.get(problem.code) ?? -1, options)),
      },
    ],
  };
}

function ruleOf(code: string, meaning: string): Json {
  return {
    id: code,
    shortDescription: { text: meaning },
    fullDescription: { text: meaning },
    help: {
      text: `${meaning} The message says what and where; runbook validate shows the lines and what to do next.`,
      markdown: `${meaning} The message says what and where; \`runbook validate\` shows the lines and what to do next.`,
    },
    defaultConfiguration: { level: code.startsWith('W_') ? 'warning' : 'error' },
  };
}

function resultOf(problem: Problem, ruleIndex: number, options: SarifOptions): Json {
  const { code, severity, message, hint, file, line, column, endLine, endColumn } = problem;
  return {
    ruleId: code,
    ruleIndex,
    level: severity,
    message: { text: hint === undefined ? sentence(message) : `${sentence(message)} Hint: ${sentence(hint)}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: locationOf(file, options),
          region: { startLine: line, startColumn: column, endLine, endColumn },
        },
      },
    ],
  };
}

function locationOf(file: string, { artifactOf }: SarifOptions): JsonObject {
  const { uri, base } = artifactOf(file);
  return base === undefined ? { uri } : { uri, uriBaseId: base };
}

/** Viewers run texts together. */
function sentence(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`;
}
