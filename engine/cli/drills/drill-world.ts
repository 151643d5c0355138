// A drill's world around a run: found or made before it, scored after it.
import { basename, dirname, join } from 'node:path';
import type { Scenario } from '../../drill/scenario.ts';
import type { DrillWorld } from '../../drill/world.ts';
import { messageOf, RunbookError } from '../../errors.ts';
import type { JsonObject } from '../../json.ts';
import { makeFolder } from '../../make-folder.ts';
import type { Clock } from '../../run/clock.ts';
import type { EventData } from '../../run/events.ts';
import type { People } from '../../run/people.ts';
import type { RunSession } from '../../run/session.ts';
import { createScenarioPeople } from '../../ui/scenario-people.ts';
import { hang } from '../../ui/text.ts';
import type { App } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { writeReport } from '../keeping/write-report.ts';
import type { LastWords, RunSettings } from '../runs/drive.ts';
import { runFactsOf } from '../runs/run-facts.ts';

export interface WorldRequest {
  readonly scenario: Scenario;
  readonly seed?: number;
  readonly speed?: number;
}

export async function makeWorld(
  app: App,
  request: WorldRequest,
): Promise<{ readonly world: DrillWorld; readonly worldFile: string }> {
  const { startWorld } = await import('../../drill/world.ts');
  const worldFile = `${crypto.randomUUID()}.jsonl`;
  const folder = worldFolder(app);
  try {
    const world = await startWorld({
      scenario: request.scenario,
      stateFile: join(folder, worldFile),
      ...(request.seed === undefined ? {} : { seed: request.seed }),
      ...(request.speed === undefined ? {} : { speed: request.speed }),
    });
    return { world, worldFile };
  } catch (error) {
    throw worldFolderError(error, folder);
  }
}

/** @throws E_WORLD_NO_SCENARIO where the world's file is gone: a drill never goes on against anything else. */
export async function resumeWorld(
  app: App,
  drill: NonNullable<EventData['run.created']['drill']>,
): Promise<DrillWorld> {
  const { startWorld } = await import('../../drill/world.ts');
  return startWorld({ stateFile: join(worldFolder(app), basename(drill.worldFile)) });
}

/** The same, but whatever waits there waits `speed` times shorter. What time it is stays as it is: the journal tells it. */
export function drillApp(app: App, speed: number): App {
  const { clock } = app;
  const fast: Clock = {
    now: clock.now,
    monotonic: () => clock.monotonic() * speed,
    after: (ms, callback) => clock.after(ms / speed, callback),
  };
  // Its getters stay getters: who the operator is, is found out when somebody asks.
  return speed === 1 ? app : Object.create(app, { clock: { value: fast, enumerable: true } });
}

export function worldFolder(app: App): string {
  const folder = join(app.project.stateFolder, 'drills');
  try {
    makeFolder(folder, 0o700);
  } catch (error) {
    throw worldFolderError(error, folder);
  }
  return folder;
}

/** What keeps a drill's file from being written; every other error comes back as it is. */
function worldFolderError(error: unknown, folder: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (!['EACCES', 'EPERM', 'EROFS', 'EEXIST', 'ENOENT', 'ENOTDIR'].includes(String(code))) return error;
  return new RunbookError({
    code: 'E_STORE_READONLY',
    message: `A drill keeps its world in ${folder}, which cannot be written: ${messageOf(error)}`,
    hint: 'Make it a folder you may write, or name a store in another folder with RUNBOOK_STORE',
    cause: error,
  });
}

/**
 * Of the shell's own variables a drill gets PATH and LANG; everything else comes from the world. Its home is a folder of the
 * world's, made here: programs keep their log-ins in the real one (~/.aws, ~/.config/gh, ~/.pgpass), and would reach production
 * with them. What is read there each time it is asked for stays so: the secret key may be rotated during the run.
 */
export function drillEnv(world: DrillWorld, shell: App['env']): { readonly [name: string]: string | undefined } {
  const { PATH, LANG } = shell;
  const home = homeVariables(world.homeFolder);
  return Object.defineProperties({ PATH, LANG, ...home }, Object.getOwnPropertyDescriptors(world.env));
}

/** Every place that the XDG base directory specification 0.8 names for a user's own files, in `home`. */
function homeVariables(home: string): { readonly [name: string]: string } {
  const variables = {
    HOME: home,
    TMPDIR: join(home, 'tmp'),
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_CACHE_HOME: join(home, '.cache'),
    XDG_DATA_HOME: join(home, '.local', 'share'),
    XDG_STATE_HOME: join(home, '.local', 'state'),
    XDG_RUNTIME_DIR: join(home, '.run'),
  };
  for (const folder of Object.values(variables)) makeFolder(folder, 0o700);
  return variables;
}

/** The world's secrets, and no rules of the project: its people and addresses are not those that the rules mean. */
export function drillSettings(world: DrillWorld, shell: App['env']): RunSettings {
  return {
    env: drillEnv(world, shell),
    secrets: new Map(),
    root: null,
    database: null,
    worldFolder: dirname(world.homeFolder),
  };
}

export function drillPeople(app: App, world: DrillWorld, isUnattended: boolean): (terminal: People) => People {
  return (behind) =>
    createScenarioPeople({ answers: world.answers, isUnattended, operator: app.operator, clock: app.clock, behind });
}

/** Scores an ended drill, records the score, writes the report. */
export async function endDrill(
  app: App,
  world: DrillWorld,
  session: RunSession,
  reportFile: string | undefined,
): Promise<LastWords> {
  const { state } = session;
  if (state.endedAt === null) return { lines: ['This was a drill; it is scored when the run has ended.'] };
  // What is taken back afterwards is no part of the practice.
  if (state.score !== null) return { lines: [] };
  const { renderScore } = await import('../../drill/score.ts');
  const score = world.score(runFactsOf(state));
  // Scores are plain data.
  const json = score as unknown as JsonObject;
  await session.append({ type: 'drill.scored', actor: 'engine', data: { score: json } });
  const written = await writeReport(app, session.runId, reportFile);
  return {
    lines: ['', ...scoreLines(app, renderScore(score)), '', `Incident report: ${written}`],
    json: { score: json, report: written },
    exitCode: score.passed ? EXIT.done : EXIT.failed,
  };
}

/** Filled to the terminal's width; read by a program they stay as they are. */
function scoreLines({ terminal }: App, text: string): readonly string[] {
  if (!terminal.isInteractive) return [text];
  return text.split('\n').flatMap((line) => {
    const lead = /^\s*(?:-\d+ {2}|[A-Z][a-z ]+: +)?/.exec(line)?.[0] ?? '';
    return hang(lead, line.slice(lead.length), terminal.columns());
  });
}

/** @throws E_USAGE where the scenario rehearses another playbook. */
export function requireSamePlaybook(
  scenario: { readonly name: string; readonly playbook: string },
  playbook: string,
): void {
  // A file is known by its name, as playbooks are.
  if (scenario.playbook === playbook.replace(/^.*[/\\]|\.ya?ml$/g, '')) return;
  throw new RunbookError({
    code: 'E_USAGE',
    message: `The scenario ${scenario.name} rehearses ${scenario.playbook}, not ${playbook}`,
    hint: `runbook drill ${scenario.playbook} --scenario ${scenario.name}`,
  });
}
