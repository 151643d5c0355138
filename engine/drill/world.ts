// The drill's world: the Clerk emulator, a status page and a sample app on loopback, over one population and one file.
import { randomUUID } from 'node:crypto';
import { RunbookError } from '../errors.ts';
import { type Ground, resolveAnswers } from './answers.ts';
import { createEmulator } from './clerk/emulator.ts';
import { CLERK_LIMITS, createRateLimiter } from './clerk/rate-limit.ts';
import { type DrillClock, systemClock } from './clock.ts';
import type { WorldContext } from './context.ts';
import { createFaultTable, type FaultTable } from './faults.ts';
import { type HttpAnswer, type HttpHandler, type LoopbackServer, listenOnLoopback } from './http/server.ts';
import { refuseSecondWorld } from './in-use.ts';
import { inspectWorld, type WorldFacts } from './inspect.ts';
import { createSigner, makeKeys } from './keys.ts';
import { createPopulation } from './population/population.ts';
import { type ChangeRequest, createRequestLog, type RequestLog, type RouteCount } from './request-log.ts';
import type { Answers, Scenario, ServerName } from './scenario.ts';
import { type RunFacts, type Score, scoreDrill } from './score.ts';
import { withFaults } from './services/faulty-handler.ts';
import { SERVICES } from './services/registry.ts';
import type { Mutation } from './state/mutation.ts';
import { applyMutation, emptyState } from './state/state.ts';
import { createWorldFile, openWorldFile, type WorldFile, worldFileExists } from './world-file.ts';

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
}

export interface DrillWorld {
  readonly id: string;
  readonly scenario: Scenario;
  readonly seed: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** True where an existing file was resumed. */
  readonly isResumed: boolean;
  /** Without /v1, as `@clerk/backend` takes it. */
  readonly apiUrl: string;
  readonly statusUrl: string;
  readonly appUrl: string;
  readonly secretKey: string;
  /** What a run needs in its environment, and all it may have of Clerk there. Holds the secret key. */
  readonly env: { readonly [name: string]: string };
  readonly ground: Ground;
  /** The scenario's answers, `$compromised` and `$decoys` filled in. */
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
 * @throws RunbookError E_WORLD_NO_SCENARIO, E_WORLD_MISMATCH (another scenario or seed than the file's), E_WORLD_IN_USE,
 * E_WORLD_FILE, E_DRILL_HOST, E_DRILL_PORT
 */
export async function startWorld(options: StartWorldOptions): Promise<DrillWorld> {
  const clock = options.clock ?? systemClock;
  const host = options.host ?? '127.0.0.1';
  const isResumed = worldFileExists(options.stateFile);
  const file = isResumed ? openExisting(options) : await createNew(options, clock);
  try {
    return await serveWorld({ file, host, clock, isResumed, port: options.port ?? 0 });
  } catch (error) {
    file.close();
    throw error;
  }
}

function openExisting({ stateFile, scenario, seed }: StartWorldOptions): WorldFile {
  const file = openWorldFile(stateFile);
  const { header } = file;
  const isOther = scenario !== undefined && scenario.name !== header.scenario.name;
  if (!isOther && (seed === undefined || seed === header.seed)) return file;
  file.close();
  throw new RunbookError({
    code: 'E_WORLD_MISMATCH',
    message: `${stateFile} holds the world of scenario ${header.scenario.name} with seed ${header.seed}, not the one asked for`,
    hint: 'Resume it with its own scenario and seed, or name another file to start anew.',
  });
}

async function createNew({ stateFile, scenario, seed }: StartWorldOptions, clock: DrillClock): Promise<WorldFile> {
  if (scenario === undefined) {
    throw new RunbookError({
      code: 'E_WORLD_NO_SCENARIO',
      message: `There is no world to resume in ${stateFile}`,
      hint: 'The drill was pruned or its file was moved. Start a new drill with a scenario.',
    });
  }
  const worldSeed = seed ?? scenario.seed;
  const keys = await makeKeys(worldSeed, scenario.world.instance.environment);
  return createWorldFile(stateFile, { id: randomUUID(), seed: worldSeed, startedAt: clock.now(), scenario, keys });
}

interface ServeOptions {
  readonly file: WorldFile;
  readonly host: string;
  readonly port: number;
  readonly clock: DrillClock;
  readonly isResumed: boolean;
}

async function serveWorld({ file, host, port, clock, isResumed }: ServeOptions): Promise<DrillWorld> {
  const { id, seed, startedAt, scenario, keys } = file.header;
  const population = createPopulation({ seed, startedAt, world: scenario.world });
  const state = emptyState();
  for (const mutation of file.mutations) applyMutation(state, population, mutation);

  const listeners: ((mutation: Mutation) => void)[] = [];
  const urls = new Map<ServerName, string>();
  const context: WorldContext = {
    id,
    seed,
    startedAt,
    scenario,
    keys,
    population,
    state,
    clock,
    signer: createSigner(keys),
    filePrefix: file.path.replace(/\.[^./\\]*$/, ''),
    commit: (mutation) => {
      file.append(mutation);
      applyMutation(state, population, mutation);
      for (const listener of listeners) listener(mutation);
    },
    onCommit: (listener) => {
      listeners.push(listener);
    },
    url: (server) => {
      const url = urls.get(server);
      if (url === undefined) throw new Error(`The world's server ${server} does not listen yet`);
      return url;
    },
  };
  const facts = (): WorldFacts =>
    inspectWorld({ population, state, worldId: id, scenario: scenario.name, startedAt, now: clock.now() });
  const log = createRequestLog();
  const faults = createFaultTable(seed, scenario.faults);
  const services = SERVICES.map((definition) => definition.create(context));
  const servers: LoopbackServer[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(services.map((service) => service.stop?.()));
    await Promise.all(servers.map((server) => server.stop()));
  };
  const ports: { [server: string]: number } = {};
  const listen = async (name: ServerName, wanted: number, handler: HttpHandler, fallBack: boolean): Promise<void> => {
    const server = await listenOnLoopback({ host, port: wanted, fallBack }, handler);
    servers.push(server);
    urls.set(name, server.url);
    ports[name] = server.port;
  };
  try {
    const before = state.served.ports ?? {};
    await refuseSecondWorld(host, before.clerk, id);
    const clerk = clerkHandler({ context, faults, log, facts });
    await listen('clerk', port === 0 ? (before.clerk ?? 0) : port, clerk, port === 0);
    const faultOptions = { faults, elapsedMs: () => clock.now() - startedAt, sleep: clock.sleep };
    for (const { name, handler } of services) {
      await listen(name, before[name] ?? 0, withFaults(handler, { ...faultOptions, server: name }), true);
    }
    if (Object.entries(ports).some(([name, value]) => before[name] !== value)) {
      context.commit({ type: 'world.served', at: clock.now(), ports });
    }
    for (const service of services) service.start?.();

    const ground: Ground = {
      compromised: population.compromised.map((user) => population.idAt(user)),
      decoys: population.decoys.map((user) => population.idAt(user)),
    };
    return {
      id,
      scenario,
      seed,
      startedAt,
      isResumed,
      apiUrl: context.url('clerk'),
      statusUrl: context.url('status'),
      appUrl: context.url('app'),
      secretKey: keys.secretKey,
      env: environmentOf(context),
      ground,
      answers: resolveAnswers(scenario.answers, ground),
      requests: () => log.routes(),
      changeRequests: () => log.changes(),
      facts,
      score: (run) => scoreDrill(facts(), run, scenario.success),
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

/** Clerk's API, and two views of the world beside it for people who watch and for tests. */
function clerkHandler({
  context,
  faults,
  log,
  facts,
}: {
  readonly context: WorldContext;
  readonly faults: FaultTable;
  readonly log: RequestLog;
  readonly facts: () => WorldFacts;
}): HttpHandler {
  const { scenario, keys, clock, startedAt } = context;
  const { environment, rateLimit } = scenario.world.instance;
  const emulator = createEmulator({
    context: { ...context, choices: scenario.world.choices, instance: { id: keys.instanceId, environment } },
    secretKey: keys.secretKey,
    faults,
    limiter: createRateLimiter(rateLimit ?? CLERK_LIMITS[environment]),
    log,
    clock,
    startedAt,
  });
  const views = new Map<string, () => unknown>([
    ['/__world/state', facts],
    ['/__world/requests', () => ({ routes: log.routes(), changes: log.changes() })],
  ]);
  return (request) => {
    const view = views.get(request.path);
    return view === undefined ? emulator(request) : jsonAnswer(view());
  };
}

/** The names that Clerk's own libraries and the playbooks' actions read. */
function environmentOf(context: WorldContext): { readonly [name: string]: string } {
  const { keys, signer, url } = context;
  return {
    CLERK_SECRET_KEY: keys.secretKey,
    CLERK_PUBLISHABLE_KEY: keys.publishableKey,
    NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY: keys.publishableKey,
    CLERK_JWT_KEY: signer.publicPem,
    CLERK_API_URL: url('clerk'),
    CLERK_TELEMETRY_DISABLED: '1',
    ...Object.assign({}, ...SERVICES.map((service) => service.env?.(context) ?? {})),
  };
}

function jsonAnswer(value: unknown): HttpAnswer {
  return { status: 200, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(value) };
}
