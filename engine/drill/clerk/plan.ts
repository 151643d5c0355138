// Features that a Clerk plan may leave out. Which plan has which is stated nowhere: `choices.planRefuses`.
import type { PlanFeature } from '../scenario.ts';
import { ClerkApiError } from './errors.ts';
import type { ClerkContext } from './route.ts';

/** @throws ClerkApiError 402, which Clerk Backend API 2026-05-12 lists for these operations (PaymentRequired). */
export function requirePlan({ choices }: ClerkContext, feature: PlanFeature): void {
  if (!choices.planRefuses.includes(feature)) return;
  const text = `Your current plan does not include ${feature}. Upgrade it to use them.`;
  throw new ClerkApiError(402, [
    { message: 'not available in your plan', long_message: text, code: 'unsupported_subscription_plan_features' },
  ]);
}
