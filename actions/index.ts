// The actions that come with the engine. Static imports: each file is light, heavy SDKs are loaded by `run`.
import type { Action } from '../engine/action.ts';
import banUsers from './clerk/ban-users.ts';
import blockIdentifiers from './clerk/block-identifiers.ts';
import checkKey from './clerk/check-key.ts';
import compromisePasswords from './clerk/compromise-passwords.ts';
import countActiveSessions from './clerk/count-active-sessions.ts';
import diagnosePerformance from './clerk/diagnose-performance.ts';
import exportAccessLog from './clerk/export-access-log.ts';
import findAddedCredentials from './clerk/find-added-credentials.ts';
import findSuspiciousSessions from './clerk/find-suspicious-sessions.ts';
import listUsers from './clerk/list-users.ts';
import lockUsers from './clerk/lock-users.ts';
import lockoutUsers from './clerk/lockout-users.ts';
import probeApi from './clerk/probe-api.ts';
import protectInstance from './clerk/protect-instance.ts';
import removeCredentials from './clerk/remove-credentials.ts';
import removeMfa from './clerk/remove-mfa.ts';
import requireVerification from './clerk/require-verification.ts';
import restorePhoneFactors from './clerk/restore-phone-factors.ts';
import restrictInstance from './clerk/restrict-instance.ts';
import revokeApiKeys from './clerk/revoke-api-keys.ts';
import revokeMachineTokens from './clerk/revoke-machine-tokens.ts';
import revokeSessions from './clerk/revoke-sessions.ts';
import revokeTokens from './clerk/revoke-tokens.ts';
import revokeTrustedDevices from './clerk/revoke-trusted-devices.ts';
import rotateSecretKey from './clerk/rotate-secret-key.ts';
import setUserMetadata from './clerk/set-user-metadata.ts';
import clerkStatus from './clerk/status.ts';
import tokenLifetimes from './clerk/token-lifetimes.ts';
import unbanUsers from './clerk/unban-users.ts';
import unblockIdentifiers from './clerk/unblock-identifiers.ts';
import uncompromisePasswords from './clerk/uncompromise-passwords.ts';
import unlockUsers from './clerk/unlock-users.ts';
import envCheck from './env/check.ts';
import httpProbe from './http/probe.ts';
import httpRequest from './http/request.ts';
import notifyEmail from './notify/email.ts';
import notifyPagerduty from './notify/pagerduty.ts';
import notifySlack from './notify/slack.ts';
import notifyStatuspage from './notify/statuspage.ts';
import notifyWebhook from './notify/webhook.ts';
import outageVerdict from './outage/verdict.ts';
import shellRun from './shell/run.ts';
import wait from './wait/wait.ts';

/** Sorted by name. */
export const builtInActions: readonly Action[] = [
  banUsers,
  blockIdentifiers,
  checkKey,
  compromisePasswords,
  countActiveSessions,
  diagnosePerformance,
  exportAccessLog,
  findAddedCredentials,
  findSuspiciousSessions,
  listUsers,
  lockUsers,
  lockoutUsers,
  probeApi,
  protectInstance,
  removeCredentials,
  removeMfa,
  requireVerification,
  restorePhoneFactors,
  restrictInstance,
  revokeApiKeys,
  revokeMachineTokens,
  revokeSessions,
  revokeTokens,
  revokeTrustedDevices,
  rotateSecretKey,
  setUserMetadata,
  clerkStatus,
  tokenLifetimes,
  unbanUsers,
  unblockIdentifiers,
  uncompromisePasswords,
  unlockUsers,
  envCheck,
  httpProbe,
  httpRequest,
  notifyEmail,
  notifyPagerduty,
  notifySlack,
  notifyStatuspage,
  notifyWebhook,
  outageVerdict,
  shellRun,
  wait,
];
