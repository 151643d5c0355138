// The protected pages: /dashboard and /admin for people, /api/me for programs. Each verifies the visitor's session token;
// the emergency bypass, where it is on, lets through what it may, and every such request is written down.
import type { WorldContext } from '../../context.ts';
import type { HttpAnswer, HttpRequest } from '../../http/server.ts';
import type { Variables } from '../../state/services/deployments.ts';
import { answerJson } from './answer.ts';
import { BYPASS_HEADER, bypassState, isBypassable } from './bypass.ts';
import { whoAsks } from './tokens.ts';

const PAGES = ['/dashboard', '/admin', '/billing'];

export function isPage(path: string): boolean {
  return path === '/api/me' || PAGES.some((page) => path === page || path.startsWith(`${page}/`));
}

export interface PageOptions {
  readonly context: WorldContext;
  readonly variables: Variables;
  readonly isBroken: boolean;
}

export async function answerPage(request: HttpRequest, options: PageOptions): Promise<HttpAnswer> {
  const { context, variables } = options;
  const { method, path } = request;
  if (options.isBroken) return answerJson(500, { error: 'Internal Server Error' });
  const now = context.clock.now();
  const bypass = bypassState(variables, now);
  if (bypass.on && isBypassable(method, path)) {
    context.commit({ type: 'app.bypassed', at: now, by: 'world', method, path });
    return page(path, { userId: null, bypassedUntil: new Date(bypass.until).toISOString() });
  }
  const visitor = await whoAsks(request.headers, {
    how: context.scenario.world.app?.tokens ?? 'jwt-key',
    variables,
    apiUrl: context.url('clerk'),
  });
  if (visitor.kind === 'user') return page(path, { userId: visitor.userId });
  if (visitor.kind === 'cannot-tell')
    return answerJson(503, { error: 'authentication is unavailable', why: visitor.why });
  if (path.startsWith('/api/')) return answerJson(401, { error: 'not signed in', why: visitor.why });
  return { status: 307, headers: { Location: `/sign-in?redirect_url=${encodeURIComponent(path)}` }, body: '' };
}

function page(path: string, who: { readonly userId: string | null; readonly bypassedUntil?: string }): HttpAnswer {
  const { userId, bypassedUntil } = who;
  const headers = bypassedUntil === undefined ? {} : { [BYPASS_HEADER]: bypassedUntil };
  const bypassed = bypassedUntil !== undefined;
  if (path.startsWith('/api/')) return answerJson(200, { userId, bypassed }, headers);
  const text = bypassed ? 'Signed in: not checked (emergency bypass)' : `Signed in: ${userId}`;
  return {
    status: 200,
    headers: { 'Content-Type': 'text/html; charset=utf-8', ...headers },
    body: `<!doctype html><h1>${path}</h1><p>${text}</p>`,
  };
}
