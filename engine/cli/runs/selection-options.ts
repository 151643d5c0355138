// `--from STEP` and `--only ID|tag`, checked against the playbook before there is a run.
import { RunbookError } from '../../errors.ts';
import type { Plan } from '../../playbook/plan.ts';
import { didYouMean, listed } from '../../playbook/suggest.ts';
import { pathsNamed, type Selection } from '../../run/selection.ts';

/** @throws E_STEP_UNKNOWN with the nearest name */
export function readSelection(
  plan: Plan,
  { from, only = [] }: { readonly from?: string; readonly only?: readonly string[] },
): Selection | undefined {
  if (from === undefined && only.length === 0) return undefined;
  if (from !== undefined) requireKnown(plan, { option: '--from', name: from, tags: false });
  for (const name of only) requireKnown(plan, { option: '--only', name, tags: true });
  return { ...(from === undefined ? {} : { from }), ...(only.length === 0 ? {} : { only: [...new Set(only)] }) };
}

function requireKnown(
  plan: Plan,
  { option, name, tags }: { readonly option: string; readonly name: string; readonly tags: boolean },
): void {
  if (pathsNamed(plan, name, { tags }).length > 0) return;
  const nodes = [...plan.nodes.values()].filter(({ path }) => path !== '');
  const known = [...nodes.map(({ path }) => path), ...(plan.units.get('')?.paths.keys() ?? [])];
  const all = tags ? [...known, ...nodes.flatMap((node) => node.tags)] : known;
  throw new RunbookError({
    code: 'E_STEP_UNKNOWN',
    message: `${option} ${name}: the playbook ${plan.name} has no step${tags ? ' or tag' : ''} of that name`,
    hint: didYouMean(name, new Set(all), `there are ${listed([...new Set(all)])}`),
  });
}
