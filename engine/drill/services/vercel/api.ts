// A Vercel-like API: environment variables and deployments of the one project. Paths and the words of requests and answers
// are as documented (https://vercel.com/docs/rest-api, read for rollback and promote: POST /v1/projects/{id}/rollback/{deployment}
// and POST /v10/projects/{id}/promote/{deployment}, both 201); error codes beside `forbidden` and `not_found` are not
// verified. Versions of a path that clients are known to use all answer.
import type { Json, JsonObject } from '../../../json.ts';
import type { WorldContext } from '../../context.ts';
import type { Route } from '../../http/router.ts';
import type { HttpHandler } from '../../http/server.ts';
import { randomWord, STREAM } from '../../random.ts';
import type { Deployment, Variable } from '../../state/services/deployments.ts';
import { ApiProblem, createRestApi, type RestHandler, type RestRequest } from '../rest.ts';
import type { VercelSpec } from '../spec.ts';
import { presentDeployment, presentListed, presentRequest, presentVariable, readyStateOf } from './present.ts';
import {
  deploymentAt,
  deploymentIdAt,
  deploymentsOf,
  PROJECT_NAME,
  projectIdOf,
  toVariables,
  variableIdAt,
  variablesOf,
  wasLive,
} from './project.ts';

const VERSIONS = ['v1', 'v6', 'v9', 'v10', 'v13'];
const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;
/** Ids of variables that the project had before the drill come first. */
const FIRST_NEW_VARIABLE = 1000;

export function vercelToken(seed: number): string {
  return randomWord(24, seed, STREAM.serviceToken, 2);
}

export function createVercelApi(context: WorldContext, spec: VercelSpec): HttpHandler {
  const { seed, clock, state } = context;
  const projectId = projectIdOf(seed);
  const deployments = () => state.services.deployments;

  const inProject =
    (handler: (request: RestRequest) => { readonly status: number; readonly value?: Json }): RestHandler =>
    (request) => {
      const { project } = request.params;
      if (project !== projectId && project !== PROJECT_NAME) throw notFound('Project');
      return handler(request);
    };
  const findVariable = ({ params }: RestRequest): Variable => {
    const found = variablesOf(context).find(({ id }) => id === params.variable);
    if (found === undefined) throw notFound('Environment variable');
    return found;
  };
  const findDeployment = (id: string | undefined): Deployment => {
    const found = deploymentsOf(context).find((one) => one.id === id);
    if (found === undefined) throw notFound('Deployment');
    return found;
  };
  const setVariable = (id: string, { key, value }: { readonly key: string; readonly value: string }): Variable => {
    context.commit({ type: 'variable.set', at: clock.now(), id, key, value });
    const found = variablesOf(context).find((one) => one.id === id);
    if (found === undefined) throw new Error('a variable that was just set is there');
    return found;
  };

  const listVariables = inProject(({ query }) => ({
    status: 200,
    value: { envs: variablesOf(context).map((one) => presentVariable(one, query.get('decrypt') === 'true')) },
  }));
  const createVariable = inProject(({ body, query }) => {
    const [key, value] = [text(body, 'key'), text(body, 'value')];
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) throw badRequest('`key` must be a name of letters, digits and _');
    requireTargets(body, true);
    const existing = variablesOf(context).find((one) => one.key === key);
    if (existing !== undefined && query.get('upsert') !== 'true') {
      throw new ApiProblem(
        400,
        'ENV_CONFLICT',
        `A variable with the name ${key} already exists for the target production`,
      );
    }
    const id = existing?.id ?? variableIdAt(seed, FIRST_NEW_VARIABLE + deployments().variables.size);
    return { status: 201, value: { created: presentVariable(setVariable(id, { key, value }), false), failed: [] } };
  });
  const updateVariable = inProject((request) => {
    const before = findVariable(request);
    requireTargets(request.body, false);
    const key = request.body.key === undefined ? before.key : text(request.body, 'key');
    const value = request.body.value === undefined ? before.value : text(request.body, 'value');
    return { status: 200, value: presentVariable(setVariable(before.id, { key, value }), false) };
  });
  const deleteVariable = inProject((request) => {
    const variable = findVariable(request);
    context.commit({ type: 'variable.delete', at: clock.now(), id: variable.id });
    return { status: 200, value: presentVariable(variable, false) };
  });

  const listDeployments: RestHandler = ({ query }) => {
    const project = query.get('projectId') ?? query.get('app') ?? projectId;
    const now = clock.now();
    const states = query.get('state')?.split(',');
    const [since, until] = [numberOf(query, 'since'), numberOf(query, 'until')];
    const limit = Math.min(numberOf(query, 'limit') ?? DEFAULT_LIMIT, MAX_LIMIT);
    const wanted = deploymentsOf(context).filter(
      (one) =>
        [projectId, PROJECT_NAME].includes(project) &&
        (query.get('target') ?? 'production') === 'production' &&
        (states === undefined || states.includes(readyStateOf(one, now))) &&
        (since === undefined || one.createdAt > since) &&
        (until === undefined || one.createdAt < until),
    );
    const rows = wanted.slice(0, limit);
    const next = wanted.length > limit ? (rows.at(-1)?.createdAt ?? null) : null;
    return {
      status: 200,
      value: {
        deployments: rows.map((one) => presentListed(one, { now, wasLive: wasLive(context, one, now) })),
        pagination: { count: rows.length, next, prev: rows[0]?.createdAt ?? null },
      },
    };
  };
  const createDeployment: RestHandler = ({ body }) => {
    if (body.target !== undefined && body.target !== 'production') throw badRequest('`target` must be production here');
    // Without an id the newest commit is built: what is in production may be an older one, rolled back to.
    const source =
      body.deploymentId === undefined ? deploymentsOf(context)[0] : findDeployment(text(body, 'deploymentId'));
    if (source === undefined) throw notFound('Deployment');
    const now = clock.now();
    const id = deploymentIdAt(seed, deployments().added.length);
    context.commit({
      type: 'deployment.create',
      at: now,
      id,
      code: source.code,
      message: source.message,
      variables: toVariables(variablesOf(context)),
      readyAt: now + spec.buildSeconds * 1000,
    });
    return { status: 200, value: presentDeployment(findDeployment(id), now) };
  };
  const makeProduction = (how: 'rollback' | 'promote') =>
    inProject(({ params }) => {
      const { id, readyAt } = findDeployment(params.deployment);
      const now = clock.now();
      if (readyAt > now) throw new ApiProblem(422, 'not_ready', 'The deployment is not ready');
      context.commit({ type: 'deployment.promote', at: now, id, how, effectiveAt: now + spec.promoteSeconds * 1000 });
      return { status: 201 };
    });
  const showProject = inProject(() => {
    const now = clock.now();
    const last = deployments().requests.at(-1);
    return {
      status: 200,
      value: {
        id: projectId,
        name: PROJECT_NAME,
        targets: { production: presentDeployment(deploymentAt(context, now), now) },
        lastAliasRequest: last === undefined ? null : presentRequest(last, now),
      },
    };
  });

  const project = '/projects/:project';
  const routes: readonly (readonly [string, string, RestHandler])[] = [
    ['GET', project, showProject],
    ['GET', `${project}/env`, listVariables],
    ['POST', `${project}/env`, createVariable],
    [
      'GET',
      `${project}/env/:variable`,
      inProject((request) => ({ status: 200, value: presentVariable(findVariable(request), true) })),
    ],
    ['PATCH', `${project}/env/:variable`, updateVariable],
    ['DELETE', `${project}/env/:variable`, deleteVariable],
    ['POST', `${project}/rollback/:deployment`, makeProduction('rollback')],
    ['POST', `${project}/promote/:deployment`, makeProduction('promote')],
    ['GET', '/deployments', listDeployments],
    ['POST', '/deployments', createDeployment],
    [
      'GET',
      '/deployments/:deployment',
      ({ params }) => ({ status: 200, value: presentDeployment(findDeployment(params.deployment), clock.now()) }),
    ],
  ];
  return createRestApi({
    token: vercelToken(seed),
    routes: VERSIONS.flatMap((version) =>
      routes.map(([method, path, handler]): Route<RestHandler> => ({ method, path: `/${version}${path}`, handler })),
    ),
    problem: ({ code, message }) => ({ error: { code, message } }),
    unauthorized: { status: 403, code: 'forbidden' },
  });
}

/** One environment is emulated: a variable for another would act nowhere. */
function requireTargets({ target }: JsonObject, isRequired: boolean): void {
  if (target === undefined && !isRequired) return;
  const targets = Array.isArray(target) ? target : [target];
  if (!targets.includes('production'))
    throw badRequest('`target` must hold production: no other environment is emulated');
}

function text(body: JsonObject, name: string): string {
  const value = body[name];
  if (typeof value !== 'string') throw badRequest(`\`${name}\` must be a text`);
  return value;
}

function numberOf(query: URLSearchParams, name: string): number | undefined {
  const value = query.get(name);
  if (value === null) return undefined;
  const number = Number(value);
  if (!Number.isInteger(number) || number < 0) throw badRequest(`\`${name}\` must be a number`);
  return number;
}

function badRequest(message: string): ApiProblem {
  return new ApiProblem(400, 'bad_request', message);
}

function notFound(what: string): ApiProblem {
  return new ApiProblem(404, 'not_found', `${what} not found`);
}
