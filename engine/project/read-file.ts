// A YAML file of the project against its schema, with the place of everything that is wrong. Shared by the config and the
// contacts file.
import { RunbookError } from '../errors.ts';
import { isJsonObject, type JsonObject, type Schema } from '../json.ts';
import { createAjv } from '../playbook/ajv.ts';
import { countDiagnostics, renderDiagnostics } from '../playbook/code-frame.ts';
import { type Collector, createCollector, type Span } from '../playbook/collector.ts';
import { type Path, parseSource, type Source } from '../playbook/source.ts';
import { describeErrors, type ValueProblem } from '../playbook/value-messages.ts';

export interface ProjectFile {
  readonly text: string;
  /** As shown to people. */
  readonly file: string;
}

export interface CheckedFile {
  readonly value: JsonObject;
  /** Absent where the file says nothing: it is empty, or all comments. */
  readonly source?: Source;
  /** Places that hold what no code frame may repeat. */
  readonly hidden: readonly Span[];
}

/** Words for what a schema only gives a pattern for. */
export interface Forms {
  /** Of names in the map at this path, after "is not": `a kind of target`. */
  names(path: Path): string | undefined;
  /** Of the text at this path, after "must be": `an e-mail address`. */
  text(path: Path): string | undefined;
  /** What should not have been written at this path is not repeated, either. */
  isHidden?(path: Path): boolean;
}

const MAX_BYTES = 256 * 1024;

/**
 * @returns undefined where nothing can be read of it. Problems of its parts are reported, and what is left can be read on,
 * so that all are told at once.
 */
export function readProjectFile(
  { text, file }: ProjectFile,
  { schema, forms }: { readonly schema: Schema; readonly forms: Forms },
  collector: Collector,
): CheckedFile | undefined {
  const yaml = yamlCollector(collector);
  const source = parseSource({ text, file, maxBytes: MAX_BYTES }, yaml);
  if (yaml.isEmpty || source?.value === null) return { value: {}, hidden: [] };
  if (source === undefined) return undefined;
  const check = createAjv().compile(schema);
  const problems = check(source.value) ? [] : describeErrors(check.errors ?? []);
  for (const problem of problems) report(problem, source, forms, collector);
  const hidden = problems.flatMap(({ path }) => (forms.isHidden?.(path) ? [source.locate(path)] : []));
  return { value: isJsonObject(source.value) ? source.value : {}, source, hidden };
}

/** The reader of playbooks, in words that fit any file. */
function yamlCollector(collector: Collector): Collector & { readonly isEmpty: boolean } {
  const inner = createCollector();
  let isEmpty = false;
  return {
    error(at, code, message, hint) {
      if (code === 'E_PLAYBOOK_EMPTY') {
        isEmpty = true;
        return;
      }
      inner.error(at, code, message, hint);
      collector.error(at, 'E_CONFIG_YAML', message, hint?.includes('playbook') ? undefined : hint);
    },
    warn: (at, _code, message, hint) => collector.warn(at, 'E_CONFIG_YAML', message, hint),
    get hasErrors() {
      return inner.hasErrors;
    },
    get isEmpty() {
      return isEmpty && !inner.hasErrors;
    },
    list: () => inner.list(),
  };
}

function report(problem: ValueProblem, source: Source, forms: Forms, collector: Collector): void {
  const { path, property, keyword, message, hint } = problem;
  if (keyword === 'required') {
    collector.error(source.locateKey(path), 'E_CONFIG_MISSING', `${message} in ${placeOf(path)}`);
    return;
  }
  if (property === undefined) {
    const form = keyword === 'pattern' ? forms.text(path) : undefined;
    const text = form === undefined ? message : `must be ${form}`;
    collector.error(source.locate(path), 'E_CONFIG_VALUE', `${placeOf(path)} ${text}`, hint);
    return;
  }
  const words = forms.names(path);
  if (words === undefined) {
    collector.error(source.locateKey([...path, property]), 'E_CONFIG_KEY', `${message} in ${placeOf(path)}`, hint);
    return;
  }
  collector.error(source.locateKey([...path, property]), 'E_CONFIG_VALUE', `\`${property}\` is not ${words}`);
}

function placeOf(path: Path): string {
  if (path.length === 0) return 'this file';
  return `\`${path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('')}\``.replace('`.', '`');
}

/** @throws E_CONFIG_INVALID or E_CONTACTS_INVALID with everything that is wrong; nothing where there are only warnings. */
export function refuseInvalid(
  { text, file }: ProjectFile,
  { code, what, hidden = [] }: { readonly code: string; readonly what: string; readonly hidden?: readonly Span[] },
  collector: Collector,
): void {
  if (!collector.hasErrors) return;
  const found = collector.list();
  throw new RunbookError({
    code,
    message: `${what} ${file} is not valid (${countDiagnostics(found)})\n${renderDiagnostics(found, new Map([[file, masked(text, hidden)]]), { color: false })}`,
    hint: 'Correct it; a YAML language server completes and explains every key',
  });
}

function masked(text: string, hidden: readonly Span[]): string {
  const lines = text.split('\n');
  for (const { location, length } of hidden) {
    const line = lines[location.line - 1] ?? '';
    const start = location.column - 1;
    lines[location.line - 1] = line.slice(0, start) + '*'.repeat(length) + line.slice(start + length);
  }
  return lines.join('\n');
}
