// The files that people gave with their answers: what there is, and the files themselves.
import { createWriteStream, rmSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { messageOf, RunbookError } from '../../errors.ts';
import { makeFolder } from '../../make-folder.ts';
import { ERASED, type Evidence, type EvidenceDigests, type EvidenceFact, evidenceFact } from '../../report/evidence.ts';
import { createReportReader } from '../../report/model.ts';
import { oneLine, shellWord } from '../../ui/text.ts';
import type { App, CommonOptions } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { digestEvidence } from '../keeping/evidence-bytes.ts';
import { existingJournal } from '../keeping/existing-store.ts';
import { findRun } from '../runs/find-run.ts';
import { shownPath } from '../shown-path.ts';

/** @param chosen a step's path or id, or a file's name; all if absent. */
export async function evidence(
  app: App,
  run: string,
  chosen: string | undefined,
  options: CommonOptions & { readonly out?: string },
): Promise<number> {
  const journal = await existingJournal(app);
  const { id: runId } = await findRun(journal, run);
  const reader = createReportReader(runId);
  for await (const event of journal.read(runId)) reader.add(event);
  const files = chosenOf(reader.evidence, chosen, runId);
  const digests = await digestEvidence(journal, runId, files);
  const facts = files.map((file) => evidenceFact(file, digests));
  const written =
    options.out === undefined ? [] : await writeFiles(app, { runId, files, digests, folder: options.out });
  if (app.isJson) {
    const entries = facts.map((fact, index) => ({ ...fact, ...(written[index] ? { file: written[index] } : {}) }));
    app.terminal.print(JSON.stringify({ run: runId, evidence: entries }));
  } else showFiles(app, runId, { facts, written, isWritten: options.out !== undefined });
  return facts.some(({ problem }) => problem !== null && problem !== ERASED) ? EXIT.failed : EXIT.done;
}

function chosenOf(all: readonly Evidence[], chosen: string | undefined, runId: string): readonly Evidence[] {
  if (chosen === undefined) return all;
  const byStep = all.filter(({ step }) => step === chosen || step.split('/').at(-1) === chosen);
  const found = byStep.length > 0 ? byStep : all.filter(({ name }) => name === chosen);
  if (found.length > 0) return found;
  const known = [...new Set(all.flatMap(({ step, name }) => (name === null ? [step] : [step, name])))];
  throw new RunbookError({
    code: 'E_STEP_UNKNOWN',
    message: `No step or file of the evidence of ${runId} is called ${chosen}`,
    hint: known.length === 0 ? 'The run keeps no evidence' : `It has: ${known.join(', ')}`,
  });
}

interface Writing {
  readonly runId: string;
  readonly files: readonly Evidence[];
  /** Of what is whole. */
  readonly digests: EvidenceDigests;
  readonly folder: string;
}

/**
 * Nothing that is there already is overwritten.
 * @returns the path of each file as shown to people; null: there is nothing to write. @throws E_FILE_EXISTS, E_FILE_NOT_WRITTEN
 */
async function writeFiles(app: App, { runId, files, digests, folder }: Writing): Promise<readonly (string | null)[]> {
  const journal = await existingJournal(app);
  const to = resolve(app.cwd, folder);
  const names = fileNames(files);
  const written: (string | null)[] = [];
  for (const [index, { blob }] of files.entries()) {
    const path = join(to, names[index] ?? String(index + 1));
    const known = blob === null ? undefined : digests.get(blob);
    const isWhole = known !== undefined && 'sha256' in known;
    if (blob !== null && isWhole) await writeFile(path, journal.readBlob(runId, blob), runId);
    written.push(isWhole ? shownPath(app.cwd, path) : null);
  }
  return written;
}

/** Each its own; of two with one name the later is `list-2.png`. A name of a journal leads out of no folder. */
function fileNames(files: readonly Evidence[]): readonly string[] {
  const taken = new Set<string>();
  return files.map(({ name }) => {
    const plain = oneLine(basename((name ?? '').replaceAll('\\', '/')));
    const own = plain === '' || plain === '.' || plain === '..' ? 'file' : plain;
    const extension = extname(own);
    let free = own;
    for (let count = 2; taken.has(free.toLowerCase()); count += 1)
      free = `${own.slice(0, own.length - extension.length)}-${count}${extension}`;
    taken.add(free.toLowerCase());
    return free;
  });
}

/** A file that could not be written to its end is taken away again. */
async function writeFile(path: string, bytes: AsyncIterable<Uint8Array>, runId: string): Promise<void> {
  try {
    makeFolder(dirname(path));
    await pipeline(bytes, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
  } catch (cause) {
    const isThere = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST';
    if (!isThere) rmSync(path, { force: true });
    throw new RunbookError({
      code: isThere ? 'E_FILE_EXISTS' : 'E_FILE_NOT_WRITTEN',
      message: isThere ? `There is a file ${path} already` : `Cannot write ${path}: ${messageOf(cause)}`,
      hint: `runbook evidence ${runId} --out FOLDER, with ${isThere ? 'an empty or new folder' : 'a folder you may write to'}`,
      cause,
    });
  }
}

function showFiles(
  app: App,
  runId: string,
  of: {
    readonly facts: readonly EvidenceFact[];
    readonly written: readonly (string | null)[];
    readonly isWritten: boolean;
  },
): void {
  const { print, palette } = app.terminal;
  if (of.facts.length === 0) return print('The run keeps no evidence.');
  for (const [index, fact] of of.facts.entries()) {
    const { title, step, name, sizeBytes, sha256, problem, by, at } = fact;
    const file = of.written[index];
    const size = problem === ERASED ? '' : `  ${sizeBytes.toLocaleString('en')} bytes`;
    print(`${oneLine(name ?? 'A file')}${size}${file ? `, written to ${file}` : ''}`);
    print(palette.dim(`  ${oneLine(title)} (${step}), by ${oneLine(by)} at ${at.slice(0, 19).replace('T', ' ')}Z`));
    if (sha256 !== null) print(palette.dim(`  SHA-256 ${sha256}`));
    if (problem !== null) print(palette.bad(`  ${problem}`));
  }
  if (!of.isWritten) print(palette.dim(`The files: runbook evidence ${shellWord(runId)} --out FOLDER`));
}
