// Deployments of the sample app and its project's environment variables. Those of before the drill follow from the
// scenario (services/vercel/project.ts).
import type { At, Folds } from '../fold.ts';

export interface Variables {
  readonly [name: string]: string;
}

export type DeploymentMutation = At &
  /** It takes effect at `readyAt`. `variables` are the project's at that moment: a deployment keeps its own. */
  (
    | {
        readonly type: 'deployment.create';
        readonly id: string;
        readonly code: Code;
        readonly variables: Variables;
        readonly readyAt: number;
        readonly message: string;
      }
    /** An existing deployment becomes production again, as it was built. */
    | {
        readonly type: 'deployment.promote';
        readonly id: string;
        readonly how: 'rollback' | 'promote';
        readonly effectiveAt: number;
      }
    | { readonly type: 'variable.set'; readonly id: string; readonly key: string; readonly value: string }
    | { readonly type: 'variable.delete'; readonly id: string }
  );

/** `good` works; `bad` behaves as the scenario's `app.bad` says. */
export type Code = 'good' | 'bad';

export interface Deployment {
  readonly id: string;
  readonly code: Code;
  readonly variables: Variables;
  readonly createdAt: number;
  readonly readyAt: number;
  readonly message: string;
}

export interface Variable {
  readonly id: string;
  readonly key: string;
  readonly value: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface AliasRequest {
  readonly id: string;
  readonly how: 'rollback' | 'promote';
  readonly requestedAt: number;
  readonly effectiveAt: number;
}

export interface DeploymentState {
  readonly added: Deployment[];
  /** What became production when, in the order in which it was asked for. */
  readonly live: { readonly id: string; readonly at: number }[];
  /** Roll-backs and promotions that were asked for, in that order. */
  readonly requests: AliasRequest[];
  /** What differs from the project's first variables, by id; null where one was deleted. */
  readonly variables: Map<string, Variable | null>;
}

export function emptyDeployments(): DeploymentState {
  return { added: [], live: [], requests: [], variables: new Map() };
}

export const deploymentFolds: Folds<DeploymentMutation, DeploymentState> = {
  'deployment.create': ({ added, live }, { at, id, code, variables, readyAt, message }) => {
    added.push({ id, code, variables, createdAt: at, readyAt, message });
    live.push({ id, at: readyAt });
  },
  'deployment.promote': ({ live, requests }, { at, id, how, effectiveAt }) => {
    live.push({ id, at: effectiveAt });
    requests.push({ id, how, requestedAt: at, effectiveAt });
  },
  'variable.set': ({ variables }, { at, id, key, value }) => {
    const before = variables.get(id);
    variables.set(id, { id, key, value, createdAt: before?.createdAt ?? at, updatedAt: at });
  },
  'variable.delete': ({ variables }, { id }) => {
    variables.set(id, null);
  },
};
