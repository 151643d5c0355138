// The Plan: a playbook after parsing, schema and type checks, as plain immutable data. The pure core (run/) and the
// shell read it; nothing in it touches the outside.

import type { SourceLocation } from '../errors.ts';
import type { Json, JsonObject, Schema } from '../json.ts';

/** Everything an expression may read. Absent values are absent keys. */
export interface Scope {
  readonly inputs: JsonObject;
  readonly vars: JsonObject;
  /** By step id: `status` always; `output` only when done; `error` only when failed. */
  readonly steps: { readonly [id: string]: StepView };
  readonly run: JsonObject;
  readonly env: { readonly [name: string]: string };
  readonly secrets?: { readonly [name: string]: string };
  readonly contacts: JsonObject;
  readonly item?: Json;
  /** In `until` and `assert`: the output of the step itself. */
  readonly output?: Json;
}
export interface StepView {
  readonly status: 'done' | 'skipped' | 'failed';
  readonly output?: Json;
  readonly error?: JsonObject;
}

/** One CEL expression, checked at compile time. */
export interface Expression {
  readonly source: string;
  readonly location: SourceLocation;
  /** Ids of the steps it reads, so that the shell loads just those outputs. */
  readonly readsSteps: readonly string[];
  readonly readsSecrets: readonly string[];
  /** @throws RunbookError E_EXPRESSION with the location, where a dyn value does not fit. */
  evaluate(scope: Scope): Json;
}

/** A value with `${{ }}` in it: the shape of the YAML value, resolved against a scope. */
export interface Template {
  readonly location: SourceLocation;
  /** True where it holds no expression at all. */
  readonly isConstant: boolean;
  readonly readsSteps: readonly string[];
  readonly readsSecrets: readonly string[];
  /** A value that is one whole expression keeps its type; inside text it becomes text. */
  resolve(scope: Scope): Json;
}

export interface RetryPolicy {
  /** How many times in all, the first included. */
  readonly attempts: number;
  readonly delayMs: number;
  readonly backoff: 'constant' | 'linear' | 'exponential';
  readonly maxDelayMs: number;
}
export interface ApprovalPolicy {
  /** People needed besides the operator; 0 = the operator's own confirmation. */
  readonly by: number;
  readonly role?: string;
  readonly reason?: string;
}
export type OnFailure = 'pause' | 'continue' | 'abort';

interface NodeBase {
  readonly id: string;
  /** Static path from the root: `contain/revoke`. In foundation it is also the runtime path. */
  readonly path: string;
  /** Position among its siblings. */
  readonly index: number;
  readonly title: string;
  readonly tags: readonly string[];
  readonly location: SourceLocation;
  readonly when?: Expression;
  readonly onFailure: OnFailure;
  /** True where some later expression reads its output: only then does the state keep it in memory. */
  readonly isOutputRead: boolean;
}
export interface ActionStep extends NodeBase {
  readonly kind: 'uses';
  readonly uses: string;
  readonly with: Template;
  readonly retry?: RetryPolicy;
  readonly timeoutMs?: number;
  /** Absent: no approval asked. `waived` holds the reason of `approval: { none: REASON }`. */
  readonly approval?: ApprovalPolicy;
  readonly approvalWaived?: string;
  readonly until?: Expression;
  readonly everyMs?: number;
  readonly assert: readonly Expression[];
  /** Only where the action leaves its target to the playbook (shell.run). */
  readonly effect?: 'read' | 'change' | 'destructive';
  readonly target?: Template;
}
export interface ManualField {
  readonly name: string;
  readonly schema: Schema;
  readonly required: boolean;
  readonly default?: Template;
}
export interface ManualStep extends NodeBase {
  readonly kind: 'manual';
  readonly text: Template;
  readonly fields: readonly ManualField[];
  readonly evidence: 'optional' | 'required';
  readonly assert: readonly Expression[];
  readonly approval?: ApprovalPolicy;
}
export interface GroupStep extends NodeBase {
  readonly kind: 'group';
  readonly steps: readonly PlanNode[];
  /** How many of its steps may be under way at once; 1 = in order. */
  readonly parallel: number;
}
export type PlanNode = ActionStep | ManualStep | GroupStep;

export interface PlanInput {
  readonly name: string;
  readonly schema: Schema;
  readonly required: boolean;
  readonly default?: Json;
  readonly description?: string;
}
export interface Plan {
  readonly name: string;
  readonly title: string;
  /** When to use it, and what it does not do. */
  readonly description?: string;
  readonly category: string;
  readonly severity: string;
  readonly symptoms: readonly string[];
  readonly tags: readonly string[];
  readonly inputs: readonly PlanInput[];
  readonly requires: { readonly secrets: readonly string[]; readonly env: readonly string[] };
  /** The whole run as one in-order group with path ''. */
  readonly root: GroupStep;
  /** Every node by its path. */
  readonly nodes: ReadonlyMap<string, PlanNode>;
  readonly outputs: readonly { readonly name: string; readonly value: Template }[];
  /** The playbook's whole text, pinned by a run. */
  readonly text: string;
  readonly file: string;
}
