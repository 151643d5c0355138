// A run's first event.
import { createHash } from 'node:crypto';
import { RunbookError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import type { Plan } from '../playbook/plan.ts';
import type { Journal } from '../store/journal.ts';
import type { EventData } from './events.ts';
import type { RunRules } from './rules.ts';

export interface NewRun {
  readonly journal: Journal;
  readonly plan: Plan;
  /** Checked and completed (resolveInputs), handles for those that are secret (sealNamed). */
  readonly inputs: JsonObject;
  readonly operator: string;
  readonly env: { readonly [name: string]: string | undefined };
  readonly random: () => number;
  readonly version: string;
  readonly title?: string;
  readonly detectedAt?: string;
  readonly drill?: EventData['run.created']['drill'];
  /** The contacts file's content. */
  readonly contacts?: JsonObject;
  /** Of its steps (pinTemplates). */
  readonly templates?: EventData['run.created']['templates'];
  /** The environment of the config, by name. */
  readonly environment?: string;
  /** Pinned: they hold for the run even where the config gives way later. */
  readonly rules?: RunRules;
  readonly selection?: EventData['run.created']['selection'];
  /** Ask before each step. */
  readonly confirmEach?: boolean;
}

/** Readable aloud: no letters or digits that look or sound alike. */
const ID_ALPHABET = '23456789abcdefghjkmnpqrstuvwxyz';
const ID_LENGTH = 8;

/**
 * Makes the run, durable when it resolves. Its playbook's whole text is pinned: a resume needs no file.
 * @throws E_ENV_MISSING where the playbook requires an environment variable that is not set.
 */
export async function createRun(run: NewRun): Promise<{ readonly runId: string }> {
  const { plan } = run;
  const env: Record<string, string> = {};
  const missing: string[] = [];
  for (const name of plan.requires.env) {
    const value = run.env[name];
    if (value === undefined) missing.push(name);
    else env[name] = value;
  }
  if (missing.length > 0) {
    throw new RunbookError({
      code: 'E_ENV_MISSING',
      message: `${plan.name} requires ${missing.join(', ')}, which ${missing.length === 1 ? 'is' : 'are'} not set`,
      hint: 'Set them in the environment and start again',
    });
  }
  const runId = Array.from(
    { length: ID_LENGTH },
    () => ID_ALPHABET[Math.floor(run.random() * ID_ALPHABET.length)],
  ).join('');
  await run.journal.create({ id: runId, playbook: plan.name, isDrill: run.drill !== undefined }, [
    {
      type: 'run.created',
      actor: `person:${run.operator}`,
      data: {
        playbook: pinnedPlaybook(plan),
        ...pinnedCalls(plan),
        operator: run.operator,
        inputs: run.inputs,
        env,
        engine: run.version,
        ...(run.title === undefined ? {} : { title: run.title }),
        ...(run.detectedAt === undefined ? {} : { detectedAt: run.detectedAt }),
        ...(run.drill === undefined ? {} : { drill: run.drill }),
        ...(run.contacts === undefined ? {} : { contacts: run.contacts }),
        ...(run.templates === undefined ? {} : { templates: run.templates }),
        ...(run.environment === undefined ? {} : { environment: run.environment }),
        ...(run.rules === undefined ? {} : { rules: run.rules }),
        ...(run.selection === undefined ? {} : { selection: run.selection }),
        ...(run.confirmEach === true ? { confirmEach: true } : {}),
      },
    },
  ]);
  return { runId };
}

/** A playbook as a run keeps it: whole, so that resuming needs no file. */
export function pinnedPlaybook(plan: Plan): EventData['run.created']['playbook'] {
  const { name, title, severity, category, file, text } = plan;
  return { name, title, severity, category, file, text, digest: digestOfText(text) };
}

/** The playbooks that it calls, each once. */
export function pinnedCalls(plan: Plan): Pick<EventData['run.created'], 'calls'> {
  const calls: { [name: string]: { file: string; text: string; digest: string } } = {};
  for (const { path, name, file, text } of plan.units.values())
    if (path !== '') calls[name] ??= { file, text, digest: digestOfText(text) };
  return Object.keys(calls).length === 0 ? {} : { calls };
}

export function digestOfText(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
