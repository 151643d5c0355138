// The sample application that uses the instance: its health endpoint, protected pages, a webhook handler that writes a user
// table, a switch that pauses that handler. Its environment is that of its deployment in production.

import type { WorldContext } from '../context.ts';
import type { HttpAnswer, HttpHandler, HttpRequest } from '../http/server.ts';
import { randomWord, STREAM } from '../random.ts';
import { isSameSecret } from '../same-secret.ts';
import type { Scenario } from '../scenario.ts';
import { answerJson } from './app/answer.ts';
import { appFacts } from './app/facts.ts';
import { answerHealth, checkHealth, HEALTH_PATH, watchHealth } from './app/health.ts';
import { answerPage, isPage } from './app/pages.ts';
import { type AppTable, openTable, tablePath } from './app/table.ts';
import { createTableFacts } from './app/table-facts.ts';
import { handleWebhook, WEBHOOK_PATH } from './app/webhook-handler.ts';
import type { Service, ServiceDefinition } from './service.ts';
import { deploymentAt, variablesOf } from './vercel/project.ts';

const PAUSE_PATHS = { '/api/admin/webhooks/pause': true, '/api/admin/webhooks/resume': false } as const;

export const appService: ServiceDefinition = { name: 'app', create: createAppService, env: appEnvironment };

/** Whether the scenario asks for more of the app than its health endpoint. */
function isNamed({ world }: Scenario): boolean {
  return world.app !== undefined || Object.keys(world.services).length > 0;
}

function createAppService(context: WorldContext): Service {
  const { app } = context.scenario.world;
  const table = app?.table === undefined ? undefined : openTable(context, app.table);
  const stopping = new AbortController();
  const { signal } = stopping;
  const handler = createHandler(context, table, signal);
  if (!isNamed(context.scenario)) return { name: 'app', handler };
  const tableFacts = table === undefined ? undefined : createTableFacts(context, table);
  let watch: Promise<void> | undefined;
  return {
    name: 'app',
    handler,
    facts: () => appFacts(context, tableFacts?.()),
    start: () => {
      if (app?.watchSeconds === undefined) return;
      const look = () => checkHealth({ context, ...running(context), signal });
      watch = watchHealth({ context, everyMs: app.watchSeconds * 1000, look, signal });
    },
    stop: async () => {
      stopping.abort();
      await watch;
      table?.close();
    },
  };
}

/** The deployment in production, and what is wrong with it. */
function running(context: WorldContext) {
  const deployment = deploymentAt(context, context.clock.now());
  const bad = deployment.code === 'bad' ? context.scenario.world.app?.bad : undefined;
  return { deployment, pages: bad?.pages ?? 'healthy', webhooks: bad?.webhooks ?? 'healthy' } as const;
}

function createHandler(context: WorldContext, table: AppTable | undefined, signal: AbortSignal): HttpHandler {
  return (request) => {
    const { deployment, pages, webhooks } = running(context);
    const { variables } = deployment;
    const { path } = request;
    if (path === HEALTH_PATH) return answerHealth(request, { context, deployment, pages, signal });
    if (path === WEBHOOK_PATH) return handleWebhook(request, { context, table, variables, mode: webhooks });
    if (isPage(path)) return answerPage(request, { context, variables, isBroken: pages === 'failing' });
    if (path === '/sign-in') return { status: 200, headers: { 'Content-Type': 'text/html' }, body: '<h1>Sign in</h1>' };
    const pause = Object.entries(PAUSE_PATHS).find(([one]) => one === path)?.[1];
    return pause === undefined ? answerJson(404, { error: 'not found' }) : setPaused(request, context, pause);
  };
}

/** The app's own way to pause its handler: POST with the operator's token. */
function setPaused({ method, headers }: HttpRequest, context: WorldContext, paused: boolean): HttpAnswer {
  if (method !== 'POST') return answerJson(405, { error: 'method not allowed' }, { Allow: 'POST' });
  if (!isSameSecret(headers.authorization ?? '', `Bearer ${operatorToken(context.seed)}`)) {
    return answerJson(401, { error: 'the operator token is missing or wrong' });
  }
  context.commit({ type: 'app.webhooks-paused', at: context.clock.now(), paused });
  return answerJson(200, { paused });
}

function operatorToken(seed: number): string {
  return `op_${randomWord(32, seed, STREAM.serviceToken, 0)}`;
}

/** The app's own variables are the responders' too: what they hold is the project's, as `vercel env pull` gives it. */
function appEnvironment(context: WorldContext): { readonly [name: string]: string } {
  const { scenario, url, seed, filePrefix } = context;
  const base = { APP_URL: url('app') };
  if (!isNamed(scenario)) return base;
  const right = Object.fromEntries(variablesOf(context).map(({ key, value }) => [key, value]));
  return {
    ...base,
    WEBHOOK_URL: `${url('app')}${WEBHOOK_PATH}`,
    APP_OPERATOR_TOKEN: operatorToken(seed),
    ...(right.CLERK_WEBHOOK_SIGNING_SECRET === undefined
      ? {}
      : { CLERK_WEBHOOK_SIGNING_SECRET: right.CLERK_WEBHOOK_SIGNING_SECRET }),
    ...(right.CLERK_EMERGENCY_BYPASS_SECRET === undefined
      ? {}
      : { CLERK_EMERGENCY_BYPASS_SECRET: right.CLERK_EMERGENCY_BYPASS_SECRET }),
    ...(scenario.world.app?.table === undefined ? {} : { DATABASE_URL: `sqlite:${tablePath(filePrefix)}` }),
  };
}
