// GET /api/health/clerk: asks Clerk with the app's own key. What a check finds is written when it differs from the last.
import type { WorldContext } from '../../context.ts';
import type { HttpAnswer, HttpRequest } from '../../http/server.ts';
import type { Deployment } from '../../state/services/deployments.ts';
import type { BadSpec } from '../spec.ts';
import { answerJson } from './answer.ts';
import { askClerk } from './ask-clerk.ts';

export const HEALTH_PATH = '/api/health/clerk';

export interface HealthOptions {
  readonly context: WorldContext;
  readonly deployment: Deployment;
  readonly pages: BadSpec['pages'];
  /** Ends a check whose world stops: what it would find then is the stop. */
  readonly signal: AbortSignal;
}

export async function answerHealth({ method }: HttpRequest, options: HealthOptions): Promise<HttpAnswer> {
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, headers: { Allow: 'GET, HEAD' }, body: '' };
  const { status, clerk } = await checkHealth(options);
  if (status === 500) return answerJson(500, { error: 'Internal Server Error' });
  const answer = answerJson(status, {
    status: status === 200 ? 'healthy' : 'unhealthy',
    clerk,
    at: new Date(options.context.clock.now()).toISOString(),
  });
  return method === 'HEAD' && answer !== 'cut' ? { ...answer, body: '' } : answer;
}

interface Health {
  readonly status: 200 | 500 | 503;
  readonly clerk: number | string;
}

export async function checkHealth(options: HealthOptions): Promise<Health> {
  const { context, signal } = options;
  const health = await look(options);
  if (signal.aborted) return health;
  const before = context.state.services.app.health?.healthy;
  const healthy = health.status === 200;
  // The app of a world that names no app is not watched: nothing is written.
  if (context.scenario.world.app !== undefined && before !== healthy) {
    const reason = health.status === 500 ? 'the deployment is broken' : `Clerk: ${health.clerk}`;
    context.commit({ type: 'app.health', at: context.clock.now(), by: 'world', healthy, reason });
  }
  return health;
}

async function look({ context, deployment, pages, signal }: HealthOptions): Promise<Health> {
  if (pages === 'failing') return { status: 500, clerk: 'not asked' };
  const key = deployment.variables.CLERK_SECRET_KEY;
  if (key === undefined || key === '') return { status: 503, clerk: 'not asked: CLERK_SECRET_KEY is not set' };
  // Asked when a request comes: by then Clerk's server listens.
  const answer = await askClerk(`${context.url('clerk')}/v1/users?limit=1`, key, signal);
  return { status: answer?.status === 200 ? 200 : 503, clerk: answer?.status ?? 'no answer' };
}

/** Looks every so often until `signal` ends it, also in the middle of a wait. */
export async function watchHealth(options: {
  readonly context: WorldContext;
  readonly everyMs: number;
  readonly look: () => Promise<unknown>;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { context, everyMs, signal } = options;
  const ended = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  while (!signal.aborted) {
    await options.look();
    await Promise.race([context.clock.sleep(everyMs), ended]);
  }
}
