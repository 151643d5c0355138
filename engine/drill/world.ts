// The drill's world: the Clerk emulator, a status page and a sample app on loopback, over one population and one file.
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { RunbookError } from '../errors.ts';
import { fillText, type Ground, resolveAnswers, type WorldWords } from './answers.ts';
import { type DrillClock, spedUp, systemClock } from './clock.ts';
import { createCommits } from './commit.ts';
import type { WorldContext } from './context.ts';
import { CONTROL_PREFIX, createControl, ID_PATH } from './control.ts';
import { environmentOf } from './environment.ts';
import { createFaultTable } from './faults.ts';
import { createGate } from './gate.ts';
import { type HttpHandler, type LoopbackServer, listenOnLoopback } from './http/server.ts';
import { refuseSecondWorld } from './in-use.ts';
import { inspectWorld, type WorldFacts } from './inspect.ts';
import { createSigner, currentSecretKey, makeKeys } from './keys.ts';
import { reachThisMachineDirectly } from './no-proxy.ts';
import { createPopulation } from './population/population.ts';
import { type ChangeRequest, createRequestLog, type RouteCount } from './request-log.ts';
import type { Answers, Scenario, ServerName } from './scenario.ts';
import { inWorldTime, type RunFacts, type Score, scoreDrill } from './score.ts';
import { withFaults } from './services/faulty-handler.ts';
import { servicesIn } from './services/registry.ts';
import type { Service } from './services/service.ts';
import { listenTcp } from './services/tcp-server.ts';
import { applyMutation, emptyState, foldOne } from './state/state.ts';
import { createTimeline } from './timeline/timeline.ts';
import { worldWords } from './words.ts';
import { asWritten, createWorldFile, openWorldFile, type WorldFile, worldFileExists } from './world-file.ts';
import { filePrefixOf, homeFolderOf } from './world-files.ts';
import { clerkHandler, sandboxOf } from './world-handlers.ts';

export interface StartWorldOptions {
  /** Needed to make a world; a world that exists keeps the scenario it was made with. */
  readonly scenario?: Scenario | undefined;
  /** Instead of the scenario's. */
  readonly seed?: number | undefined;
  /** The world's file: made if absent, else the world resumes as it stood. */
  readonly stateFile: string;
  /** A loopback address; 127.0.0.1 if absent. */
  readonly host?: string | undefined;
  /** Of the Clerk emulator. If absent or 0: the port it had before, or any free one. */
  readonly port?: number | undefined;
  readonly clock?: DrillClock | undefined;
  /** How much faster than the machine's the world's time runs; a world that exists keeps its own. */
  readonly speed?: number | undefined;
  /** Lets those who have this token change the world by POST /__world/...; nobody may if absent. */
  readonly control?: { readonly token: string; readonly onReset: () => void } | undefined;
}

export interface DrillWorld {
  readonly id: string;
  readonly scenario: Scenario;
  readonly seed: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly speed: number;
  /** True where an existing file was resumed. */
  readonly isResumed: boolean;
  /** Without /v1, as `@clerk/backend` takes it. */
  readonly apiUrl: string;
  readonly statusUrl: string;
  readonly appUrl: string;
  /** The one that is current when asked: it may be rotated meanwhile. */
  readonly secretKey: string;
  /**
   * What a run needs in its environment, and all it may have of Clerk there. CLERK_SECRET_KEY is read each time it is asked
   * for: after a rotation it is the new key, as if the operator's secret store had been told.
   */
  readonly env: { readonly [name: string]: string };
  /** Where a drill's programs have their home; not made by the world itself. */
  readonly homeFolder: string;
  readonly ground: Ground;
  /** The scenario's answers, `$compromised`, `$decoys` and the words of words.ts filled in. */
  readonly answers: Answers;
  /** Requests by route since this process started. */
  requests(): readonly RouteCount[];
  changeRequests(): readonly ChangeRequest[];
  /** The world's state, independent of any run. */
  facts(): WorldFacts;
  score(run: RunFacts): Score;
  /** Cuts open connections and closes the file. */
  stop(): Promise<void>;
}

/**
 * Starts a world, or resumes the one in `stateFile`. When it resolves, the file holds the world and all servers listen.
 * @throws RunbookError E_WORLD_NO_SCENARIO, E_WORLD_MISMATCH (another scenario or seed than the file's, or an edited one), E_WORLD_IN_USE,
 * E_WORLD_FILE, E_DRILL_HOST, E_DRILL_PORT
 */
export async function startWorld(options: StartWorldOptions): Promise<DrillWorld> {
  reachThisMachineDirectly();
  const clock = options.clock ?? systemClock;
  const host = options.host ?? '127.0.0.1';
  const isResumed = worldFileExists(options.stateFile);
  const file = isResumed ? openExisting(options) : await createNew(options, clock);
  try {
    const { port = 0, control } = options;
    return await serveWorld({ file, host, wall: clock, isResumed, port, control });
  } catch (error) {
    file.close();
    throw error;
  }
}

function openExisting({ stateFile, scenario, seed }: StartWorldOptions): WorldFile {
  const file = openWorldFile(stateFile);
  const { header } = file;
  const isOther = scenario !== undefined && scenario.name !== header.scenario.name;
  const isSeed = seed === undefined || seed === header.seed;
  const isEdited = scenario !== undefined && !isDeepStrictEqual(asWritten(scenario), header.scenario);
  if (!isOther && isSeed && !isEdited) return file;
  file.close();
  const { name } = header.scenario;
  throw new RunbookError({
    code: 'E_WORLD_MISMATCH',
    ...(isOther || !isSeed
      ? {
          message: `${stateFile} holds the world of scenario ${name} with seed ${header.seed}, not the one asked for`,
          hint: 'Resume it with its own scenario and seed, or name another file to start anew.',
        }
      : {
          message: `The scenario ${name} has changed since the world in ${stateFile} was made from it`,
          hint: 'Delete that file or name another to start anew; name that file and no scenario to go on in the world as it is.',
        }),
  });
}

async function createNew(
  { stateFile, scenario, seed, speed = 1 }: StartWorldOptions,
  clock: DrillClock,
): Promise<WorldFile> {
  if (scenario === undefined) {
    throw new RunbookError({
      code: 'E_WORLD_NO_SCENARIO',
      message: `There is no world to resume in ${stateFile}`,
      hint: 'The drill was pruned or its file was moved. Start a new drill with a scenario.',
    });
  }
  const worldSeed = seed ?? scenario.seed;
  const keys = await makeKeys(worldSeed, scenario.world.instance.environment);
  const header = { id: randomUUID(), seed: worldSeed, startedAt: clock.now(), scenario, keys };
  return createWorldFile(stateFile, speed === 1 ? header : { ...header, speed });
}

interface ServeOptions {
  readonly file: WorldFile;
  readonly host: string;
  readonly port: number;
  /** The machine's. */
  readonly wall: DrillClock;
  readonly isResumed: boolean;
  readonly control: StartWorldOptions['control'];
}

async function serveWorld({ file, host, port, wall, isResumed, control }: ServeOptions): Promise<DrillWorld> {
  const { id, seed, startedAt, scenario, keys, speed = 1 } = file.header;
  const clock = spedUp(wall, startedAt, speed);
  const population = createPopulation({ seed, startedAt, world: scenario.world });
  const state = emptyState();
  for (const mutation of file.mutations) applyMutation(state, population, mutation);

  const urls = new Map<ServerName, string>();
  const faults = createFaultTable(seed, scenario.faults, () => state.timeline.faults);
  const context: WorldContext = {
    id,
    seed,
    startedAt,
    scenario,
    keys,
    population,
    state,
    clock,
    wallNow: wall.now,
    faults,
    signer: createSigner(keys),
    filePrefix: filePrefixOf(file.path),
    past: file.mutations,
    ...createCommits(file.append, (mutation) => foldOne(state, population, mutation)),
    url: (server) => {
      const url = urls.get(server);
      if (url === undefined) throw new Error(`The world's server ${server} does not listen yet`);
      return url;
    },
  };
  const facts = (): WorldFacts => ({
    ...inspectWorld({
      population,
      state,
      worldId: id,
      scenario: scenario.name,
      startedAt,
      keySpec: scenario.world.keys,
      now: clock.now(),
    }),
    ...services.map((service) => service.facts?.()).reduce((all, app) => (app === undefined ? all : { app }), {}),
  });
  const log = createRequestLog();
  const timeline = createTimeline(context);
  const gate = createGate(timeline.tick); // What is due has happened before anybody is answered.
  const services: Service[] = [];
  const servers: LoopbackServer[] = [];
  const stop = async (): Promise<void> => {
    gate.close();
    timeline.stop();
    await Promise.all(services.map((service) => service.stop?.()));
    await Promise.all(servers.map((server) => server.stop()));
  };
  const ports: { [server: string]: number } = {};
  const take = (name: ServerName, server: LoopbackServer): void => {
    servers.push(server);
    urls.set(name, server.url);
    ports[name] = server.port;
  };
  const listen = async (name: ServerName, wanted: number, handler: HttpHandler, fallBack: boolean): Promise<void> => {
    take(name, await listenOnLoopback({ host, port: wanted, fallBack }, handler));
  };
  try {
    for (const definition of servicesIn(scenario)) services.push(definition.create(context));
    const before = state.served.ports ?? {};
    await refuseSecondWorld(host, before.clerk, id);
    const clerk = clerkHandler({ context, log });
    const views = { state: facts, requests: () => ({ routes: log.routes(), changes: log.changes() }) };
    const onWorld = createControl({ worldId: id, views, ...sandboxOf(context, timeline, control) });
    const guarded = gate.guard((request) => (request.path.startsWith(CONTROL_PREFIX) ? onWorld : clerk)(request));
    // Which world it is can be asked at any time: a second process finds out by that.
    const handleClerk: HttpHandler = (request) => (request.path === ID_PATH ? onWorld : guarded)(request);
    await listen('clerk', port === 0 ? (before.clerk ?? 0) : port, handleClerk, port === 0);
    const faultOptions = { faults, elapsedMs: () => clock.now() - startedAt, sleep: clock.sleep };
    for (const service of services) {
      const { name } = service;
      const wanted = before[name] ?? 0;
      if (service.handler === undefined) {
        take(name, await listenTcp({ host, port: wanted, scheme: name }, service.onConnection));
      } else {
        const handler = gate.guard(withFaults(service.handler, { ...faultOptions, server: name }));
        await listen(name, wanted, handler, true);
      }
    }
    if (Object.entries(ports).some(([name, value]) => before[name] !== value)) {
      context.commit({ type: 'world.served', at: clock.now(), ports });
    }
    for (const service of services) service.start?.();
    timeline.start(); // Last: what it does is announced as the rest is.
    gate.open();

    const ground: Ground = {
      compromised: population.compromised.map((user) => population.idAt(user)),
      decoys: population.decoys.map((user) => population.idAt(user)),
    };
    const words = worldWords(context);
    return {
      id,
      scenario: told(scenario, words),
      seed,
      startedAt,
      speed,
      isResumed,
      apiUrl: context.url('clerk'),
      statusUrl: context.url('status'),
      appUrl: context.url('app'),
      get secretKey() {
        return currentSecretKey(context);
      },
      env: environmentOf(context),
      homeFolder: homeFolderOf(file.path),
      ground,
      answers: resolveAnswers(scenario.answers, ground, words),
      requests: () => log.routes(),
      changeRequests: () => log.changes(),
      facts,
      score: (run) => scoreDrill(facts(), inWorldTime(run, startedAt, speed), scenario.success),
      stop: async () => {
        await stop();
        file.close();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The scenario, as a responder reads it. */
function told(scenario: Scenario, words: WorldWords): Scenario {
  return {
    ...scenario,
    alert: fillText(scenario.alert, words),
    complaints: scenario.complaints.map(({ from, text }) => ({ from, text: fillText(text, words) })),
  };
}
