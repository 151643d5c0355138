// Reading parts of a playbook that the schema check may have found wrong: what does not fit is left out here, since it
// is reported there, and the other checks go on.

import { parseDuration } from '../durations.ts';
import { isJsonObject, type Json, type JsonObject } from '../json.ts';
import type { ApprovalPolicy, OnFailure, RetryPolicy } from './plan.ts';

export function textAt(from: JsonObject, key: string): string | undefined {
  const value = from[key];
  return typeof value === 'string' ? value : undefined;
}

export function textsAt(from: JsonObject, key: string): readonly string[] {
  const value = from[key];
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

export function objectAt(from: JsonObject, key: string): JsonObject | undefined {
  const value = from[key];
  return isJsonObject(value) ? value : undefined;
}

export function listAt(from: JsonObject, key: string): readonly Json[] {
  const value = from[key];
  return Array.isArray(value) ? value : [];
}

export function durationAt(from: JsonObject, key: string): number | undefined {
  const text = textAt(from, key);
  return text === undefined ? undefined : parseDuration(text);
}

export function onFailureOf(step: JsonObject): OnFailure {
  const { onFailure } = step;
  return onFailure === 'continue' || onFailure === 'abort' ? onFailure : 'pause';
}

const DEFAULT_RETRY_DELAY_MS = 1_000;
const DEFAULT_RETRY_MAX_DELAY_MS = 60_000;

export function retryOf(step: JsonObject): RetryPolicy | undefined {
  const retry = objectAt(step, 'retry');
  if (retry === undefined || typeof retry.attempts !== 'number') return undefined;
  const backoff = retry.backoff === 'constant' || retry.backoff === 'linear' ? retry.backoff : 'exponential';
  return {
    attempts: retry.attempts,
    delayMs: durationAt(retry, 'delay') ?? DEFAULT_RETRY_DELAY_MS,
    backoff,
    maxDelayMs: durationAt(retry, 'maxDelay') ?? DEFAULT_RETRY_MAX_DELAY_MS,
  };
}

/** `approval`, apart: the policy, or the reason why none. A role alone asks for one person. */
export function approvalOf(step: JsonObject): { readonly approval?: ApprovalPolicy; readonly approvalWaived?: string } {
  const approval = objectAt(step, 'approval');
  if (approval === undefined) return {};
  const none = textAt(approval, 'none');
  if (none !== undefined) return { approvalWaived: none };
  const role = textAt(approval, 'role');
  const reason = textAt(approval, 'reason');
  const by = typeof approval.by === 'number' ? approval.by : role === undefined ? 0 : 1;
  return { approval: { by, ...(role === undefined ? {} : { role }), ...(reason === undefined ? {} : { reason }) } };
}

/** How many steps of a group may be under way at once. */
export function parallelOf(group: JsonObject, count: number): number {
  const { parallel } = group;
  if (parallel === true) return Math.max(1, count);
  return typeof parallel === 'number' ? Math.max(1, Math.trunc(parallel)) : 1;
}
