// The actions that come with the engine. Static imports: each file is light, heavy SDKs are loaded by `run`.
import type { Action } from '../engine/action.ts';
import banUsers from './clerk/ban-users.ts';
import countActiveSessions from './clerk/count-active-sessions.ts';
import findSuspiciousSessions from './clerk/find-suspicious-sessions.ts';
import revokeSessions from './clerk/revoke-sessions.ts';
import clerkStatus from './clerk/status.ts';
import unbanUsers from './clerk/unban-users.ts';
import envCheck from './env/check.ts';
import httpProbe from './http/probe.ts';
import httpRequest from './http/request.ts';
import shellRun from './shell/run.ts';
import wait from './wait/wait.ts';

/** Sorted by name. */
export const builtInActions: readonly Action[] = [
  banUsers,
  countActiveSessions,
  findSuspiciousSessions,
  revokeSessions,
  clerkStatus,
  unbanUsers,
  envCheck,
  httpProbe,
  httpRequest,
  shellRun,
  wait,
];
