// The command line: words into one call of one command, each in a file that is loaded only when it is typed.
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { createRedactor, type LearningRedactor } from '../redact.ts';
import { installGate } from '../run/gate.ts';
import type { App, AppSettings, CommonOptions } from './app.ts';
import { createApp } from './app.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { packageVersion } from './resources.ts';
import { errorText } from './show-error.ts';
import { createTerminal, exitQuietlyOnClosedPipe } from './terminal.ts';
import { usageError } from './usage-error.ts';

/** Runs one command and sets process.exitCode; never throws. */
export async function main(argv: string[]): Promise<void> {
  // Before anything can import a library that keeps the global fetch for itself.
  installGate();
  exitQuietlyOnClosedPipe();
  process.exitCode = await runCommand(argv);
}

type Handler<A extends readonly unknown[], O> = (app: App, ...given: [...A, O]) => Promise<number>;

async function runCommand(argv: readonly string[]): Promise<number> {
  let exitCode: number = EXIT.done;
  const redactor = createRedactor();
  const common: CommonOptions = { json: argv.includes('--json'), debug: argv.includes('--debug') };
  /** Loads a command's file, runs it, and closes what it opened. */
  const handle =
    <A extends readonly unknown[], O extends CommonOptions>(
      load: () => Promise<Handler<A, O>>,
      settings?: AppSettings,
    ) =>
    async (...given: [...A, O, Command]): Promise<void> => {
      const [options] = given.slice(-2) as [O, Command];
      const app = await createApp(options, redactor, settings);
      try {
        // Commander passes the arguments, the options and itself.
        exitCode = await (await load())(app, ...(given.slice(0, -1) as [...A, O]));
      } finally {
        await app.close();
      }
    };
  try {
    const isOverview = argv.every((word) => word === '--json' || word === '--debug');
    if (isOverview)
      await handle<[], CommonOptions>(async () => (await import('./commands/overview.ts')).overview)(
        common,
        new Command(),
      );
    else await createProgram(handle).parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    return report(error, common, redactor);
  }
}

function report(error: unknown, { json, debug }: CommonOptions, redactor: LearningRedactor): number {
  // Commander has printed the help or the version that was asked for.
  if (error instanceof CommanderError) return EXIT.done;
  if (error instanceof Error && error.name === 'ExitPromptError') return EXIT.interrupted;
  const { errorPalette: palette, tell } = createTerminal(process.env);
  const columns = process.stderr.isTTY === true ? { columns: process.stderr.columns } : {};
  tell(errorText(error, { isJson: json === true, isDebug: debug === true, palette, redactor, ...columns }));
  return exitCodeOf(error);
}

type Handle = <A extends readonly unknown[], O extends CommonOptions>(
  load: () => Promise<Handler<A, O>>,
  settings?: AppSettings,
) => (...given: [...A, O, Command]) => Promise<void>;

function createProgram(handle: Handle): Command {
  const program = new Command('runbook');
  program
    .description('Incident runbooks that run: playbooks in YAML, people and actions in one journal.')
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .exitOverride((error) => refuseUsage(error, null))
    .configureHelp({ showGlobalOptions: false })
    // Errors are thrown, and printed in the form of all others.
    .configureOutput({ outputError: () => undefined });
  const command = (words: string, description: string): Command =>
    program
      .command(words)
      .description(description)
      .exitOverride((error) => refuseUsage(error, words.replace(/ .*/, '')))
      .option('--json', 'print JSON')
      .option('--as <name>', 'who you are; else RUNBOOK_OPERATOR, git user.email, the system user')
      .option('--debug', 'show stack traces');
  addRunning(command, handle);
  addPeople(command, handle);
  addReading(command, handle);
  addKeeping(command, handle);
  return program;
}

/** Help and version were asked for and are printed; anything else is an error of ours. */
function refuseUsage(error: CommanderError, command: string | null): never {
  throw error.exitCode === 0 ? error : usageError(error, command);
}

type Add = (words: string, description: string) => Command;

const collect = (value: string, all: readonly string[] = []): string[] => [...all, value];
const RUN = 'id, unique prefix, or latest';

function seed(value: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 0) throw new InvalidArgumentError('A whole number is needed.');
  return number;
}

function speed(value: string): number {
  const number = Number(value);
  if (!(number >= 1 && number <= 20)) throw new InvalidArgumentError('A number from 1 to 20 is needed.');
  return number;
}

function addRunning(command: Add, handle: Handle): void {
  command('run <playbook>', 'start a run of a playbook')
    .option('--input <name=value>', 'an input; may be repeated', collect)
    .option('--inputs <file>', 'inputs from a YAML or JSON file')
    .option('--answers <file>', 'answers of manual steps, written down before: a YAML or JSON file')
    .option('--env <name>', 'an environment of runbook.config.yaml')
    .option('--from <step>', 'leave out what stands before this step')
    .option('--only <step>', 'run this step, or steps with this tag, alone; may be repeated', collect)
    .option('--confirm-each', 'ask before each step')
    .option('--title <text>', 'what happened, for the report')
    .option('--detected <time>', 'when it was noticed: ISO 8601, or HH:MM today (UTC)')
    .option('--yes', 'take defaults and your own confirmations without asking')
    .option('--plain', 'plain lines instead of the tree')
    .action(handle(async () => (await import('./commands/run.ts')).run));
  command('resume [run]', `go on with a run (${RUN})`)
    .option('--answers <file>', 'answers of manual steps, written down before: a YAML or JSON file')
    .option('--adopt', 'with the playbook as its file is now; needs --reason')
    .option('--reason <text>', 'why the changed playbook is taken')
    .option('--yes', 'take defaults and your own confirmations without asking; a drill plays all people')
    .option('--plain', 'plain lines instead of the tree')
    .option('--report <file>', 'where a drill writes its report')
    .action(handle(async () => (await import('./commands/resume.ts')).resume));
  command('retry <run> [step]', 'run a failed step again, and go on')
    .option('--reason <text>', 'why')
    .option('--input <name=value>', 'in the place of what the playbook passes; may be repeated', collect)
    .option('--inputs <file>', 'the same, from a YAML or JSON file')
    .option('--plain', 'plain lines instead of the tree')
    .action(handle(async () => (await import('./commands/decide-step.ts')).retry));
  command('skip <run> [step]', 'skip a failed or waiting step, and go on')
    .requiredOption('--reason <text>', 'why')
    .option('--output <json>', 'the output that later steps read: JSON, or @FILE')
    .option('--plain', 'plain lines instead of the tree')
    .action(handle(async () => (await import('./commands/decide-step.ts')).skip));
  command('abort [run]', 'end a run before its end; what it changed stays, and runbook undo takes it back')
    .requiredOption('--reason <text>', 'why')
    .action(handle(async () => (await import('./commands/abort.ts')).abort));
  command('undo <run> [steps...]', 'take back what a run changed; the run itself is left as it stands')
    .option('--overwrite', 'restore also what somebody changed since')
    .option('--unchecked', 'restore also what nothing can look at first')
    .option('--reason <text>', 'why')
    .option('--yes', 'do not ask')
    .option('--plain', 'plain lines instead of the tree')
    .action(handle(async () => (await import('./commands/undo.ts')).undo));
  command('plan <playbook>', 'what a run would change, without changing anything; exit 3 where not all is known')
    .option('--input <name=value>', 'an input; may be repeated', collect)
    .option('--inputs <file>', 'inputs from a YAML or JSON file')
    .option('--answers <file>', 'answers of manual steps; what is not there takes its default')
    .option('--env <name>', 'an environment of runbook.config.yaml')
    .option('--drill [scenario]', 'against an emulated Clerk on this machine, made for it')
    .action(handle(async () => (await import('./commands/plan.ts')).plan));
  command('drill [playbook]', 'rehearse against an emulated Clerk on this machine, and be scored')
    .option('--scenario <name>', 'a scenario by name, or its file')
    .option('--seed <number>', 'another population than the scenario names', seed)
    .option('--input <name=value>', 'an input; may be repeated', collect)
    .option('--speed <factor>', 'whatever waits, waits so many times shorter (1 to 20)', speed)
    .option('--compare', 'show past drills, of this playbook if one is named')
    .option('--yes', 'the scenario answers everything: nobody is asked')
    .option('--report <file>', 'where to write the incident report')
    .option('--plain', 'plain lines instead of the tree')
    .action(handle(async () => (await import('./commands/drill.ts')).drill));
  command('sandbox [action] [what]', 'keep a drill world running, and change it: fault, attack, state, reset')
    .option('--scenario <name>', 'a scenario by name, or its file')
    .option('--seed <number>', 'another population than the scenario names', seed)
    .option('--speed <factor>', 'whatever waits, waits so many times shorter (1 to 20)', speed)
    .option('--port <number>', "of Clerk's API; any free one if absent", seed)
    .option('--state <file>', 'where the world is kept, to go on with it another day')
    .option('--set <name=value>', 'for fault and attack; may be repeated', collect)
    .action(handle(async () => (await import('./commands/sandbox.ts')).sandbox));
}

function addPeople(command: Add, handle: Handle): void {
  command('done <run> [step]', 'answer a manual step, or say that a failed one was done by hand')
    .option('--field <name=value>', 'a field; may be repeated', collect)
    .option('--fields <file>', 'fields from a YAML or JSON file')
    .option('--note <text>', 'a note for the record')
    .option('--evidence <file>', 'a file to keep with the answer; may be repeated', collect)
    .option('--output <json>', 'the output that later steps read: JSON, or @FILE')
    .option('--yes', 'take the defaults of fields that are not given')
    .action(handle(async () => (await import('./commands/done.ts')).done));
  command('approve <run> [step]', 'approve what a step is about to change')
    .option('--role <role>', 'the role you approve in')
    .option('--note <text>', 'a note for the record')
    .option('--yes', 'approve without being asked again at a terminal')
    .action(handle(async () => (await import('./commands/approve.ts')).approve));
  command(
    'settle <run> [step] [choice]',
    'say what became of changes in doubt: done, repeat or skip; without, list them',
  )
    .option('--reason <text>', 'how you know, or why')
    .option('--target <id>', 'of this one only; may be repeated', collect)
    .action(handle(async () => (await import('./commands/settle.ts')).settle));
  command('note <run> <text>', 'add a note to the timeline')
    .option('--action-item', 'for the report: something to do, under Prevention')
    .option('--finding', 'for the report: something learned')
    .option('--owner <name>', 'who does the action item')
    .action(handle(async () => (await import('./commands/note.ts')).note));
}

function addReading(command: Add, handle: Handle): void {
  command('changes [run]', `what a run changed, a line a change (${RUN})`)
    .option('--csv', 'as CSV')
    .action(handle(async () => (await import('./commands/changes.ts')).changes));
  command('status [run]', `where a run stands (${RUN}); without one, what is in effect and half-finished`).action(
    handle(async () => (await import('./commands/status.ts')).status),
  );
  command('runs', 'list runs, newest first')
    .option('--playbook <name>', 'only of this playbook')
    .option('--limit <number>', 'how many', seed, 20)
    .action(handle(async () => (await import('./commands/runs.ts')).runs));
  command('report [run]', `the incident report of a run, in Markdown (${RUN})`)
    .option('--out <file>', 'write it to a file')
    .action(handle(async () => (await import('./commands/report.ts')).report));
  command('evidence <run> [step-or-name]', `the files that people gave with their answers (${RUN})`)
    .option('--out <folder>', 'write them there')
    .action(handle(async () => (await import('./commands/evidence.ts')).evidence));
  command('actions [what] [name]', 'list actions; actions show NAME explains one').action(
    handle(async () => (await import('./commands/actions.ts')).actions),
  );
  command('init', 'make this folder a project: config, contacts, an example playbook and action').action(
    handle(async () => (await import('./commands/init.ts')).init),
  );
  command('new <what> <name>', 'write a file to start from: new playbook NAME, new action FAMILY.VERB-OBJECT').action(
    handle(async () => (await import('./commands/new.ts')).create),
  );
  command('list', 'list playbooks').action(handle(async () => (await import('./commands/list.ts')).list));
  command('show <playbook>', 'what a playbook does, step by step').action(
    handle(async () => (await import('./commands/show.ts')).show),
  );
  command('graph <playbook>', 'draw a playbook as a Mermaid flowchart').action(
    handle(async () => (await import('./commands/graph.ts')).graph),
  );
  command('validate [playbooks...]', 'find what is wrong with playbooks: names, files or folders; else all there are')
    .addOption(new Option('--format <format>', 'how to print it').choices(['text', 'json', 'sarif']))
    .option('--strict', 'fail where there is a warning too')
    .action(handle(async () => (await import('./commands/validate.ts')).validate));
}

/** What is kept of runs, and what they need. */
function addKeeping(command: Add, handle: Handle): void {
  command('verify [run]', 'whether the journal of a run, or the file of an export or a report, is what was written')
    .option('--all', 'every run of the store')
    .option('--head <head>', 'the head that was noted: HASH, or SEQ:HASH')
    .option('--report <file>', 'the incident report that names the head')
    .action(handle(async () => (await import('./commands/verify.ts')).verify));
  command('export [run]', `write a run with all that belongs to it into one file (${RUN})`)
    .option('--out <file>', 'where to; else RUN.runbook.gz here')
    .action(handle(async () => (await import('./commands/export.ts')).exportOne));
  command('import <file>', 'take an exported run into this store').action(
    handle(async () => (await import('./commands/import.ts')).importOne),
  );
  command('redact <run>', 'erase a value from a run for good; its chain still holds, and says so')
    .option('--value <text>', 'the value, wherever it stands; - reads it from standard input')
    .option('--event <number>', 'an event; without --path it is shown', seed)
    .option('--path <path>', 'what to erase of that event: fields.note, evidence[0]')
    .option('--reason <text>', 'why; kept in the journal')
    .option('--dry-run', 'only say where it stands')
    .option('--yes', 'do not ask')
    .action(handle(async () => (await import('./commands/redact.ts')).redact));
  command('prune', 'delete runs that ended long ago, each exported first')
    .requiredOption('--older-than <time>', 'how long ago: 180d, 26w, 48h')
    .option('--export-to <folder>', 'where to; else exports beside the store')
    .option('--dry-run', 'only say what would go')
    .option('--yes', 'do not ask')
    .action(handle(async () => (await import('./commands/prune.ts')).prune));
  command('doctor', 'look at everything a run will need, and say how to mend what is wrong')
    .option('--env <name>', 'an environment of runbook.config.yaml')
    .option('--offline', 'ask nothing of Clerk')
    .action(handle(async () => (await import('./commands/doctor.ts')).doctor, { forgivesConfig: true }));
}
