import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { RunbookError } from '../../errors.ts';
import { countDiagnostics, renderDiagnostics } from '../../playbook/code-frame.ts';
import type { Diagnostic } from '../../playbook/diagnostics.ts';
import { problemsOf, sortedDiagnostics } from '../../playbook/problem-list.ts';
import { type SarifArtifact, toSarif } from '../../playbook/sarif.ts';
import type { TemplateSource } from '../../templates/names.ts';
import { clean } from '../../ui/text.ts';
import type { App, CommonOptions } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { type Compiler, createCompiler } from '../playbooks/compiler.ts';
import { errorMeanings } from '../playbooks/error-meanings.ts';
import { playbooksNamed } from '../playbooks/playbook-arguments.ts';
import { decodeFile, type PlaybookFile } from '../playbooks/playbook-files.ts';
import { templateProblems } from '../playbooks/template-problems.ts';
import { templateFiles } from '../project/template-files.ts';
import { packageRoot, packageVersion } from '../resources.ts';

interface ValidateOptions extends CommonOptions {
  /** `text`, `json` (as --json) or `sarif`. */
  readonly format?: 'text' | 'json' | 'sarif';
  /** Warnings fail too. */
  readonly strict?: boolean;
}

/** Everything that is wrong with these playbooks, by file and line, and with those they call; nothing twice. */
interface Findings {
  readonly files: readonly PlaybookFile[];
  /** As shown; those that could not be checked, by the file that kept them from it. */
  readonly unchecked: ReadonlyMap<string, string>;
  readonly diagnostics: readonly Diagnostic[];
  readonly texts: ReadonlyMap<string, string>;
}

/** @throws E_PLAYBOOK_NOT_FOUND, E_PLAYBOOK_NOT_READABLE */
export async function validate(app: App, given: readonly string[], options: ValidateOptions): Promise<number> {
  const findings = await find(createCompiler(app), playbooksNamed(app, given), templateFiles(app));
  const isFailing = findings.diagnostics.some(({ severity }) => severity === 'error' || options.strict === true);
  const format = options.format ?? (app.isJson ? 'json' : 'text');
  if (format === 'json') app.terminal.print(JSON.stringify(jsonOf(findings, !isFailing)));
  else if (format === 'sarif') app.terminal.print(JSON.stringify(sarifOf(app, findings), null, 2));
  else printText(app, findings);
  return isFailing ? EXIT.usage : EXIT.done;
}

async function find(compiler: Compiler, files: readonly PlaybookFile[], templates: TemplateSource): Promise<Findings> {
  const texts = new Map<string, string>();
  const all: Diagnostic[] = [];
  const unchecked = new Map<string, string>();
  for (const file of files) {
    const read = decodeFile(file);
    if ('diagnostics' in read) {
      all.push(...read.diagnostics);
      continue;
    }
    texts.set(file.shown, read.text);
    try {
      const { plan, diagnostics, sources } = await compiler.compile(read.text, file.shown);
      all.push(...diagnostics);
      if (plan !== undefined) all.push(...(await templateProblems(plan, compiler.actions, templates)));
      for (const [name, text] of sources) texts.set(name, text);
    } catch (error) {
      const diagnostic = asDiagnostic(error, file);
      all.push(diagnostic);
      unchecked.set(file.shown, diagnostic.location.file);
    }
  }
  return { files, unchecked, diagnostics: sortedDiagnostics(all), texts };
}

/** What keeps one playbook from being checked (an action that cannot be loaded) is no reason to say nothing of others. */
function asDiagnostic(error: unknown, file: PlaybookFile): Diagnostic {
  if (!(error instanceof RunbookError) || error.code === 'E_INTERNAL') throw error;
  const { code, message, hint, location = { file: file.shown, line: 1, column: 1 } } = error;
  return { severity: 'error', code, message, location, length: 1, ...(hint === undefined ? {} : { hint }) };
}

function jsonOf({ files, unchecked, diagnostics, texts }: Findings, isValid: boolean): object {
  const problems = problemsOf(diagnostics, texts);
  const count = (severity: Diagnostic['severity']): number =>
    problems.filter((problem) => problem.severity === severity).length;
  return {
    valid: isValid,
    errors: count('error'),
    warnings: count('warning'),
    files: files.map(({ shown }) => ({
      file: shown,
      valid: !unchecked.has(shown) && problems.every(({ file, severity }) => file !== shown || severity !== 'error'),
    })),
    problems,
  };
}

function sarifOf(app: App, { files, diagnostics, texts }: Findings): object {
  const folder = (path: string): string => pathToFileURL(`${path}/`).href;
  return toSarif(problemsOf(diagnostics, texts), {
    version: packageVersion(),
    meanings: errorMeanings(),
    artifactOf,
    bases: { SRCROOT: folder(app.cwd), RUNBOOK: folder(`${packageRoot()}/playbooks`) },
    files: files.map(({ shown }) => shown),
  });
}

/** A file as people are shown it (shown-path.ts, playbook-files.ts) as a URI: of here, of ours, or of somewhere else. */
function artifactOf(shown: string): SarifArtifact {
  if (isAbsolute(shown)) return { uri: pathToFileURL(shown).href };
  const builtIn = /^built-in\/(.+)$/.exec(shown)?.[1];
  const uri = (path: string): string => path.split(/[/\\]/).map(encodeURIComponent).join('/');
  return builtIn === undefined ? { uri: uri(shown), base: 'SRCROOT' } : { uri: uri(builtIn), base: 'RUNBOOK' };
}

function printText({ terminal }: App, { files, unchecked, diagnostics, texts }: Findings): void {
  // Text of a file must not act on the terminal.
  const shown = diagnostics.map((one) => ({
    ...one,
    message: clean(one.message),
    ...(one.hint === undefined ? {} : { hint: clean(one.hint) }),
  }));
  if (shown.length > 0) terminal.print(`${renderDiagnostics(shown, texts, { color: terminal.hasColor })}\n`);
  for (const file of files) {
    if (diagnostics.some(({ location }) => location.file === file.shown)) continue;
    const other = unchecked.get(file.shown);
    if (other !== undefined) {
      terminal.print(`${file.shown}: not checked, because of ${other}`);
      continue;
    }
    terminal.print(`${file.shown}: valid${file.hidesBuiltIn ? ' (takes the place of the built-in one)' : ''}`);
  }
  if (shown.length > 0) terminal.print(countDiagnostics(shown));
}
