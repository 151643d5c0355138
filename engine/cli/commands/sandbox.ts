// A drill's world that stays up, to try things by hand; and the words that change it from another terminal.
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { loadScenario } from '../../drill/scenario.ts';
import { type DrillWorld, startWorld } from '../../drill/world.ts';
import { resetWorldFile, worldFileExists } from '../../drill/world-file.ts';
import { filesOfWorld } from '../../drill/world-files.ts';
import { RunbookError } from '../../errors.ts';
import type { Json } from '../../json.ts';
import type { App, CommonOptions } from '../app.ts';
import { worldFolder } from '../drills/drill-world.ts';
import { callSandbox } from '../drills/sandbox-call.ts';
import { forgetRunning, runningSandbox, writeRunning } from '../drills/sandbox-file.ts';
import { faultOf, happeningOf } from '../drills/sandbox-words.ts';
import { findScenario } from '../drills/scenario-files.ts';
import { showSymptoms } from '../drills/symptoms.ts';
import { EXIT } from '../exit-codes.ts';

export interface SandboxOptions extends CommonOptions {
  readonly scenario?: string;
  readonly seed?: number;
  readonly speed?: number;
  readonly port?: number;
  readonly state?: string;
  readonly set?: readonly string[];
}

export async function sandbox(
  app: App,
  action: string | undefined,
  what: string | undefined,
  options: SandboxOptions,
): Promise<number> {
  if (action === undefined) return serve(app, options);
  const result = await command(app, action, what, options.set ?? []);
  app.terminal.print(JSON.stringify(result, null, app.isJson ? undefined : 2));
  return EXIT.done;
}

async function command(app: App, action: string, what: string | undefined, pairs: readonly string[]): Promise<Json> {
  const running = runningSandbox(app);
  switch (action) {
    case 'state':
      return callSandbox(running, 'GET', 'state');
    case 'reset':
      return callSandbox(running, 'POST', 'reset', {});
    case 'fault':
      if (what === 'clear') return callSandbox(running, 'POST', 'clear-faults', {});
      if (what !== undefined) return callSandbox(running, 'POST', 'fault', faultOf(what, pairs));
      break;
    case 'attack':
      return callSandbox(running, 'POST', 'attack', happeningOf(what ?? 'sign-in', pairs));
  }
  throw new RunbookError({
    code: 'E_USAGE',
    message: action === 'fault' ? 'Which fault?' : `A sandbox takes no ${action}`,
    hint:
      action === 'fault'
        ? 'For example runbook sandbox fault latency --set latencyMs=2000 --set path=/v1/sessions; or fault clear'
        : 'It takes fault, attack, state and reset; with none of them it starts',
  });
}

/** Until Ctrl-C. */
async function serve(app: App, options: SandboxOptions): Promise<number> {
  const stateFile = fileOf(app, options);
  const scenario =
    options.scenario === undefined && options.state !== undefined && worldFileExists(stateFile)
      ? undefined
      : loadScenario(findScenario(app, { scenario: options.scenario }));
  const token = randomBytes(24).toString('base64url');
  const { seed, speed, port } = options;
  let isEnding = false;
  let turn: Promise<unknown> = Promise.resolve();
  const control = {
    token,
    // After the answer to whoever asked for it.
    onReset: () =>
      setImmediate(() => {
        turn = turn.then(restart).catch(fail);
      }),
  };
  const start = (at: number | undefined): Promise<DrillWorld> =>
    startWorld({ scenario, stateFile, seed, speed, port: at, control });
  let end: (failure?: unknown) => void = () => undefined;
  const ended = new Promise<unknown>((settle) => {
    end = settle;
  });
  const fail = (error: unknown): void => end(error);
  let world = await start(port);
  const restart = async (): Promise<void> => {
    if (isEnding) return;
    const at = Number(new URL(world.apiUrl).port);
    await world.stop();
    resetWorldFile(stateFile, Date.now());
    // What the app kept is of the world that was.
    for (const file of filesOfWorld(stateFile)) if (file !== stateFile) rmSync(file, { force: true });
    world = await start(at);
  };
  const running = { url: world.apiUrl, token, pid: process.pid };
  const stop = (): void => end();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop);
  writeRunning(app, running);
  show(app, world, { token, stateFile });
  const failure = await ended;
  isEnding = true;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, stop);
  forgetRunning(app, running);
  await turn;
  await world.stop();
  if (failure !== undefined) throw failure;
  return EXIT.done;
}

function fileOf(app: App, { state, scenario }: SandboxOptions): string {
  if (state !== undefined) return resolve(app.cwd, state);
  const name = (scenario ?? 'world').replace(/^.*[/\\]|\.ya?ml$/g, '');
  return join(worldFolder(app), `sandbox-${name}.jsonl`);
}

function show(app: App, world: DrillWorld, of: { readonly token: string; readonly stateFile: string }): void {
  const { print, tell } = app.terminal;
  const { scenario, seed, speed, isResumed, env, apiUrl, ground } = world;
  if (app.isJson) {
    print(
      JSON.stringify({ scenario: scenario.name, seed, speed, isResumed, url: apiUrl, ...of, env: { ...env }, ground }),
    );
    return;
  }
  showSymptoms(app, scenario, tell);
  for (const [name, value] of Object.entries(env)) print(`export ${name}=${quoted(value)}`);
  tell('');
  tell(`${isResumed ? 'Goes on' : 'Started'}: ${scenario.name}, seed ${seed}, kept in ${of.stateFile}`);
  if (isResumed) tell('runbook sandbox reset, from another terminal, begins it anew.');
  tell(`Control: ${apiUrl}/__world/, with Authorization: Bearer ${of.token}`);
  tell('From another terminal: runbook sandbox state, fault KIND, attack WHAT, reset');
  tell('Ctrl-C ends it.');
}

/** One word of a POSIX shell, whatever is in it: keys in PEM form have line breaks. */
function quoted(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}
