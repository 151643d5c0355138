// The rules of leases, the same for every database.
import { hostname } from 'node:os';
import { RunbookError } from '../errors.ts';
import type { Fence, LeaseHolder, LeaseInfo } from './journal.ts';
import { identifyProcess, isProcessGone, isSameBoot } from './process-identity.ts';
import type { LeasesTable } from './schema.ts';

/** How long a lease holds without being renewed. Its holder renews it three times as often. */
export const LEASE_MS = 30_000;

/**
 * Who else may hold leases of this store: processes of this machine, or of any machine that reaches the server. There,
 * two machines may well have one name.
 */
export type LeaseScope = 'machine' | 'shared';

/** @param token greater than every token given for this run before. */
export function newLease(runId: string, holder: LeaseHolder, token: number, now: number): LeasesTable {
  const known = holder.host === hostname() ? identifyProcess(holder.pid) : null;
  return {
    run_id: runId,
    holder: holder.id,
    token,
    operator: holder.operator,
    host: holder.host,
    pid: holder.pid,
    process_start: known?.start ?? null,
    boot_id: known?.bootId ?? null,
    pid_namespace: known?.pidNamespace ?? null,
    acquired_at: new Date(now).toISOString(),
    ...renewal(now),
  };
}

export function renewal(now: number): { readonly renewed_at: string; readonly expires_at: string } {
  return { renewed_at: new Date(now).toISOString(), expires_at: new Date(now + LEASE_MS).toISOString() };
}

/** Whether another process may take the run over: nobody has renewed in time, or the holder is known to be gone. */
export function isReplaceable(
  lease: LeasesTable,
  holder: LeaseHolder,
  now: number,
  scope: LeaseScope = 'machine',
): boolean {
  return lease.holder === holder.id || Date.parse(lease.expires_at) <= now || isHolderDead(lease, scope);
}

/** Whether somebody works under it. */
export function isLive(lease: LeasesTable, now: number, scope: LeaseScope = 'machine'): boolean {
  return Date.parse(lease.expires_at) > now && !isHolderDead(lease, scope);
}

/** An expired lease that nobody took is still held by its token: nothing has happened in between. */
export function isHeldBy(lease: Pick<LeasesTable, 'holder' | 'token'> | null, fence: Fence): boolean {
  return lease !== null && lease.token === fence.token && lease.holder === fence.holder;
}

export function leaseInfo(lease: LeasesTable, scope: LeaseScope = 'machine'): LeaseInfo {
  return {
    id: lease.holder,
    host: lease.host,
    pid: lease.pid,
    operator: lease.operator,
    token: lease.token,
    acquiredAt: lease.acquired_at,
    expiresAt: lease.expires_at,
    isHolderDead: isHolderDead(lease, scope),
  };
}

export function heldError(lease: LeasesTable): RunbookError {
  return new RunbookError({
    code: 'E_RUN_HELD',
    message: `Run ${lease.run_id} is held by ${lease.operator} on ${lease.host}, process ${lease.pid}, since ${lease.acquired_at}`,
    hint:
      `Let them pause it, or stop that process; if it is gone, its hold ends at ${lease.expires_at}. ` +
      `Notes and approvals need no hold: runbook note ${lease.run_id} …`,
  });
}

export function lostError(runId: string): RunbookError {
  return new RunbookError({
    code: 'E_LEASE_LOST',
    message: `This process no longer holds run ${runId}; nothing was written`,
    hint: `runbook status ${runId} shows who does`,
  });
}

function isHolderDead(lease: LeasesTable, scope: LeaseScope): boolean {
  if (lease.host !== hostname()) return false;
  const known = {
    pid: lease.pid,
    start: lease.process_start,
    bootId: lease.boot_id,
    pidNamespace: lease.pid_namespace,
  };
  if (scope === 'shared' && !isSameBoot(known)) return false;
  return isProcessGone(known);
}
